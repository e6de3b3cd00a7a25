"""Workflows as scripts and notebooks: readable, and refused by name where they can't be said."""

from __future__ import annotations

import ast
import json
import subprocess
import sys

import pytest

from tests.workflows import cell, workflow
from twingraph_lab.errors import ConflictError, NotFoundError, WorkflowError
from twingraph_lab.frontends.export import form_of, text_of, with_defaults, write
from twingraph_lab.frontends.export_code import indented, with_result
from twingraph_lab.frontends.notebook import workflow_of
from twingraph_lab.spec.document import load
from twingraph_lab.spec.workflow import Node, Parameter, Source


def script(*nodes, **fields):
    text = text_of(workflow(*nodes, **fields), "script")
    ast.parse(text)
    return text


def cells(*nodes, **fields):
    document = json.loads(text_of(workflow(*nodes, **fields), "notebook"))
    return [each["source"] for each in document["cells"]]


def refusal(form, *nodes, **fields):
    with pytest.raises(WorkflowError) as caught:
        text_of(workflow(*nodes, **fields), form)
    return [str(fault) for fault in caught.value.faults]


class TestScript:
    def test_a_cell_is_a_function_of_its_inputs_that_returns_its_outputs(self):
        text = script(cell("a", "x = n + 1\ny = 2", outputs=("x", "y"), inputs={"n": 1}, retry={"attempts": 3}))
        assert (
            "@component(retry=2)\ndef a(n) -> AOutputs:\n    x = n + 1\n    y = 2\n    return AOutputs(x, y)\n" in text
        )
        assert "class AOutputs(NamedTuple):\n    x: Any\n    y: Any\n" in text
        assert '    a_result = a(n=1)\n    return {"a": a_result}\n' in text

    def test_what_a_node_gives_is_returned_whatever_it_is_called(self):
        assert '    return {"two_words": two_words_result}\n' in script(cell("two-words"))

    def test_the_last_line_is_returned_where_it_is_the_result(self):
        assert "    result = sum(\n        [1]\n    )\n    return result\n" in script(cell("a", "sum(\n    [1]\n)"))

    def test_a_function_that_can_be_imported_is_wrapped(self):
        text = script(Node(id="mean", component="statistics:mean", inputs={"data": [1, 2]}, timeout_s=5))
        assert "import statistics\n" in text
        assert "mean = component(statistics.mean, timeout_s=5.0)\n" in text
        assert "mean_result = mean(data=[1, 2])" in text

    def test_names_that_python_or_the_script_needs_are_left_alone(self):
        text = script(
            cell("json"),
            cell("two-words"),
            cell("class"),
            cell("print"),
            cell("n"),
            parameters={"n": Parameter(default=1)},
        )
        for name, node in {
            "json_": "json",
            "two_words": "two-words",
            "class_": "class",
            "print_": "print",
            "n_": "n",
        }.items():
            assert f'@component(name="{node}")\ndef {name}(' in text

    def test_a_module_keeps_its_name_and_nodes_called_like_it_get_others(self):
        first = Node(id="statistics", component="statistics:mean", inputs={"data": [1, 2]})
        second = Node(id="median", component="statistics:median", inputs={"data": [1, 2]})
        text = script(first, second, name="statistics")
        assert 'statistics__ = component(statistics.mean, name="statistics")\n' in text
        assert "median = component(statistics.median)\n" in text
        assert '@pipeline(name="statistics")\ndef statistics_():\n' in text
        assert '    return {"statistics": statistics___result, "median": median_result}\n' in text

    def test_a_module_called_like_what_the_script_or_a_setup_defines_is_imported_in_its_function(self):
        setup = Source(code="y = math", setup="math = 1", outputs=("y",))
        text = script(
            Node(id="a", component="pipeline:load"),
            Node(id="b", component="math:sqrt", inputs={"x": 4}),
            Node(id="c", component=setup),
        )
        assert "import pipeline\n" not in text
        assert "import math\n" not in text
        assert "def a():\n    from pipeline import load\n\n    result = load()\n    return result\n" in text
        assert "    from math import sqrt\n" in text

    def test_strings_over_several_lines_keep_their_content(self):
        code = 'x = """a\n  b\n"""\ny = f"""\n{x}\n  c"""\nz = ("p"\n  "q")\nif x:\n    w = \'\'\'\n\'\'\'\n'
        code += 'd = {"x": x, "y": y, "z": z, "w": w}'
        space, expected = {}, {}
        exec(code, expected)
        exec(f"def f():\n{indented(code)}\n    return d\n", space)
        assert space["f"]() == expected["d"]

    @pytest.mark.parametrize(
        "code", ["1 + 1", "x = 1; (x +\n  1)", "x = 'ä'; x * 2", "[\n  1,\n]", "(\n  2\n)", "# c\n3  # d"]
    )
    def test_the_last_value_is_found_wherever_it_stands(self, code):
        space, expected = {}, {}
        exec(with_result(code), space)
        exec(code, expected)
        assert space["result"] == eval(compile(ast.Expression(ast.parse(code).body[-1].value), "", "eval"), expected)

    def test_a_builtin_that_the_code_shadows_is_still_read_first(self):
        text = script(cell("a", "max = max([1, 2])", outputs=("max",)))
        assert "    from builtins import max\n\n    max = max([1, 2])\n" in text.replace(
            "max\n    max", "max\n\n    max"
        )

    def test_awaiting_code_is_an_async_function(self):
        text = script(cell("a", "import asyncio\nawait asyncio.sleep(0)\n1"))
        assert "async def a():" in text

    def test_code_that_travels_with_cells_stands_above_them_once(self):
        def with_setup(name, setup):
            return Node(id=name, component=Source(code="y = f(1)", setup=setup, outputs=("y",)))

        text = script(with_setup("a", "def f(x):\n    return x\n"), with_setup("b", "def f(x):\n    return x\n"))
        assert text.count("def f(x):") == 1

    def test_parameters_are_arguments_and_required_ones_come_first(self):
        text = script(
            cell("a", inputs={"n": {"param": "n"}, "m": {"param": "m"}}),
            parameters={"n": Parameter(type="integer", default=3), "m": Parameter(type="string", required=True)},
        )
        assert "def test(m: str, n: int = 3):" in text

    def test_edges_without_data_are_kept(self):
        assert "b(parent_hash=[a_result])" in script(cell("a"), cell("b", after=("a",)))

    @pytest.mark.parametrize(
        ("code", "why"),
        [
            ("def f():\n    global x\n    x = 1\nx = 0\nf()", "`global x` means another thing within a function"),
            ("x = eval('1')", "`eval()` sees other names within a function"),
            ("from __future__ import annotations\nx = 1", "`from __future__ import` stands at the beginning"),
        ],
    )
    def test_code_that_means_another_thing_in_a_function_is_refused(self, code, why):
        (fault,) = refusal("script", cell("a", code, outputs=("x",)))
        assert fault.startswith("node 'a': ")
        assert why in fault

    def test_every_node_that_cannot_be_said_is_named(self):
        faults = refusal(
            "script",
            cell("a", inputs={"two words": 1}),
            cell("b", inputs={"x": "{{ input }} {{ a }}"}),
            Node(id="c", component={"kind": "pickled", "name": "f", "data": ""}),
            Node(id="d", component={"kind": "source", "language": "r", "code": "x"}),
        )
        assert sorted(fault.partition(":")[0] for fault in faults) == [f"node {name!r}" for name in "abcd"]


class TestNotebook:
    def test_it_loads_sets_parameters_defines_and_runs(self):
        found = cells(
            cell("a", "x = n + 1", outputs=("x",), inputs={"n": {"param": "n"}}),
            cell("b", "y = x", outputs=("y",), inputs={"x": {"ref": "a.x"}}),
            parameters={"n": Parameter(type="integer", default=3, description="how many")},
        )
        assert found == [
            "%load_ext twingraph_lab\n%twingraph new test",
            "n: int = 3  # how many",
            "%%twingraph a --out x\nx = n + 1",
            "%%twingraph b --in x=a.x --out y\ny = x",
            "%twingraph run",
        ]

    def test_all_that_a_node_gives_is_taken_as_such(self, tmp_path):
        reader = cell("b", "z = y", outputs=("z",), inputs={"y": {"ref": "a"}})
        path = tmp_path / "whole.ipynb"
        path.write_text(text_of(workflow(cell("a", "x = 1", outputs=("x",)), reader), "notebook"))
        assert workflow_of(path).by_id["b"].inputs == {"y": {"ref": "a.output"}}

    def test_a_cache_policy_that_a_cell_cannot_say_is_refused(self):
        with pytest.raises(WorkflowError, match="node 'a': a cell can't say its cache policy"):
            text_of(workflow(cell("a", "1", cache={"mode": "version", "version": "a,b"})), "notebook")

    def test_all_options_come_along(self):
        made = cell(
            "b",
            retry={"attempts": 3}, timeout_s=90, cache={"mode": "inputs", "ttl_s": 60, "scope": "run"}, after=("a",),
            resources={"gpu": 1},
        )  # fmt: skip
        whole = workflow(cell("a", "1"), made.model_copy(update={"component": Source(code="2", outputs=("result",))}))
        source = json.loads(text_of(whole, "notebook"))["cells"][2]["source"]
        assert source == (
            "%%twingraph b --out result --retry 2 --timeout 90s --cache inputs,ttl=1m,scope=run --after a "
            "--resources gpu=1\n2"
        )

    def test_it_reads_back_as_the_same_workflow(self, tmp_path):
        whole = workflow(
            cell("a", "x = n + 1", outputs=("x",), inputs={"n": {"param": "n"}}),
            cell(
                "b", "y = [z, w]", outputs=("y",), inputs={"z": {"ref": "a.x"}, "w": {"value": "{{ a }}"}}, after=("a",)
            ),
            parameters={"n": Parameter(type="integer", default=3)},
            name="my flow",
        )
        path = tmp_path / "n.ipynb"
        path.write_text(text_of(whole, "notebook"))
        again = workflow_of(path)
        assert again.name == "my flow"
        assert again.parameters == whole.parameters
        assert again.by_id["a"].inputs == whole.by_id["a"].inputs
        assert again.by_id["b"].inputs == {"z": {"ref": "a.x"}}
        assert [again.outputs_of(node) for node in again.nodes] == [("x",), ("y",)]

    def test_what_a_cell_cannot_say_is_named(self):
        faults = refusal(
            "notebook",
            cell("a", retry={"attempts": 3, "delay_s": 5}),
            cell("b", at_most_once=True),
            cell("c", inputs={"x": {"param": "n"}}),
            parameters={"n": Parameter(required=True)},
        )
        assert len(faults) == 3
        assert "parameters.n" in faults[0]
        assert "not when or on what" in faults[1]
        assert "at_most_once" in faults[2]

    def test_a_parameter_that_an_output_hides_is_named(self):
        nodes = (
            cell("a", "n = 1", outputs=("n",)),
            cell("b", "m = n", outputs=("m",), inputs={"n": {"param": "n"}}),
        )
        (fault,) = refusal("notebook", *nodes, parameters={"n": Parameter(default=5)})
        assert fault == "node 'b': in a notebook it would wait for 'a', because of the names it uses"


def test_a_function_known_by_its_source_is_defined_in_place():
    pickled = {"kind": "pickled", "name": "double", "data": "", "source": "def double(x):\n    return 2 * x\n"}
    node = Node(id="d", component=pickled, inputs={"x": 4})
    assert "%%twingraph d --out result\nx = 4\ndef double(x):\n    return 2 * x\n\nresult = double(x=x)" in cells(node)
    assert "    def double(x):\n        return 2 * x\n\n    result = double(x=x)\n    return result\n" in script(node)


def test_scripts_are_formatted(tmp_path):
    pytest.importorskip("ruff", reason="ruff is a tool of development")
    path = tmp_path / "s.py"
    path.write_text(
        script(cell("a", "x = 1\n\ny = 2", outputs=("x", "y")), cell("b", "1", inputs={"x": {"ref": "a.x"}}))
    )
    subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--isolated", "--check", path], check=True, capture_output=True
    )


def test_the_form_is_that_of_the_files_name(tmp_path):
    names = ("a.twg.json", "a.json", "a.yml", "a.py", "a.ipynb")
    assert [form_of(tmp_path / name) for name in names] == ["json", "json", "yaml", "script", "notebook"]
    with pytest.raises(WorkflowError, match=r"it ends with \.json, \.yaml, \.yml, \.py, \.ipynb"):
        form_of(tmp_path / "a.txt")


def test_documents_read_back_equal(tmp_path):
    whole = workflow(cell("a", 'x = """\n- ä"""', outputs=("x",)), parameters={"n": Parameter(default=[1])})
    assert load(text_of(whole, "yaml")) == load(text_of(whole, "json")) == whole


def test_values_of_a_run_become_defaults():
    whole = with_defaults(workflow(parameters={"n": Parameter(required=True), "m": Parameter(default=2)}), {"n": 1})
    assert {name: (each.default, each.required) for name, each in whole.parameters.items()} == {
        "n": (1, False),
        "m": (2, False),
    }


def test_a_file_is_replaced_only_when_told_and_never_left_half_written(tmp_path):
    path = tmp_path / "f.py"
    write("one", path, overwrite=False)
    with pytest.raises(ConflictError, match="--overwrite"):
        write("two", path, overwrite=False)
    with pytest.raises(UnicodeEncodeError):
        write("\ud800", path, overwrite=True)
    assert path.read_text() == "one"
    write("two", path, overwrite=True)
    assert path.read_text() == "two"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "node",
    [
        Node(id="a", component="flights:load"),
        Node(id="a", component="flights.late:load"),
        cell("a", "from flights import load\nx = load()", outputs=("x",)),
        Node(id="a", component=Source(code="x = flights.late", setup="import flights.late", outputs=("x",))),
    ],
)
def test_a_script_that_would_import_itself_is_not_written(tmp_path, node):
    text = text_of(workflow(node), "script")
    path = tmp_path / "flights.py"
    path.write_text("the module itself")
    with pytest.raises(WorkflowError, match=r"imports the module `flights`, .* the script itself; choose another name"):
        write(text, path, overwrite=True)
    assert path.read_text() == "the module itself"
    write(text, tmp_path / "late.py", overwrite=False)
    write(text_of(workflow(node), "yaml"), tmp_path / "flights.yaml", overwrite=False)


def test_a_place_that_takes_no_file_is_named_with_the_reason(tmp_path):
    for path, reason in ((tmp_path / "none" / "f.py", "there is no folder"), (tmp_path / ("f" * 300), "too long")):
        with pytest.raises(NotFoundError, match=rf"can't write .*/{path.name}: .*{reason}"):
            write("one", path, overwrite=True)
