"""Where a cell's inputs come from, and what redefining cells does."""

from __future__ import annotations

import json
import math
import time

import pytest

from twingraph_lab.errors import NotFoundError, WorkflowError
from twingraph_lab.frontends.cellbook import Cell, CellBook
from twingraph_lab.frontends.cells import as_code
from twingraph_lab.frontends.missing import CAPTURE_LIMIT_BYTES
from twingraph_lab.spec.validate import faults
from twingraph_lab.spec.workflow import Workflow


def book(*bodies, namespace=None, **named):
    """A book of unnamed cells, then named ones."""
    made = CellBook(Workflow(name="test"))
    for body in bodies:
        made, _ = made.define(Cell(as_code(body)), namespace or {})
    for name, body in named.items():
        made, _ = made.define(Cell(as_code(body), name=name), namespace or {})
    return made


def inputs(made, node):
    return made.workflow.by_id[node].inputs


def test_an_input_comes_from_the_cell_that_binds_it():
    made = book(load="rows = [1]", clean="good = rows")
    assert inputs(made, "clean") == {"rows": {"ref": "load.rows"}}
    assert made.workflow.by_id["clean"].upstream == ("load",)


def test_the_latest_cell_wins():
    made = book(load="x = 1", clean="x = x + 1", show="print(x)")
    assert inputs(made, "clean") == {"x": {"ref": "load.x"}}
    assert inputs(made, "show") == {"x": {"ref": "clean.x"}}


def test_redefining_a_cell_keeps_its_place():
    made = book(load="x = 1", clean="x = x + 1", scale="x = x * 2")
    again, _ = made.define(Cell(as_code("x = x + 10"), name="clean"), {})
    assert inputs(again, "clean") == {"x": {"ref": "load.x"}}
    assert list(again.workflow.by_id) == ["load", "clean", "scale"]


def test_a_cell_added_between_is_used_when_the_reader_runs_again():
    made = book(load="x = 1", show="print(x)", clean="x = x + 1")
    again, _ = made.define(Cell(as_code("print(x)"), name="show"), {})
    assert inputs(again, "show") == {"x": {"ref": "clean.x"}}


def test_a_cell_changed_in_place_passes_its_input_on():
    made = book(load="df = {}", speed="df['speed'] = 1", show="print(df)")
    assert inputs(made, "show") == {"df": {"ref": "speed.df"}}


def test_an_input_given_explicitly():
    made = book(a="x = 1", b="x = 2")
    made, node = made.define(Cell(as_code("y = x"), name="c", given={"x": "a.x"}), {})
    assert node.inputs == {"x": {"ref": "a.x"}}


def test_an_input_given_as_a_whole_node_or_a_part():
    made = book(a="x = {}\nx.get('k')")
    made, node = made.define(Cell(as_code("y = p, q"), name="c", given={"p": "a", "q": "a.x.k"}), {})
    assert node.inputs == {"p": {"ref": "a"}, "q": {"ref": "a.x.k"}}


def test_an_input_given_as_a_parameter():
    _, node = book().declare("limit", 3).define(Cell(as_code("y = n"), name="c", given={"n": "limit"}), {})
    assert node.inputs == {"n": {"param": "limit"}}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"x": "aa.x"}, "there is no node 'aa'; did you mean 'a'?"),
        ({"x": "a.z"}, "there is no output 'z'"),
        ({"x": "c.y"}, "there is no node 'c'"),
        ({"x": "a.x", "w": "a.x"}, "the cell never reads 'w'"),
    ],
)
def test_a_wrong_explicit_input_is_a_fault(given, message):
    made, _ = book(a="x = 1").define(Cell(as_code("y = 1"), name="c"), {})
    with pytest.raises(WorkflowError) as raised:
        made.define(Cell(as_code("y = x"), name="c", given=given), {})
    assert message in str(raised.value)


def test_an_explicit_input_must_not_close_a_cycle():
    made = book(a="x = 1", b="y = x")
    with pytest.raises(WorkflowError, match="'b' itself waits for 'a'"):
        made.define(Cell(as_code("x = z"), name="a", given={"z": "b.y"}), {})


def test_a_parameter_gives_what_no_cell_gives():
    made, node = book().declare("n", 5).define(Cell(as_code("y = n")), {"n": 7})
    assert node.inputs == {"n": {"param": "n"}}
    assert made.workflow.parameters["n"].default == 5
    assert made.renewed({"n": 7})[1] == {}


def test_a_plain_variable_of_the_notebook_becomes_a_parameter():
    namespace = {"rate": 0.5, "tags": ["a", {"b": None}]}
    made = book("y = rate, tags", namespace=namespace)
    assert inputs(made, "y") == {"rate": {"param": "rate"}, "tags": {"param": "tags"}}
    assert {name: (p.type, p.default) for name, p in made.workflow.parameters.items()} == {
        "rate": ("number", 0.5),
        "tags": ("array", ["a", {"b": None}]),
    }


def test_a_variable_that_changed_is_passed_on_at_the_next_run():
    made = book("y = n", namespace={"n": 1})
    assert made.renewed({"n": 2, "other": 3}) == (made, {"n": 2})
    assert made.renewed({}) == (made, {})


def test_a_variable_that_changed_its_type_changes_the_parameter():
    made, values = book("y = n", namespace={"n": 1}).renewed({"n": "one"})
    assert values == {"n": "one"}
    assert made.workflow.parameters["n"].type == "string"
    assert made.captured == {"n"}


def test_a_variable_that_became_something_else_is_a_fault():
    made = book("y = n", namespace={"n": 1})
    with pytest.raises(WorkflowError, match="'n' has become a set"):
        made.renewed({"n": {1}})


def test_a_parameter_that_no_cell_uses_any_more_goes_away():
    made = book(a="y = n", namespace={"n": 1})
    again, _ = made.define(Cell(as_code("y = 1"), name="a"), {"n": 1})
    assert again.workflow.parameters == {}
    assert made.without("a").workflow.parameters == {}
    assert made.declare("n", 2).without("a").workflow.parameters.keys() == {"n"}


def test_a_shadowed_builtin_comes_from_the_cell_that_shadows_it():
    made = book(a="max = 3", b="y = max + len([])")
    assert inputs(made, "b") == {"max": {"ref": "a.max"}}


def test_a_name_bound_on_another_path_is_taken_if_it_is_there():
    body = "if c:\n    x = 1\ny = x"
    assert inputs(book(a="c = 1\nx = 0", b=body), "b") == {"c": {"ref": "a.c"}, "x": {"ref": "a.x"}}
    assert inputs(book(a="c = 1", b=body), "b") == {"c": {"ref": "a.c"}}


def test_the_value_of_a_last_line_has_no_name():
    with pytest.raises(WorkflowError, match="nothing gives 'result'"):
        book(a="1 + 1", b="y = result")
    made = book(a="result = 1", b="y = result")
    assert inputs(made, "b") == {"result": {"ref": "a.result"}}


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (None, True),
        ({"a": [1, 2.5, "x", True]}, True),
        ((1, 2), False),
        (math.nan, False),
        ({1: 2}, False),
        ({"a": {1}}, False),
        (b"x", False),
        ("x" * CAPTURE_LIMIT_BYTES, False),
    ],
)
def test_only_plain_json_values_become_parameters(value, plain):
    if plain:
        assert book("y = v", namespace={"v": value}).workflow.parameters["v"].default == value
    else:
        with pytest.raises(WorkflowError, match="'v'"):
            book("y = v", namespace={"v": value})


def test_a_list_that_holds_itself_is_no_parameter():
    value = []
    value.append(value)
    with pytest.raises(WorkflowError, match="'v'"):
        book("y = v", namespace={"v": value})


def local_function():
    """Stands for a function of the notebook."""


local_function.__module__ = "__main__"


@pytest.mark.parametrize(
    ("body", "namespace", "message"),
    [
        ("y = 1\nz = xx", {}, "(line 3): nothing gives 'xx': no cell binds it"),
        ("y = rosw", {}, "did you mean 'rows'?"),
        ("y = limt", {"limit": 3}, "did you mean 'limit'?"),
        ("y = json.dumps(1)", {"json": json}, "put the import into the cell that uses it: import json"),
        ("y = j.dumps(1)", {"j": json}, "import json as j"),
        ("y = dumps(1)", {"dumps": json.dumps}, "from json import dumps"),
        ("y = f()", {"f": local_function}, "'f' is defined in the notebook; put the definition into the cell"),
        ("y = s", {"s": {1, 2}}, "'s' is a set in the notebook, which can't be a parameter"),
        ("y = t", {"t": ["x" * CAPTURE_LIMIT_BYTES]}, "too large for a parameter (64 KiB)"),
        ("y = np.e", {}, "'np' is imported in 'load'; put the import into the cell that uses it: import numpy as np"),
        ("y = helper()", {}, "'helper' is defined in 'load'; put the definition into the cell"),
        ("y = i", {}, "'load' binds 'i' but doesn't keep it; give that cell `--out i`"),
        ("display(1)", {}, "'display' belongs to the notebook"),
    ],
)
def test_a_missing_name_is_explained(body, namespace, message):
    made = book(load="import numpy as np\ndef helper(): ...\nrows = [1]\nfor i in rows: ...")
    with pytest.raises(WorkflowError) as raised:
        made.define(Cell(as_code(body), name="use"), namespace)
    assert message in str(raised.value)


def test_every_missing_name_is_named():
    with pytest.raises(WorkflowError) as raised:
        book("y = a + b")
    assert len(raised.value.faults) == 2


def test_a_name_that_only_later_cells_give_would_be_a_cycle():
    made = book(a="x = 1", b="y = x")
    with pytest.raises(WorkflowError, match="'y' comes from 'b', which itself waits for 'a'"):
        made.define(Cell(as_code("x = y"), name="a"), {})


def test_a_failed_definition_changes_nothing():
    made = book(a="x = 1")
    with pytest.raises(WorkflowError):
        made.define(Cell(as_code("x = nowhere"), name="a"), {})
    assert made.workflow.by_id["a"].component.code == "\nx = 1\n"


def test_a_cell_without_a_name_is_called_after_its_first_output():
    assert list(book("rows = [1]", "rows = rows + [2]", "print(rows)").workflow.by_id) == ["rows", "rows_2", "cell_1"]


def test_a_cell_with_the_same_code_is_the_same_cell():
    made = book("rows = [1]", "rows = rows + [2]")
    again, node = made.define(Cell(as_code("rows = rows + [2]")), {})
    assert node.id == "rows_2"
    assert again.workflow == made.workflow


def test_a_name_that_is_not_ascii_stays_in_its_cell():
    made = book("größe = 1\nx = größe")
    assert made.workflow.by_id["x"].component.outputs == ("x",)
    with pytest.raises(WorkflowError, match="'größe' can't be passed between nodes"):
        made.define(Cell(as_code("y = größe")), {})


def test_front_ends_that_tell_cells_apart_keep_their_names():
    made = CellBook(Workflow(name="test"))
    for identity, body in [("1", "x = 1"), ("2", "x = 2"), ("1", "x = 3")]:
        made, _ = made.define(Cell(as_code(body), identity=identity), {})
    assert {node.id: node.component.code for node in made.workflow.nodes} == {"x": "\nx = 3\n", "x_2": "\nx = 2\n"}


def test_a_renamed_cell_leaves_its_old_name():
    made, _ = CellBook(Workflow(name="test")).define(Cell(as_code("x = 1"), name="a", identity="1"), {})
    made, _ = made.define(Cell(as_code("z = 1"), name="z", identity="2"), {})
    made, _ = made.define(Cell(as_code("x = 1"), name="b", identity="1"), {})
    assert list(made.workflow.by_id) == ["b", "z"]
    made, _ = made.define(Cell(as_code("y = 1"), identity="1"), {})
    assert list(made.workflow.by_id) == ["y", "z"]


def test_a_reader_of_an_output_that_is_gone_is_a_fault_of_the_workflow():
    made = book(a="x = 1\nw = 2", b="y = x")
    assert faults(made.workflow) == []
    again, _ = made.define(Cell(as_code("w = 2"), name="a"), {})
    (fault,) = faults(again.workflow)
    assert (fault.node, fault.message) == ("b", "reads 'x' of 'a', whose outputs are w")


def test_after_needs_a_node():
    made = book(a="x = 1")
    made, node = made.define(Cell(as_code("y = 1"), name="b", options={"after": ("a",)}), {})
    assert node.upstream == ("a",)
    with pytest.raises(WorkflowError, match="there is no node 'aa'; did you mean 'a'"):
        made.define(Cell(as_code("y = 1"), name="b", options={"after": ("aa",)}), {})
    with pytest.raises(WorkflowError, match="'b' itself waits for 'a'"):
        made.define(Cell(as_code("x = 1"), name="a", options={"after": ("b",)}), {})


def test_deleting_a_node_that_is_not_there():
    with pytest.raises(NotFoundError, match="there is no node 'b'"):
        book(a="x = 1").without("b")


@pytest.mark.parametrize(("name", "value"), [("two words", 1), ("class-name", 1), ("n", (1, 2))])
def test_a_parameter_has_a_name_and_a_plain_value(name, value):
    with pytest.raises(WorkflowError):
        book().declare(name, value)


def test_cells_of_a_loaded_document_count():
    made = book(load="rows = [1]")
    again = CellBook(Workflow.model_validate(made.workflow.model_dump()))
    again, node = again.define(Cell(as_code("n = len(rows)")), {})
    assert node.inputs == {"rows": {"ref": "load.rows"}}


def test_defining_a_cell_of_a_large_workflow_is_quick():
    made = book("x0 = 1")
    for number in range(1, 300):
        made, _ = made.define(Cell(as_code(f"x{number} = x{number - 1}")), {})
    start = time.perf_counter()
    made.define(Cell(as_code("y = x299 + x3")), {})
    assert time.perf_counter() - start < 0.05
