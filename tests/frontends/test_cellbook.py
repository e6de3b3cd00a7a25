"""Where a cell's inputs come from, and what redefining cells does."""

from __future__ import annotations

import json
import math
import time
from itertools import permutations

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


def setup(made, node):
    return made.workflow.by_id[node].component.setup


def told(made):
    """What keeps the workflow from running."""
    return "\n".join(map(str, made.faults()))


def defined(made, name, body, namespace=None, history=(), **cell):
    return made.define(Cell(as_code(body), name=name, **cell), namespace or {}, history)[0]


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
    assert inputs(made, node) == {"x": {"ref": "a.x"}}


def test_an_input_given_as_a_whole_node_or_a_part():
    made = book(a="x = {}\nx.get('k')")
    made, node = made.define(Cell(as_code("y = p, q"), name="c", given={"p": "a.output", "q": "a.x.k"}), {})
    assert inputs(made, node) == {"p": {"ref": "a.output"}, "q": {"ref": "a.x.k"}}


def test_an_input_given_as_a_node_is_its_output_of_that_name_or_its_only_one():
    made = book(one="x = 1", two="y = z = 2", shown="3")
    given = {"x": "one", "p": "one", "y": "two", "q": "two", "r": "shown"}
    made, node = made.define(Cell(as_code("s = x, p, y, q, r"), name="c", given=given), {})
    refs = {"x": "one.x", "p": "one.x", "y": "two.y", "q": "two.output", "r": "shown"}
    assert inputs(made, node) == {name: {"ref": ref} for name, ref in refs.items()}


def test_an_input_given_as_a_parameter():
    made, node = book().declare("limit", 3).define(Cell(as_code("y = n"), name="c", given={"n": "limit"}), {})
    assert inputs(made, node) == {"n": {"param": "limit"}}


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
    assert inputs(made, node) == {"n": {"param": "n"}}
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
    assert "nothing gives 'result'" in told(book(a="1 + 1", b="y = result"))
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
        made = book("y = v", namespace={"v": value})
        assert "'v'" in told(made)
        with pytest.raises(WorkflowError, match="'v'"):
            made.renewed({"v": value})


def test_a_list_that_holds_itself_is_no_parameter():
    value = []
    value.append(value)
    assert "'v'" in told(book("y = v", namespace={"v": value}))


def closure():
    def inside():
        return inside

    return inside


LOAD = "rows = [1]\nfor i in rows:\n    def inner(): ..."


@pytest.mark.parametrize(
    ("body", "namespace", "message"),
    [
        ("y = 1\nz = xx", {}, "(line 3): nothing gives 'xx' yet: no cell binds it"),
        ("y = row", {}, "did you mean 'rows'?"),
        ("y = s", {"s": {1, 2}}, "'s' is a set in the notebook, which can't be a parameter"),
        ("y = t", {"t": ["x" * CAPTURE_LIMIT_BYTES]}, "too large for a parameter (64 KiB)"),
        ("y = inner()", {}, "'inner' is defined in 'load' inside another statement"),
        ("y = i", {}, "'load' binds 'i' but doesn't keep it; give that cell `--out i`"),
    ],
)
def test_a_cell_waits_for_what_is_missing(body, namespace, message):
    made = defined(book(load=LOAD), "use", body, namespace)
    (fault,) = made.faults()
    assert fault.node == "use"
    assert message in str(fault)
    with pytest.raises(WorkflowError) as raised:
        made.renewed(namespace)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("body", "namespace", "message"),
    [
        ("y = rosw", {}, "nothing gives 'rosw'; did you mean 'rows'?"),
        ("y = limt", {"limit": 3}, "did you mean 'limit'?"),
        ("display(1)", {}, "'display' belongs to the notebook"),
        ("y = In", {}, "'In' belongs to the notebook"),
        ("y = f()", {"f": closure()}, "a closure"),
    ],
)
def test_what_no_other_cell_can_help_is_an_error(body, namespace, message):
    with pytest.raises(WorkflowError) as raised:
        defined(book(load=LOAD), "use", body, namespace)
    assert message in str(raised.value)


def test_every_missing_name_is_named():
    made = book("y = a + b", c="z = y\nw = q")
    with pytest.raises(WorkflowError) as raised:
        made.renewed({})
    assert [(fault.node, fault.path) for fault in raised.value.faults] == [
        ("y", "line 2"),
        ("y", "line 2"),
        ("c", "line 3"),
    ]


def test_a_name_that_only_later_cells_give_would_be_a_cycle():
    made = book(a="x = 1", b="y = x")
    with pytest.raises(WorkflowError, match="'y' comes from 'b', which itself waits for 'a'"):
        made.define(Cell(as_code("x = y"), name="a"), {})


def test_a_failed_definition_changes_nothing():
    made = book(a="x = 1")
    with pytest.raises(WorkflowError):
        made.define(Cell(as_code("x = ("), name="a"), {})
    assert made.workflow.by_id["a"].component.code == "\nx = 1\n"


def test_a_cell_without_a_name_is_called_after_its_first_output():
    assert list(book("rows = [1]", "rows = rows + [2]", "print(rows)").workflow.by_id) == ["rows", "rows_2", "cell_1"]


def test_a_cell_with_the_same_code_is_the_same_cell():
    made = book("rows = [1]", "rows = rows + [2]")
    again, node = made.define(Cell(as_code("rows = rows + [2]")), {})
    assert node == "rows_2"
    assert again.workflow == made.workflow


def test_a_name_that_is_not_ascii_stays_in_its_cell():
    made = book("größe = 1\nx = größe")
    assert made.workflow.by_id["x"].component.outputs == ("x",)
    assert "'größe' can't be passed between nodes" in told(defined(made, "b", "y = größe"))


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


def test_a_reader_of_an_output_that_is_gone_is_at_fault():
    made = book(a="x = 1\nw = 2", b="y = x")
    assert faults(made.workflow) == []
    again, _ = made.define(Cell(as_code("w = 2"), name="a"), {})
    (fault,) = again.faults()
    assert (fault.node, fault.path) == ("b", "line 2")
    assert fault.message == "'x' of 'a' is gone: 'a' gives w now"
    assert defined(again, "a", "x = 3").faults() == []


def test_after_needs_a_node():
    made = book(a="x = 1")
    made, node = made.define(Cell(as_code("y = 1"), name="b", options={"after": ("a",)}), {})
    assert made.workflow.by_id[node].upstream == ("a",)
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
    assert inputs(again, node) == {"rows": {"ref": "load.rows"}}


def test_defining_a_cell_of_a_large_workflow_is_quick():
    made = book("x0 = 1")
    for number in range(1, 300):
        made, _ = made.define(Cell(as_code(f"x{number} = x{number - 1}")), {})
    start = time.perf_counter()
    made.define(Cell(as_code("y = x299 + x3")), {})
    assert time.perf_counter() - start < 0.05


# cells in any order


PAGE = {
    "load": "rows = [3, 1, 2]",
    "clean": "good = [row for row in rows if row]",
    "count": "n = len(good)",
    "report": "text = f'{n} of {len(rows)}'",
}


@pytest.mark.parametrize("order", list(permutations(PAGE)), ids="-".join)
def test_the_order_in_which_cells_run_makes_no_difference(order):
    made = book(**{name: PAGE[name] for name in order})
    assert made.faults() == []
    in_order = book(**PAGE).workflow.by_id
    assert {name: node.inputs for name, node in made.workflow.by_id.items()} == {
        name: node.inputs for name, node in in_order.items()
    }


def test_a_chain_run_from_its_middle_is_joined():
    made = book(show="print(x)", clean="x = x + 1", load="x = 1")
    assert made.faults() == []
    assert inputs(made, "clean") == {"x": {"ref": "load.x"}}
    assert inputs(made, "show") == {"x": {"ref": "clean.x"}}


def test_a_cell_that_waits_takes_a_variable_that_comes_later():
    made = book(use="y = rate")
    assert "nothing gives 'rate' yet" in told(made)
    made, values = made.renewed({"rate": 2})
    assert values == {"rate": 2}
    assert inputs(made, "use") == {"rate": {"param": "rate"}}


def test_only_the_nodes_that_are_asked_for_must_be_complete():
    made = book(a="x = 1", b="y = x", c="z = nowhere")
    made.renewed({}, nodes=["b"])
    with pytest.raises(WorkflowError, match="nowhere"):
        made.renewed({}, nodes=["c"])


def test_options_may_name_nodes_that_come_later():
    made = defined(book(), "b", "y = x", given={"x": "first.x"}, options={"after": ("other",)})
    assert "there is no node 'first'" in told(made)
    assert "there is no node 'other'" in told(made)
    made = defined(defined(made, "first", "x = 1"), "other", "z = 1")
    assert made.faults() == []
    assert made.workflow.by_id["b"].upstream == ("first", "other")


# several that bind a name


def test_two_that_bind_a_name_are_ambiguous_to_a_third():
    made = book(a="df = 1", b="df = 2")
    with pytest.raises(WorkflowError) as raised:
        defined(made, "c", "y = df")
    assert "'df' is bound in both 'a' and 'b'" in str(raised.value)
    assert "`--in df=a.df`" in str(raised.value)
    assert defined(made, "c", "y = df", given={"df": "a.df"}).faults() == []


def test_a_name_bound_a_second_time_is_told_at_once():
    made = book(a="df = 1", c="y = df", b="df = 2")
    (fault,) = made.faults()
    assert (fault.node, fault.path) == ("c", "line 2")
    assert "'a' and 'b'" in fault.message
    assert made.without("b").faults() == []


def test_names_that_nobody_reads_may_be_bound_everywhere():
    made = book(
        a="fig = ax = tmp = 1\nx = 1",
        b="fig = ax = tmp = 2\ny = x",
        c="for i in range(2):\n    ax = i\ntmp = i\nprint(tmp)\nz = y",
    )
    assert made.faults() == []
    assert inputs(made, "c") == {"y": {"ref": "b.y"}}


def test_cells_that_wait_for_each_other_are_told_with_the_whole_circle():
    made = book(a="x = z", b="y = x")
    with pytest.raises(WorkflowError) as raised:
        defined(made, "c", "z = y")
    assert (
        "the cells wait for each other: 'z' comes from 'c', which itself waits for 'b', which itself waits for 'a'"
        in (str(raised.value))
    )


# cells that change


def test_a_refused_version_keeps_the_node_from_running():
    made = book(a="x = 1", b="y = x", c="z = 1")
    with pytest.raises(WorkflowError) as raised:
        defined(made, "a", "x = (")
    made = made.failed("a", raised.value.faults)
    with pytest.raises(WorkflowError, match=r"node 'a' \(line 2\): the cell's last version has this fault: '\('"):
        made.renewed({}, nodes=["b"])
    made.renewed({}, nodes=["c"])
    assert defined(made, "a", "x = 2").faults() == []
    assert "gone" in told(made.without("a"))


def test_a_refused_cell_that_was_none_before_changes_nothing():
    assert book(a="x = 1").failed("b", []) == book(a="x = 1")


def test_what_named_a_renamed_cell_follows():
    made = defined(book(), "load", "x = 1", identity="1")
    made = defined(made, "b", "y = x", given={"x": "load.x"}, options={"after": ("load",)}, identity="2")
    made = defined(made, "c", "z = x", identity="3")
    made = defined(made, "read", "x = 1", identity="1")
    assert list(made.workflow.by_id) == ["read", "b", "c"]
    assert inputs(made, "b") == inputs(made, "c") == {"x": {"ref": "read.x"}}
    assert made.workflow.by_id["b"].after == ("read",)
    assert made.faults() == []
    again = defined(made, "b", "y = x", given={"x": "read.x"}, identity="2")
    assert again.faults() == []


def test_what_lost_its_giver_takes_the_name_from_the_one_before():
    made = book(load="x = 1", clean="x = x + 1", show="print(x)").without("clean")
    assert inputs(made, "show") == {"x": {"ref": "load.x"}}
    assert made.faults() == []


def test_a_lost_output_is_not_taken_from_a_variable_of_that_name():
    made = book(a="x = 1", b="y = x").without("a", {"x": 99})
    assert "'x' of 'a' is gone: there is no node 'a' any more" in told(made)


# definitions that go along


def test_imports_of_the_notebook_and_of_other_cells_go_along():
    made = book(a="import math as m, os.path\nx = 1")
    made = defined(made, "b", "y = m.pi, os.sep, j.dumps(x), dumps(x)", {"j": json, "dumps": json.dumps})
    assert setup(made, "b").splitlines() == [
        "import math as m",
        "import os.path",
        "import json as j",
        "from json import dumps",
    ]
    assert inputs(made, "b") == {"x": {"ref": "a.x"}}


def test_a_function_goes_along_with_what_it_needs():
    made = book(tools="import math\n\ndef area(r):\n    # a circle\n    return math.pi * square(r) * SCALE\n")
    made = defined(made, "more", "def square(x): return x * x")
    made = defined(made, "scale", "SCALE = 2")
    made = defined(made, "use", "a = area(3)")
    assert setup(made, "use") == (
        "import math\n"
        "def area(r):\n    # a circle\n    return math.pi * square(r) * SCALE\n"
        "def square(x): return x * x\n"
    )
    assert inputs(made, "use") == {"SCALE": {"ref": "scale.SCALE"}}
    assert list(made.workflow.by_id) == ["scale", "use"]


def test_a_function_that_changes_changes_those_that_use_it():
    made = book(tools="def f(x): return x", use="y = f(1)")
    again = defined(made, "tools", "def f(x): return x + k")
    assert "x + k" in setup(again, "use")
    assert "nothing gives 'k' yet" in told(again)
    assert "('f', which this cell uses, reads it)" in told(again)
    assert defined(again, "k", "k = 1").faults() == []
    assert "'f'" in told(made.without("tools"))


def test_definitions_come_before_what_is_built_on_them():
    tools = (
        "@register\nclass B(A):\n    pass\n"
        "def register(c):\n    return note(c)\n"
        "def note(c):\n    return c\n"
        "class A: ...\n"
    )
    text = setup(book(tools=tools, use="b = B()"), "use")
    exec(text, {})
    assert text.index("def note") < text.index("class B")


def test_a_definition_that_differs_in_two_cells_is_ambiguous():
    made = book(a="def f(): return 1", b="def f(): return 2", same="import math", again="import math")
    with pytest.raises(WorkflowError, match="'f' is defined differently in 'a' and 'b'"):
        defined(made, "c", "y = f()")
    assert defined(made, "d", "y = math.pi").faults() == []


def test_a_cell_that_only_defines_is_no_node_and_takes_no_options():
    made = book(tools="def f(): ...")
    assert made.workflow.nodes == ()
    assert made.faults() == []
    with pytest.raises(WorkflowError, match="it becomes no node and never runs by itself, so --retry means nothing"):
        defined(made, "tools", "def f(): ...", options={"retry": {"attempts": 2}})
    assert defined(made, "tools", "f = 3").workflow.by_id.keys() == {"tools"}


def test_unnamed_cells_that_only_define_replace_each_other():
    made = book("def f(): return 1", "def f(): return 2\ndef g(): ...", "def h(): ...")
    assert list(made.entries) == ["f", "h"]
    assert "return 2" in setup(defined(made, "use", "y = f()"), "use")


def test_functions_of_the_notebook_are_renewed_when_it_runs():
    made = book()
    history = ["def f(x):\n    return x * rate\n"]
    namespace = {"rate": 2}
    exec(history[0], namespace := {"__name__": "__main__", **namespace})
    made = defined(made, "use", "y = f(1)", namespace, history)
    assert inputs(made, "use") == {"rate": {"param": "rate"}}
    again, values = made.renewed(namespace, [*history, "def f(x):\n    return -x\n"])
    assert setup(again, "use") == "def f(x):\n    return -x\n"
    assert values == {}
