"""Decorated programs: plain functions alone, nodes of one run inside a pipeline."""

from __future__ import annotations

import asyncio
import importlib
import sys
import threading
import time
from collections import namedtuple
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from operator import itemgetter
from textwrap import dedent
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from twingraph_lab.errors import ConflictError, RunFailedError, SerializationError, WorkflowError
from twingraph_lab.frontends import decorators
from twingraph_lab.frontends.decorators import component, pipeline
from twingraph_lab.lineage.changes import execution_id
from twingraph_lab.planning.resolve import pick, resolve
from twingraph_lab.platforms.body import named
from twingraph_lab.platforms.loading import load
from twingraph_lab.runtime.artifacts import ArtifactStore
from twingraph_lab.spec.document import dump
from twingraph_lab.spec.document import load as load_document
from twingraph_lab.spec.inputs import references
from twingraph_lab.spec.validate import faults
from twingraph_lab.spec.workflow import CachePolicy, PlatformSpec, PythonFunction, Retry


class ThreadHost:
    """Runs nodes on threads of this process, each as soon as what it waits for is done. Keeps its runs."""

    def __init__(self, folder):
        self.artifacts = ArtifactStore(str(folder))
        self.runs: list[ThreadRun] = []

    def open(self, name, *, parameters, context=None):
        self.runs.append(ThreadRun(self, name, parameters, context))
        return self.runs[-1]

    @property
    def last(self):
        return self.runs[-1]


class ThreadRun:
    id = "run"

    def __init__(self, host, name, parameters, context):
        self.host, self.name, self.parameters, self.context = host, name, parameters, context
        self.nodes, self.components, self.done = {}, {}, {}
        self.closed: Any = None
        self.aborted = ""

    def add(self, nodes, components, sites):
        self.components.update(components)
        for node in nodes:
            self.nodes[node.id] = node
            self.done[node.id] = Future()
            waiting = [self.done[parent] for parent in node.upstream]
            thread = threading.Thread(target=self._run, args=(node, waiting), daemon=True)
            thread.start()

    def _run(self, node, waiting):
        future = self.done[node.id]
        try:
            for parent in waiting:
                parent.result()
            inputs = resolve(node.inputs, self.value, self.parameters, self.host.artifacts.get)
            value = load(self.components[node.component], None)(**inputs)
            if asyncio.iscoroutine(value):
                value = asyncio.run(value)
            outputs = {name: self.host.artifacts.put(item) for name, item in named(value, node.outputs)}
            future.set_result(outputs)
        except BaseException as error:
            future.set_exception(RunFailedError(self.id, f"node {node.id!r}: {type(error).__name__}: {error}"))

    def value(self, node_id, path):
        outputs = self.done[node_id].result(timeout=30)
        return pick({name: self.host.artifacts.get(artifact) for name, artifact in outputs.items()}, path)

    def names(self, node_id):
        return tuple(self.done[node_id].result(timeout=30))

    def close(self, outputs=None, *, handled=()):
        self.closed = (outputs, set(handled))
        failed = [f"{e}" for i, f in self.done.items() if (e := f.exception(timeout=30)) and i not in handled]
        if failed:
            raise RunFailedError(self.id, "\n".join(failed))

    def abort(self, error, *, handled=()):
        self.aborted = error

    def inputs(self, node_id):
        return self.nodes[node_id].inputs


@pytest.fixture(autouse=True)
def host(tmp_path):
    host = ThreadHost(tmp_path / "artifacts")
    before = decorators.use_host(lambda: host)
    yield host
    decorators.use_host(before)


class Parts(NamedTuple):
    """Two outputs."""

    small: list[int]
    large: list[int]


@component
def split(numbers: list[int], at: int = 10) -> Parts:
    """Numbers below and from `at`."""
    return Parts([n for n in numbers if n < at], [n for n in numbers if n >= at])


@component
def total(numbers):
    return sum(numbers)


@component
def double(x):
    return 2 * x


@component
def fail(message="no luck"):
    raise ValueError(message)


@component
def two_outputs(x):
    """As TwinGraph programs do it."""
    outputs = namedtuple("outputs", ["first", "second"])  # noqa: PYI024
    return outputs(x, x + 1)


@component
def echo(value):
    return value


def test_outside_a_pipeline_a_component_is_its_function():
    assert total([1, 2]) == 3
    assert total.function([1, 2]) == 3
    assert split([1, 20]) == Parts([1], [20])
    assert total.__name__ == "total"
    assert split.__doc__.startswith("Numbers")
    assert double(4, parent_hash="whatever") == 8


def test_outside_a_pipeline_an_async_component_is_awaited():
    @component
    async def wait(x):
        await asyncio.sleep(0)
        return x

    assert asyncio.run(wait(3)) == 3


def test_a_pipeline_returns_its_value(host):
    @pipeline
    def sums(numbers):
        parts = split(numbers)
        return {"small": total(parts.small), "large": [total(parts.large), 0]}

    assert sums([1, 2, 30]) == {"small": 3, "large": [30, 0]}
    assert list(host.last.nodes) == ["split", "total", "total-2"]
    assert host.last.inputs("total") == {"numbers": {"ref": "split.small"}}
    assert host.last.inputs("split") == {"numbers": [1, 2, 30], "at": 10}
    assert host.last.closed[0] == {"small": {"ref": "total"}, "large": [{"ref": "total-2"}, 0]}


def test_calls_in_twingraphs_shape_make_the_same_edges(host):
    @pipeline()
    def chain(x):
        a = two_outputs(x)
        b = double(a["outputs"]["second"], parent_hash=a["hash"])
        c = echo(1, parent_hash=[a["hash"], b["hash"]])
        assert a["outputs"]["first"] == 5
        assert a["hash"] == execution_id("run", "two_outputs", 1)
        return b["outputs"]["result"], c

    assert chain(5) == (12, 1)
    assert host.last.inputs("double") == {"x": {"ref": "two_outputs.second"}}
    assert host.last.nodes["echo"].after == ("two_outputs", "double")
    assert host.last.nodes["double"].upstream == ("two_outputs",)


def test_an_unknown_parent_hash_is_named():
    @pipeline
    def wrong():
        echo(1, parent_hash="abc")

    with pytest.raises(ValueError, match="parent_hash: no call in this pipeline has the hash 'abc'"):
        wrong()


def test_independent_calls_run_at_the_same_time():
    barrier = threading.Barrier(3, timeout=10)
    meet.barrier = barrier

    @pipeline
    def together():
        return [meet(n) for n in range(3)]

    assert together() == [0, 1, 2]


@component
def meet(n):
    """Returns once three calls are running."""
    meet.barrier.wait()
    return n


def test_the_body_can_decide_on_values(host):
    @pipeline
    def until(limit):
        x = double(1)
        while x < limit:
            x = double(x)
        return x if x % 2 else [x, echo("even")]

    assert until(20) == [32, "even"]
    assert list(host.last.nodes) == ["double", "double-2", "double-3", "double-4", "double-5", "echo"]


def test_several_outputs_come_back_as_a_namedtuple():
    @pipeline
    def unpack():
        first, second = two_outputs(1)
        small, _large = split([1, 20])
        return first, second, small, two_outputs(5), split([3])

    first, second, small, loose, parts = unpack()
    assert (first, second, small) == (1, 2, [1])
    assert (loose.first, loose[1], loose._fields) == (5, 6, ("first", "second"))
    assert type(parts) is Parts


def test_unpacked_outputs_that_are_passed_on_make_edges(host):
    @component
    def pair():
        return 1, {"deep": (2, 3)}

    @pipeline
    def unpack():
        first, second = two_outputs(1)
        small, *_ = split([1, 20])
        one, other = pair()
        deep = pair()[1]
        same = double(echo("a")[0])  # a text, no tuple: its value is passed
        return [double(each) for each in (first, second, small, one, deep["deep"][-1], other["deep"])], first == 1, same

    assert unpack() == ([2, 4, [1, 1], 2, 6, (2, 3, 2, 3)], True, "aa")
    passed = [node.inputs["x"] for node in host.last.nodes.values() if node.component == "double"]
    refs = ["two_outputs.first", "two_outputs.second", "split.small", "pair.0"]
    assert passed[:5] == ["a", *({"ref": name} for name in refs)]


def test_a_dict_is_no_set_of_outputs():
    @pipeline
    def dicts():
        return echo({"result": 1, "x": 2}), echo({})

    assert dicts() == ({"result": 1, "x": 2}, {})


def test_results_are_found_in_nested_arguments(host):
    @pipeline
    def nested():
        a, b = double(1), double(2)
        return echo({"all": [a, (b, 3)], "text": "{{ x }}"})

    assert nested() == {"all": [2, [4, 3]], "text": "{{ x }}"}
    tree = host.last.inputs("echo")["value"]
    assert tree == {"all": [{"ref": "double"}, [{"ref": "double-2"}, 3]], "text": {"value": "{{ x }}"}}


LITERALS = [
    None,
    True,
    1,
    1.5,
    "text",
    "{{ not a template }}",
    {"ref": "nothing"},
    {"value": 1, "x": 2},
    {"param": "p"},
    [1, [2, {"a": None}]],
    (1, 2),
    {1: "a"},
    {1, 2},
    float("inf"),
    b"bytes",
    list(range(50_000)),
    {"artifact": {"digest": "x"}},
]


@pytest.mark.parametrize("value", LITERALS, ids=lambda value: repr(value)[:30])
def test_arguments_arrive_as_they_were(value, host):
    @pipeline
    def passing():
        result = echo(value)
        return [result, type(result.result())]

    arrived, type_ = passing()
    assert arrived == value
    assert type_ is type(value)
    assert not references(host.last.inputs("echo"))


def test_tables_and_arrays_are_stored_and_passed_by_reference_to_the_store(host):
    table = pd.DataFrame({"a": range(20_000)})

    @pipeline
    def passing():
        return echo(table), echo(np.arange(3))

    frame, array = passing()
    pd.testing.assert_frame_equal(frame, table)
    assert array.tolist() == [0, 1, 2]
    assert host.last.inputs("echo")["value"].keys() == {"artifact"}


def test_an_argument_that_cannot_be_stored_is_named():
    @pipeline
    def wrong():
        echo(threading.Lock())

    with pytest.raises(SerializationError, match=r"argument 'value' of echo\(\).*lock"):
        wrong()


def test_columns_of_unannotated_tables_can_be_passed_on(host):
    @component
    def table():
        return pd.DataFrame({"a": [1, 2]})

    @pipeline
    def columns():
        return total(table()["a"])

    assert columns() == 3
    assert host.last.inputs("total")["numbers"].keys() == {"artifact"}


def test_fields_of_unannotated_results_are_references_where_they_are_outputs(host):
    @pipeline
    def fields():
        return double(two_outputs(1).second)

    assert fields() == 4
    assert host.last.inputs("double") == {"x": {"ref": "two_outputs.second"}}


def test_a_result_of_another_run_is_a_value(host):
    kept = []

    @pipeline
    def first():
        kept.append(double(2))

    @pipeline
    def second():
        return double(kept[0])

    first()
    assert second() == 8
    assert host.last.inputs("double") == {"x": 4}


def test_wrong_arguments_are_a_type_error_at_the_call():
    @pipeline
    def wrong():
        total([1], 2)

    @pipeline
    def missing():
        split()

    with pytest.raises(TypeError, match=r"total\(\) too many positional arguments"):
        wrong()
    with pytest.raises(TypeError, match=r"split\(\) missing a required argument: 'numbers'"):
        missing()
    with pytest.raises(TypeError, match=r"missing\(\) too many"):
        missing(1)


def test_keywords_are_inputs_and_positional_only_parameters_are_refused(host):
    @component
    def collect(a, **others):
        return {"a": a, **others}

    @pipeline
    def collected():
        return collect(1, b=double(1))

    assert collected() == {"a": 1, "b": 2}
    assert host.last.inputs("collect") == {"a": 1, "b": {"ref": "double"}}
    with pytest.raises(TypeError, match="component 'f': a node's inputs have names"):

        @component
        def f(*args): ...


def test_defaults_that_are_not_json_are_left_to_the_function(host):
    @component
    def sized(items=(1, 2), table=None, mark="{{ x }}"):
        return [type(items).__name__, table, mark]

    @pipeline
    def defaults():
        return sized()

    assert defaults() == ["tuple", None, "{{ x }}"]
    assert host.last.inputs("sized") == {"table": None, "mark": {"value": "{{ x }}"}}


def test_options_become_the_nodes(host):
    @component(
        platform="docker",
        image="python:3.11",
        retry=2,
        timeout_s=60,
        cache=True,
        resources={"gpu": 1},
        name="train-it",
        at_most_once=False,
    )
    def train(): ...

    @component(retry=Retry(attempts=2, on=("OSError",)), cache=CachePolicy(mode="inputs", version="2"))
    def fetch(): ...

    @component(retry={"attempts": 4, "delay_s": 0})
    def poll(): ...

    @pipeline
    def all_of_them():
        train(), fetch(), poll()

    all_of_them()
    node, *others = host.last.nodes.values()
    assert node.id == "train-it"
    assert node.platform == PlatformSpec(kind="docker", options={"image": "python:3.11"})
    assert (node.retry.attempts, node.timeout_s, node.cache.mode, node.resources) == (3, 60, "inputs", {"gpu": 1})
    assert [other.retry.attempts for other in others] == [2, 4]
    assert others[0].cache.version == "2"


def test_every_wrong_option_is_named_where_it_is_written():
    with pytest.raises(WorkflowError) as caught:
        component(timeout_s=-1, retry=-5, resources={"gpu": 0})(echo)
    assert "component 'echo': 3 faults" in str(caught.value)
    assert "(timeout_s): Input should be greater than 0" in str(caught.value)
    with pytest.raises(WorkflowError, match="component 'two words'"):
        component(name="two words")(echo)


def test_any_function_can_become_a_component_by_a_call(host):
    shout = component(lambda text: text.upper(), name="shout")
    again = component(double, retry=1)

    @pipeline(name="loud")
    def loud():
        return shout("a") + str(again(2)) + str(double(1))

    assert loud() == "A42"
    assert host.last.name == "loud"
    assert list(host.last.nodes) == ["shout", "double", "double-2"]
    assert len(host.last.components) == 2


def test_two_functions_of_one_name_stay_apart(host):
    def make(n):
        @component
        def step():
            return n

        return step

    one, two = make(1), make(2)

    @pipeline
    def both():
        return [one(), two(), one()]

    assert both() == [1, 2, 1]
    assert [(node.id, node.component) for node in host.last.nodes.values()] == [
        ("step", "step"),
        ("step-2", "step-2"),
        ("step-3", "step"),
    ]


def test_what_a_function_captures_is_looked_at_in_every_run():
    scale = 2

    @component
    def scaled(x):
        return x * scale

    @pipeline
    def run():
        return scaled(10)

    assert run() == 20
    scale = 3
    assert run() == 30


def test_what_a_function_captures_may_be_bound_anew_between_two_calls(host):
    scale = 2

    @component
    def scaled(x):
        return x * scale

    @pipeline
    def rescaled():
        nonlocal scale
        results = [scaled(10), scaled(11)]
        scale = 3
        return [*results, scaled(10)]

    assert rescaled() == [20, 22, 30]
    assert [node.component for node in host.last.nodes.values()] == ["scaled", "scaled", "scaled-2"]


@pytest.fixture
def users_steps(tmp_path, monkeypatch):
    """A module of the user's, importable by name."""
    text = """
        from twingraph_lab.frontends.decorators import component, pipeline

        @component
        def add(a, b):
            return a + b

        @component
        def plus_one(a):
            return add(a, 1)

        @pipeline
        def count(a=1):
            return plus_one(add(a, 2))
    """
    (tmp_path / "my_steps.py").write_text(dedent(text))
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("my_steps")
    del sys.modules["my_steps"]


def test_importable_components_are_references(host, users_steps, tmp_path):
    assert users_steps.count() == 4
    assert set(host.last.components.values()) == {
        PythonFunction(ref="my_steps:add"),
        PythonFunction(ref="my_steps:plus_one"),
    }
    assert host.last.context.source == str(tmp_path / "my_steps.py")
    assert str(tmp_path) in host.last.context.sys_path


def test_a_failure_is_raised_where_the_value_is_used(host):
    reached = []

    @pipeline
    def use():
        bad = fail("too late")
        reached.append("after the call")
        reached.append(int(bad))

    with pytest.raises(RunFailedError, match="node 'fail': ValueError: too late"):
        use()
    assert reached == ["after the call"]
    assert "too late" in host.last.aborted
    assert host.last.closed is None


def test_a_failure_nobody_looked_at_is_raised_at_the_end(host):
    @pipeline
    def ignore():
        fail()
        return 1

    with pytest.raises(RunFailedError, match="no luck"):
        ignore()


def test_a_failure_that_the_body_catches_does_not_fail_the_run(host):
    @pipeline
    def careful():
        lost = double(fail())
        try:
            return int(lost)
        except RunFailedError as error:
            return echo(str(error).splitlines()[0])

    assert "no luck" in careful()
    assert host.last.closed[1] == {"fail", "double"}


def test_the_bodys_own_exception_comes_out_unchanged_and_stops_the_run(host):
    error = KeyError("mine")

    @pipeline
    def broken():
        double(1)
        raise error

    with pytest.raises(KeyError) as caught:
        broken()
    assert caught.value is error
    assert host.last.aborted == "KeyError: 'mine'"
    assert double(2) == 4  # no pipeline is left active


def test_an_interrupt_stops_the_run(host):
    @pipeline
    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert host.last.aborted == "KeyboardInterrupt"


def test_an_exception_without_a_text_stops_the_run_too(host):
    class WordlessError(Exception):
        def __str__(self):
            raise RuntimeError

    @pipeline
    def wordless():
        raise WordlessError

    with pytest.raises(WordlessError):
        wordless()
    assert host.last.aborted == "WordlessError"


def test_a_pipeline_in_a_pipeline_adds_to_its_run(host):
    @pipeline
    def inner(x):
        return double(x)

    @pipeline
    def outer():
        return double(inner(2))

    assert outer() == 8
    assert len(host.runs) == 1
    assert host.last.inputs("double-2") == {"x": {"ref": "double"}}


def test_async_components_run_in_pipelines():
    @component
    async def later(x):
        await asyncio.sleep(0)
        return x + 1

    @pipeline
    def run():
        return later(later(1))

    assert run() == 3


def test_a_pipelines_body_is_a_plain_function():
    async def coroutine(): ...

    async def values():
        yield 1

    def generator():
        yield 1

    for function in (coroutine, values, generator):
        with pytest.raises(TypeError, match="pipeline 'p': its body must be a plain function"):
            pipeline(function, name="p")


@pytest.mark.parametrize("made", [partial(max, 1), itemgetter(0), 3])
def test_what_is_no_function_is_refused_with_a_way_out(made):
    for decorate in (component, pipeline):
        with pytest.raises(TypeError, match=r"must be a function, not a \w+; call that in a `def` of its own"):
            decorate(made)


def test_methods_are_refused_and_staticmethods_are_functions():
    with pytest.raises(TypeError, match="component 'add': a method can't be a component"):

        class Counter:
            @component
            def add(self, x): ...

    class Tools:
        @staticmethod
        @component
        def doubled(x):
            return 2 * x

    @pipeline
    def doubled():
        return Tools.doubled(Tools().doubled(1))

    assert doubled() == 4


def test_results_in_returned_sets_are_values_too():
    @pipeline
    def sets():
        return {double(1), double(2)}, frozenset({double(1)})

    several, one = sets()
    assert (several, one) == ({2, 4}, {2})
    assert {type(each) for each in [*several, *one]} == {int}


def test_calls_in_other_threads_are_plain_calls(host):
    @pipeline
    def threaded():
        with ThreadPoolExecutor() as pool:
            return list(pool.map(double, [1, 2]))

    assert threaded() == [2, 4]
    assert host.last.nodes == {}


def test_what_the_lab_starts_does_not_inherit_the_pipeline(host, monkeypatch):
    seen = []
    add = ThreadRun.add

    def noting(self, nodes, components, sites):
        seen.append(type(double(1)))
        add(self, nodes, components, sites)

    monkeypatch.setattr(ThreadRun, "add", noting)
    pipeline(lambda: double(2), name="p")()
    assert seen == [int]


def test_json_arguments_are_the_runs_parameters(host):
    @pipeline
    def parametrised(n, table, *, depth=3, names=("a",)):
        return n

    assert parametrised(1, pd.DataFrame()) == 1
    assert host.last.parameters == {"n": 1, "depth": 3}


def test_what_cannot_be_stored_is_still_returned(host):
    @pipeline
    def locked():
        return {"lock": threading.Lock(), "n": double(1)}

    assert locked()["n"] == 2
    assert host.last.closed[0] == {"n": {"ref": "double"}}


def test_without_a_lab_the_message_says_what_to_import():
    before = decorators.use_host(None)
    try:
        with pytest.raises(ConflictError, match="import twingraph_lab"):
            pipeline(lambda: 1, name="p")()
    finally:
        decorators.use_host(before)


def test_a_pipeline_as_a_document():
    @pipeline
    def sums(numbers: list[int], at: int = 5, title="all"):
        """Sums below and above."""
        parts = split(numbers, at)
        return {"small": total(parts.small), "title": echo(title), "both": [total(parts["outputs"]["large"]), at]}

    document = sums.workflow()
    assert faults(document) == []
    assert load_document(dump(document)) == document
    assert document.description == "Sums below and above."
    assert {name: (p.type, p.required, p.default) for name, p in document.parameters.items()} == {
        "numbers": ("array", True, None),
        "at": ("integer", False, 5),
        "title": ("any", False, "all"),
    }
    assert document.by_id["split"].inputs == {"numbers": {"param": "numbers"}, "at": {"param": "at"}}
    assert document.by_id["total-2"].inputs == {"numbers": {"ref": "split.large"}}
    assert document.outputs["both"] == [{"ref": "total-2"}, {"param": "at"}]


def test_functions_without_a_name_to_import_are_parts_of_the_document():
    square = component(lambda x: x * x, name="square")
    document = pipeline(lambda: [square(2), square(3)], name="squares").workflow()
    assert [node.component for node in document.nodes] == ["square", "square"]
    assert document.components["square"].kind == "pickled"
    assert load_document(dump(document)) == document


def test_a_pipeline_of_importable_functions_is_the_document_one_would_write(users_steps):
    written = {
        "name": "count",
        "parameters": {"a": {"default": 1}},
        "nodes": [
            {"id": "add", "component": "my_steps:add", "inputs": {"a": {"param": "a"}, "b": 2}},
            {"id": "plus_one", "component": "my_steps:plus_one", "inputs": {"a": {"ref": "add"}}},
        ],
        "outputs": {"result": {"ref": "plus_one"}},
    }
    assert users_steps.count.workflow() == load_document(written)


def test_given_arguments_are_fixed_in_the_document():
    @pipeline
    def doubled(times, start=1, config=None):
        x = start
        for _ in range(times):
            x = double(x)
        return echo(config["depth"]) if times == 1 else x

    assert list(doubled.workflow(3).nodes[2].inputs.values()) == [{"ref": "double-2"}]
    assert doubled.workflow(times=1).parameters.keys() == {"start", "config"}
    assert doubled.workflow(times=1).by_id["echo"].inputs == {"value": "{{ input.config.depth }}"}


def test_a_pipeline_that_decides_has_no_static_form_and_the_line_is_named():
    @pipeline
    def deciding(n):
        x = double(n)
        if x > 3:  # this line
            return echo(x)
        return x

    line = deciding.function.__code__.co_firstlineno + 3
    with pytest.raises(WorkflowError, match=rf"no static form: test_decorators.py, line {line} uses the value of doub"):
        deciding.workflow()


def test_a_refusal_cannot_be_caught_by_the_body():
    @pipeline
    def hiding(n):
        try:
            return echo(int(n))
        except Exception:
            return echo(0)

    with pytest.raises(WorkflowError, match=r"parameter 'n'; to fix it in the document, give it: workflow\(n=…\)"):
        hiding.workflow()
    assert hiding.workflow(n=3).by_id["echo"].inputs == {"value": 3}


def test_a_document_holds_only_json():
    @pipeline
    def with_table():
        return echo(pd.DataFrame())

    with pytest.raises(
        SerializationError, match=r"argument 'value' of echo\(\): a document holds JSON values, not a Data"
    ):
        with_table.workflow()


class NoRun(ThreadRun):
    """Takes nodes and does nothing, to measure what is ours."""

    def add(self, nodes, components, sites):
        self.nodes.update((node.id, node) for node in nodes)

    def close(self, outputs=None, *, handled=()): ...


def test_a_call_costs_less_than_100_microseconds(host, monkeypatch):
    monkeypatch.setattr(host, "open", lambda name, **given: NoRun(host, name, {}, None))
    spent = []

    @pipeline
    def many():
        begun = time.perf_counter()
        first = two_outputs(0)["outputs"]["first"]
        for _ in range(1000):
            double(first)
        spent.append(time.perf_counter() - begun)

    for _ in range(3):
        many()
    assert min(spent) / 1000 < 100e-6
