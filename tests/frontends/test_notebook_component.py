"""A notebook is a component: its tagged cells are its signature, and papermill runs each of its calls."""

from __future__ import annotations

import inspect
import json
import shutil
from pathlib import Path

import pytest

from twingraph_lab import component, notebook, pipeline
from twingraph_lab.components.notebook import NotebookError
from twingraph_lab.errors import WorkflowError
from twingraph_lab.frontends import decorators
from twingraph_lab.lab import Lab
from twingraph_lab.runtime.serializers import Notebook
from twingraph_lab.settings import Settings
from twingraph_lab.spec.workflow import Builtin

pytest.importorskip("papermill", reason="needs the extra `notebook`")
pytest.importorskip("pandas", reason="needs the extra `tables`")

NOTEBOOKS = Path(__file__).parents[1] / "fixtures" / "notebooks"


def written(path, *cells):
    """A notebook of these cells, each a tag and a source."""
    made = [
        {"cell_type": "code", "id": f"c{i}", "metadata": {"tags": [tag]}, "source": source, "outputs": []}
        for i, (tag, source) in enumerate(cells)
    ]
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made}))
    return path


@pytest.fixture
def doubling(tmp_path):
    """A notebook of two parameters and two outputs."""
    return written(
        tmp_path / "doubling.ipynb", ("parameters", "x = 1\nlabel = 'none'"), ("output", "twice = 2 * x\nsaid = label")
    )


@pytest.fixture
def lab(tmp_path):
    settings = Settings(home=tmp_path / "home", scheduler="inline", workers=1, threads=2, lineage=False)
    with Lab(settings) as lab:
        before = decorators.use_host(lambda: lab)
        yield lab
        decorators.use_host(before)


@component
def total(values):
    return sum(values)


def test_it_says_what_it_takes_and_gives():
    report = notebook(NOTEBOOKS / "report.ipynb")
    assert repr(report).startswith("<notebook report.ipynb(n=…, name=…, query=…, started=…, path=…) -> total, last, ")
    assert repr(report).endswith("notebook>")
    assert list(inspect.signature(report).parameters) == ["n", "name", "query", "started", "path"]
    assert report.__name__ == "report"
    assert "report.ipynb" in report.__doc__


def test_options_are_those_of_a_component(doubling):
    report = notebook(doubling, name="twice", retry=2, timeout_s=9.5, cache=True)
    assert (report.node.id, report.node.retry.attempts, report.node.timeout_s) == ("twice", 3, 9.5)
    assert report.node.cache.mode == "inputs"
    with pytest.raises(WorkflowError, match="timeout_s"):
        notebook(doubling, timeout_s=-1)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.ipynb", "there is no such file"),
        ("called_notebook.ipynb", r"(?s)2 faults.*cells\[0\].*no output can be called 'notebook'.*cells\[1\]"),
        ("in_r.ipynb", r"cells\[0\].*only Python cells hand over outputs"),
        ("format_3.ipynb", "notebook format 3"),
    ],
)
def test_a_notebook_that_cannot_work_is_refused_before_anything_runs(name, message):
    with pytest.raises(WorkflowError, match=message):
        notebook(NOTEBOOKS / name)


def test_calls_become_nodes_and_what_is_not_given_stays_the_notebooks(lab, doubling, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    twice = notebook("doubling.ipynb")

    @pipeline
    def sums():
        monkeypatch.chdir("/")
        first = twice(3)
        second = twice(first.twice, label=first["said"])
        return {"total": total([first.twice, second["outputs"]["twice"]]), "said": second.said}

    assert sums() == {"total": 6 + 12, "said": "none"}
    run = lab.run(lab.runs()[0].run_id)
    first, second, _ = run.workflow.nodes
    assert run.workflow.component_of(first) == Builtin(name="notebook")
    assert first.inputs == {"path": str(doubling), "x": 3}
    assert second.inputs == {"path": str(doubling), "x": {"ref": "doubling.twice"}, "label": {"ref": "doubling.said"}}
    executed = run.output("doubling-2", "notebook")
    assert type(executed) is Notebook
    assert b'label = \\"none\\"' in executed.data


def test_several_notebooks_in_one_pipeline_stay_apart_and_get_all_their_parameters(lab, doubling, tmp_path):
    cells = ("parameters", "path = 'a'\nkernel_name = 'b'"), ("output", "given = [path, kernel_name]")
    clashing = notebook(written(tmp_path / "clashing.ipynb", *cells))
    twice = notebook(doubling)

    @pipeline
    def several(xs):
        return [(each.twice, each.said) for each in twice.map(xs, label="b")], clashing("p").given

    assert several([4]) == ([(8, "b")], ["p", "b"])


def test_another_components_body_may_call_it(lab, doubling):
    twice = notebook(doubling)

    @component
    def called(x):
        return twice(x).twice + 1

    @pipeline
    def inside():
        return called(3)

    assert inside() == 7


def test_a_wrong_argument_is_a_type_error_at_the_call(doubling, tmp_path):
    twice = notebook(doubling)
    bare = notebook(written(tmp_path / "bare.ipynb", ("output", "x = 1")))

    @pipeline
    def wrong(call):
        return call()

    for call, message in [
        (lambda: twice(y=1), r"doubling\(\) got an unexpected keyword argument 'y'; it takes \(x=…, label=…\)"),
        (lambda: twice(1, 2, 3), r"doubling\(\) too many positional arguments; it takes"),
        (lambda: bare(1), r"bare\(\) too many positional arguments; it takes \(\)"),
        (lambda: bare.map([1]), r"bare\.map\(\): it has no parameter that items could go to"),
    ]:
        with pytest.raises(TypeError, match=message):
            wrong(call)


def test_a_cell_that_fails_is_named_where_its_output_is_used(lab):
    fails = notebook(NOTEBOOKS / "fails.ipynb")

    @pipeline
    def used():
        return fails().after + 1

    with pytest.raises(NotebookError, match=r"(?s)node 'fails'.*cell 2/3, line 6"):
        used()


def test_a_cached_notebook_runs_again_when_its_file_has_changed(lab, doubling, tmp_path):
    twice = notebook(doubling, cache=True)

    @pipeline
    def once(x):
        return {"twice": twice(x).twice}

    assert once(2) == {"twice": 4}
    assert once(2) == {"twice": 4}
    assert lab.submit(once.workflow(), {"x": 2}).result(60) == {"twice": 4}  # as a document it is the same node
    shutil.copy(written(tmp_path / "new.ipynb", ("parameters", "x = 1"), ("output", "twice = 3 * x")), doubling)
    assert once(2) == {"twice": 6}
    origins = [lab.run(record.run_id).tasks["doubling"].cached_from for record in reversed(lab.runs())]
    assert [bool(origin) for origin in origins] == [False, True, True, False]
