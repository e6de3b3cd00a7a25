"""`component.map`: one call for each item, of lists and of results."""

from __future__ import annotations

import pytest

from twingraph_lab.errors import WorkflowError
from twingraph_lab.frontends import decorators
from twingraph_lab.frontends.decorators import component, pipeline
from twingraph_lab.lab import Lab
from twingraph_lab.settings import Settings


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    home = tmp_path_factory.mktemp("lab") / "home"
    with Lab(Settings(home=home, scheduler="inline", workers=2, threads=2, lineage=False)) as lab:
        before = decorators.use_host(lambda: lab)
        yield lab
        decorators.use_host(before)


@component
def add(x, y=0):
    return x + y


@component
def upto(n) -> list[int]:
    return list(range(n))


@component
def total(xs):
    return sum(xs)


def nodes(lab):
    return lab.run(lab.runs(1)[0].run_id).workflow.by_id


def test_each_item_is_a_call_of_its_own(lab):
    @pipeline
    def flow():
        return total(add.map([1, 2, 3], y=10))

    assert flow() == 36
    assert list(nodes(lab)) == ["add", "add-2", "add-3", "total"]
    assert nodes(lab)["total"].inputs == {"xs": [{"ref": "add"}, {"ref": "add-2"}, {"ref": "add-3"}]}


def test_lists_by_name_go_together(lab):
    @pipeline
    def flow():
        return add.map(x=range(3), y=(n for n in (10, 20, 30)))

    assert flow() == [10, 21, 32]


def test_a_result_is_mapped_by_references_to_its_items(lab):
    @pipeline
    def flow():
        numbers = upto(3)
        return total(add.map(numbers, y=add(1, 1)))

    assert flow() == 9
    assert nodes(lab)["add-3"].inputs == {"x": {"ref": "upto.1"}, "y": {"ref": "add"}}


def test_results_in_lists_and_lists_in_results(lab):
    @component
    def pages():
        return {"pages": [[1, 2], [3]], "pair": (4, 5)}

    @pipeline
    def flow():
        book = pages()
        sums = total.map(book["pages"])
        return add.map([*sums, add(1)], y=1), add.map(book["pair"]), add.map(upto(0))

    assert flow() == ([4, 4, 2], [4, 5], [])
    assert nodes(lab)["total-2"].inputs == {"xs": {"ref": "pages.pages.1"}}


def test_parents_hold_for_every_call(lab):
    @pipeline
    def flow():
        first = upto(1)
        return add.map([1, 2], parent_hash=first["hash"])

    assert flow() == [1, 2]
    assert [node.after for node in nodes(lab).values()] == [(), ("upto",), ("upto",)]


def test_outside_of_a_pipeline_it_is_a_loop():
    assert add.map([1, 2], y=1) == [2, 3]
    assert add.map(x=[1], y=[2]) == [3]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: add.map(x=[1, 2], y=[1]), ValueError, r"lists of the same length, but x has 2, y has 1 items"),
        (lambda: add.map(x=[1, 2], y=3), TypeError, r"'y' must be a list or the like, not a int.*add\.map\(xs, y=…\)"),
        (lambda: add.map("abc"), TypeError, r"'x' must be a list or the like, not a str"),
        (lambda: add.map([1], x=[2]), TypeError, r"'x' is given twice"),
        (lambda: add.map(*()), TypeError, r"takes a list, or lists by the names"),
        (lambda: add.map([1], z=2), TypeError, r"unexpected keyword argument 'z'"),
    ],
)
def test_bad_calls_name_the_fault_and_the_line(lab, call, error, message):
    with pytest.raises(error, match=message + r"(?s:.*)\(test_mapping\.py, line \d+: add\.map\("):
        pipeline(call, name="bad")()


def test_without_a_parameter_for_items_there_is_nothing_to_map():
    for function in (lambda: 1, lambda **named: named, lambda *, x: x):
        with pytest.raises(TypeError, match=r"none\.map\(\): it has no parameter that items could go to"):
            component(function, name="none").map([1])
    assert component(lambda *, x: x, name="some").map(x=[1]) == [1]


def test_a_document_cannot_map_what_only_a_run_knows():
    @pipeline
    def flow(n=3):
        return add.map(upto(n))

    with pytest.raises(WorkflowError, match=r"test_mapping\.py, line \d+ uses the value of upto"):
        flow.workflow()

    @pipeline
    def known():
        return add.map([1, 2])

    assert [node.id for node in known.workflow().nodes] == ["add", "add-2"]
