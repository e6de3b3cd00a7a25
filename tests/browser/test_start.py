"""JupyterLab comes up with the extension in it."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser


def test_the_launcher_offers_a_canvas(tab):
    tab.open()
    tab.page.locator(".jp-LauncherCard", has_text="TwinGraph canvas").wait_for()
    tab.both("launcher")
