"""The real JupyterLab and Chromium of the browser tests."""

from __future__ import annotations

from tests.browser.conftest import browser, jupyter, lab, shared_tab

__all__ = ["browser", "jupyter", "lab", "shared_tab"]
