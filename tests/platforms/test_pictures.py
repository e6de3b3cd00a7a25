"""Figures that cells leave open or give."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.workflows import workflow
from twingraph_lab.lab import Lab
from twingraph_lab.runtime.serializers import Image
from twingraph_lab.settings import Settings
from twingraph_lab.spec.workflow import Node, Source

pytest.importorskip("matplotlib", reason="the extra `demo` is not installed")

PLT = "import matplotlib.pyplot as plt\n"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")  # as in a kernel
        home = tmp_path_factory.mktemp("pictures") / "home"
        with Lab(Settings(home=home, scheduler="inline", workers=1)) as lab:
            yield lab


def outputs(lab, code, *declared):
    made = lab.submit(workflow(Node(id="plot", component=Source(code=PLT + code, outputs=declared))))
    record = made.wait(60)
    assert record.state == "completed", record.error
    return {name: made.output("plot", name) for name in made.tasks["plot"].outputs}


def test_open_figures_are_outputs(lab):
    given = outputs(lab, "plt.plot([1, 2])\nplt.show()\nplt.figure(figsize=(2, 1))\nplt.bar([1], [2])")
    assert list(given) == ["figure", "figure_2"]
    assert all(isinstance(image, Image) and image.size > (100, 50) for image in given.values())
    assert given["figure"].size != given["figure_2"].size


def test_the_process_is_used_again_without_them(lab):
    assert outputs(lab, "x = 1", "x") == {"x": 1}


def test_a_closed_figure_is_none(lab):
    assert outputs(lab, "plt.plot([1])\nplt.close()\nx = 1", "x") == {"x": 1}


def test_names_that_are_taken_stay(lab):
    given = outputs(lab, "figure = 3\nplt.plot([1])", "figure")
    assert given["figure"] == 3
    assert isinstance(given["figure_2"], Image)


@pytest.mark.parametrize(
    "last",
    ["plt.gcf()", "plt.gca()", "plt.plot([1, 2])", "plt.bar([1], [2])", "plt.subplots(2)[1]", "plt.hist([1, 2])[2]"],
)
def test_a_last_line_that_is_a_plot_is_a_picture(lab, last):
    given = outputs(lab, f"plt.plot([1])\n{last}", "result")
    assert isinstance(given["result"], Image)


def test_variables_that_are_plots_are_pictures(lab):
    given = outputs(lab, "fig, ax = plt.subplots()\nn = [1, 2]", "fig", "ax", "n")
    assert isinstance(given["fig"], Image)
    assert given["ax"].data == given["fig"].data
    assert given["n"] == [1, 2]


def test_a_figure_can_be_asked_for(lab):
    assert list(outputs(lab, "plt.plot([1])", "figure")) == ["figure"]


def test_figures_of_a_body_that_fails_are_closed(lab):
    made = lab.submit(workflow(Node(id="plot", component=Source(code=PLT + "plt.plot([1])\n1 / 0"))))
    made.wait(60)
    assert outputs(lab, "x = plt.get_fignums()", "x") == {"x": []}


def test_cells_without_plots_import_nothing_for_them():
    code = (
        "import sys; from twingraph_lab.platforms import pictures;"
        "pictures.without_screen(); pictures.with_pictures({'x': 1}); pictures.close_figures();"
        "assert 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
