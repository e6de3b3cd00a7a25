"""The package without the extra that its widgets need."""

from __future__ import annotations

import subprocess
import sys

import pytest

import twingraph_lab.widgets

WITHOUT = """
import sys
sys.modules["{missing}"] = None
from twingraph_lab.errors import MissingExtraError
try:
    from twingraph_lab.widgets import Canvas
except MissingExtraError as error:
    print(error)
"""


@pytest.mark.parametrize("missing", ["ipycytoscape", "ipywidgets"])
def test_whoever_lacks_the_extra_is_told_its_name(missing):
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT.format(missing=missing)], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "showing widgets needs an optional dependency: pip install 'twingraph-lab[notebook]'\n"


def test_importing_the_package_imports_no_widget():
    code = "import twingraph_lab.widgets, sys; print('ipywidgets' in sys.modules, 'fastapi' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_names_are_listed_and_others_refused():
    assert {"Canvas", "RunView", "Inspector", "LineageView", "Board"} == set(dir(twingraph_lab.widgets))
    with pytest.raises(AttributeError, match="no attribute 'Palette'"):
        _ = twingraph_lab.widgets.Palette
