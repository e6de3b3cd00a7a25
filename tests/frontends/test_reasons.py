"""Each cause of a rerun is told, with what was before and what is after, and nothing that isn't one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from twingraph_lab.events import Basis, Failure, Metrics
from twingraph_lab.frontends.reasons import Computation, causes
from twingraph_lab.planning.context import RunContext
from twingraph_lab.runtime.artifacts import ArtifactStore
from twingraph_lab.runtime.records import TaskRecord
from twingraph_lab.runtime.states import TaskState
from twingraph_lab.spec.workflow import Node, Pickled, PythonFunction, Source

STORE = ArtifactStore("unused")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def computation(code="y = x + n", *, outputs=None, **fields):
    """Node `b` reads x of `a` and the parameter n."""
    node = {"cache": {"mode": "inputs"}, "inputs": {"x": {"ref": "a.x"}, "n": {"param": "n"}}}
    node |= {key: fields.pop(key) for key in list(fields) if key in Node.model_fields}
    component = fields.pop("code_component", Source(code=code, outputs=("y",)))
    given = {
        "run_id": "then",
        "node": Node(id="b", component=component, **node),
        "component": component,
        "parameters": {"n": 1},
        "context": RunContext(cwd="/", project="p"),
        "outputs": {"a": {name: STORE.put(value) for name, value in (outputs or {"x": 10}).items()}},
        "at": NOON,
    }
    return Computation(**{**given, **fields})


def basis(**parts):
    known = {
        "key": "k",
        "code": {"cell": "sha256:aa", "steps.py": "sha256:11111111111111"},
        "inputs": {"x": "sha256:xx", "n": 1},
        "environment": {"python": "3.11", "pandas": "2.2"},
    }
    return Basis(**{**known, **parts})


def told(before, after, **more):
    return [(cause.kind, str(cause)) for cause in causes(before, after, store=STORE, **more)]


def task(state, **fields):
    empty = dict.fromkeys(("worker", "platform", "cached_from"), "")
    numbers = dict.fromkeys(("position", "attempt", "epoch"), 1)
    values = {"outputs": {}, "failure": None, "metrics": Metrics(), "started": None, "finished": None, "basis": None}
    return TaskRecord(**{"run_id": "r1", "task_id": "b", "state": state, **empty, **numbers, **values, **fields})


def test_the_first_run():
    assert told(None, computation()) == [("first", "it has never run before")]


def test_it_failed_last_time():
    failure = Failure(kind="error", type="ValueError", message="bad rows")
    assert told(None, computation(), last=task(TaskState.FAILED, failure=failure)) == [
        ("failed", "it failed in run r1: ValueError: bad rows")
    ]
    assert told(None, computation(), last=task(TaskState.SKIPPED)) == [("failed", "it was skipped in run r1")]
    assert told(None, computation(), last=task(TaskState.PENDING)) == [("failed", "it didn't start in run r1")]


def test_changed_code_with_its_difference():
    (cause,) = causes(computation("y = x\nz = 1"), computation("y = x * 2\nz = 1"))
    assert (cause.kind, cause.about, str(cause)) == ("code", "cell", "cell has changed")
    assert cause.detail.splitlines()[1:] == ["-y = x", "+y = x * 2", " z = 1"]


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (1, 1.0, "1 → 1.0"),
        (1, True, "1 → true"),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, '{"a": 1, "b": 2} → {"b": 2, "a": 1}'),
    ],
)
def test_parameters_that_are_equal_but_not_the_same_to_code_are_told(before, after, change):
    then, now = computation(parameters={"n": before}), computation(parameters={"n": after})
    assert told(then, now) == [("parameter", f"parameter n {change}")]
    recorded = [replace(each, basis=basis(inputs={"n": each.parameters["n"]})) for each in (then, now)]
    assert told(*recorded) == [("parameter", f"parameter n {change}")]


def test_comments_and_layout_are_no_change_of_code():
    found = told(computation("y = x"), computation("y  =  x  # copied"))
    assert [kind for kind, _ in found] == ["unknown"]


def test_secrets_in_code_are_not_shown():
    (cause,) = causes(computation("password = 'abcdef'"), computation("password = 'ghijkl'"))
    assert "abcdef" not in cause.detail
    assert "ghijkl" not in cause.detail


def test_helpers_of_other_cells_are_named():
    setups = ("import os\n\ndef half(x):\n    return x / 2", "import sys\n\ndef half(x):\n    return x // 2")
    then, now = (Source(code="y = half(x)", setup=setup, outputs=("y",)) for setup in setups)
    found = causes(computation(code_component=then), computation(code_component=now))
    assert [(cause.about, cause.text) for cause in found] == [
        ("os", "isn't used any more"),
        ("half", "has changed"),
        ("sys", "is used now"),
    ]
    assert found[1].detail.splitlines()[2:] == ["-    return x / 2", "+    return x // 2"]


def test_a_changed_file_of_the_project():
    now = basis(code={"cell": "sha256:aa", "steps.py": "sha256:22222222222222"})
    assert told(computation(basis=basis()), computation(basis=now)) == [
        ("code", "steps.py 11111111111111 → 22222222222222: has changed".replace("11111111111111", "111111111111"
        ).replace("22222222222222", "222222222222"))
    ]  # fmt: skip


def test_a_file_that_is_used_no_more_or_newly():
    now = basis(code={"cell": "sha256:aa", "other.py": "sha256:33"})
    assert told(computation(basis=basis()), computation(basis=now)) == [
        ("code", "steps.py isn't used any more"),
        ("code", "other.py is used now"),
    ]


def test_another_function_and_a_function_with_other_helpers():
    then, now = PythonFunction(ref="steps:clean"), PythonFunction(ref="steps:tidy")
    assert told(computation(code_component=then), computation(code_component=now))[0] == (
        "code",
        "component steps:clean → steps:tidy",
    )
    then, now = (Pickled(name="f", data="", source="def f(): ...", digest=digest) for digest in "ab")
    assert told(computation(code_component=then), computation(code_component=now)) == [
        ("code", "f uses other helpers or values than then")
    ]


def test_a_changed_parameter():
    assert told(computation(), computation(parameters={"n": 2})) == [("parameter", "parameter n 1 → 2")]


def test_a_parameter_read_by_two_inputs_is_told_once():
    inputs = {"n": {"param": "n"}, "text": "{{ input.n }} rows"}
    before, after = (computation(inputs=inputs, parameters={"n": n}) for n in (1, 2))
    assert told(before, after) == [("parameter", "parameter n 1 → 2")]


def test_a_secret_parameter_is_not_shown():
    inputs = {"x": {"param": "password"}}
    before, after = (computation(inputs=inputs, parameters={"password": word}) for word in ("abcdef", "ghijkl"))
    assert told(before, after) == [("parameter", 'parameter password "***" → "***"')]


def test_an_input_whose_node_ran_again():
    after = computation(outputs={"x": 11}, ran=frozenset("a"))
    assert told(computation(), after) == [("input", "input x 10 → 11: a.x ran again and gave something else")]


def test_an_input_whose_node_was_reused_from_elsewhere():
    assert told(computation(), computation(outputs={"x": 11})) == [
        ("input", "input x 10 → 11: a.x gave something else")
    ]


def test_an_output_that_is_not_read_is_no_cause():
    found = told(computation(outputs={"x": 10, "y": 1}), computation(outputs={"x": 10, "y": 2}))
    assert [kind for kind, _ in found] == ["unknown"]


def test_an_input_from_elsewhere_a_new_one_and_one_that_is_gone():
    then = computation(inputs={"x": {"ref": "a.x"}, "old": 1})
    now = computation(inputs={"x": 3, "new": "text"})
    assert told(then, now) == [
        ("input", "input x a.x → 3"),
        ("input", "input old isn't given any more"),
        ("input", 'input new is given now: "text"'),
    ]


def test_a_literal_that_changed():
    assert told(computation(inputs={"k": 1}), computation(inputs={"k": 2})) == [("input", "input k 1 → 2")]


def test_what_was_recorded_as_equal_is_no_change():
    inputs = {"x": {"ref": "a.x.rows"}}
    same = basis(inputs={"x": "sha256:part"})
    before = computation(inputs=inputs, outputs={"x": {"rows": 1, "n": 1}}, basis=same)
    after = computation(inputs=inputs, outputs={"x": {"rows": 1, "n": 2}}, basis=same)
    assert [kind for kind, _ in told(before, after)] == ["unknown"]


def test_a_renamed_node_that_gives_the_same_is_no_change():
    before, after = computation(), computation(inputs={"x": {"ref": "c.x"}, "n": {"param": "n"}})
    after = replace(after, outputs={"c": before.outputs["a"]})
    assert [kind for kind, _ in told(before, after)] == ["unknown"]


def test_another_environment():
    now = basis(environment={"python": "3.12", "pandas": "2.3", "numpy": "2.0"})
    assert told(computation(basis=basis()), computation(basis=now)) == [
        ("environment", "python 3.11 → 3.12"),
        ("environment", "pandas 2.2 → 2.3"),
        ("environment", "numpy absent → 2.0"),
    ]


def test_another_platform_and_image():
    then = computation(platform={"kind": "docker", "options": {"image": "python:3.11"}})
    now = computation(platform={"kind": "docker", "options": {"image": "python:3.12"}})
    assert told(then, now) == [("platform", 'image "python:3.11" → "python:3.12"')]
    assert told(computation(), then)[0] == ("platform", "platform local → docker")


def test_another_version():
    then = computation(cache={"mode": "inputs", "version": "1"})
    now = computation(cache={"mode": "inputs", "version": "2"})
    assert told(then, now) == [("version", "version 1 → 2")]


def test_other_outputs():
    then, now = (Source(code="y = z = x", outputs=names) for names in (("y",), ("y", "z")))
    assert told(computation(code_component=then), computation(code_component=now)) == [("outputs", "outputs y → y, z")]


def test_what_was_kept_is_too_old():
    cache = {"mode": "inputs", "ttl_s": 3600}
    after = computation(cache=cache, at=NOON + timedelta(hours=2), basis=basis(miss="expired"))
    assert told(computation(cache=cache, basis=basis()), after) == [
        ("expired", "what was kept is 2 h 00 min old, more than 1 h 00 min")
    ]


def test_what_was_kept_is_gone_or_pruned():
    before = computation(basis=basis())
    assert told(before, computation(basis=basis(miss="gone"))) == [
        ("gone", "what run then gave is missing from the store, or damaged")
    ]
    assert told(before, computation(basis=basis(miss="new"))) == [
        (
            "gone",
            "what run then gave isn't in the cache: it was pruned, or its code was edited while it ran",
        )
    ]


def test_forced_or_refreshed():
    forced = computation(context=RunContext(cwd="/", refresh=True))
    assert told(computation(), forced) == [("forced", "asked for with --force")]
    partly = computation(context=RunContext(cwd="/", refresh=True, asked="--from b"), parameters={"n": 2})
    assert told(computation(), partly) == [
        ("forced", "asked for with --from b"),
        ("parameter", "parameter n 1 → 2"),
    ]
    assert told(computation(), computation(cache={"mode": "inputs", "refresh": True}))[0] == (
        "forced",
        "its cache policy says refresh",
    )


def test_a_replay():
    context = RunContext(cwd="/", replay_of="r1/b/2")
    assert told(computation(), computation(context=context, cache={"mode": "none"})) == [("replay", "it repeats r1/b")]


def test_a_node_without_cache():
    bare = computation(cache={"mode": "none"})
    hint = "with the cache policy `inputs`, what run then gave would do"
    assert told(bare, bare) == [("uncached", f"it isn't cached; {hint}")]
    assert told(bare, replace(bare, parameters={"n": 2})) == [
        ("parameter", "parameter n 1 → 2"),
        ("uncached", "it isn't cached"),
    ]


def test_a_node_that_was_not_cached_before():
    assert told(computation(cache={"mode": "none"}), computation()) == [
        ("policy", "it wasn't cached in run then, so nothing was kept")
    ]


def test_code_that_cannot_be_known():
    unknown = basis(key="", code={"notebook": "x", "path": ""})
    assert told(computation(basis=unknown), computation(basis=unknown)) == [
        ("uncached", "it can't be cached, since some of its code isn't known: path")
    ]


@pytest.mark.parametrize(
    ("then", "now", "cause"),
    [
        ({}, {"scope": "run"}, "its cache scope is run: outputs of other runs don't count"),
        ({}, {"scope": "shared"}, "cache scope project → shared"),
        ({}, {"mode": "version"}, "cache policy inputs → version"),
    ],
)
def test_another_policy_or_scope(then, now, cause):
    before, after = (computation(cache={"mode": "inputs", **policy}) for policy in (then, now))
    assert [text for _, text in told(before, after)] == [cause]


def test_another_project():
    after = computation(context=RunContext(cwd="/", project="q"))
    assert told(computation(), after) == [("scope", "project p → q")]


def test_each_policy_looks_at_its_own():
    cache = {"mode": "source"}
    found = told(computation("y = 1", cache=cache), computation("y = 2", cache=cache, parameters={"n": 2}))
    assert [kind for kind, _ in found] == ["code"]
    cache = {"mode": "version", "version": "1"}
    found = told(computation("y = 1", cache=cache), computation("y = 2", cache=cache, parameters={"n": 2}))
    assert [kind for kind, _ in found] == ["parameter"]


def test_inputs_that_are_not_known_yet_are_not_compared():
    after = computation(outputs={"x": 0}, pending=frozenset("a"))
    assert told(computation(), after) == []
    assert told(computation(), replace(after, parameters={"n": 2})) == [("parameter", "parameter n 1 → 2")]


def test_several_causes_come_together():
    after = computation("y = 2", parameters={"n": 2}, outputs={"x": 11}, ran=frozenset("a"))
    assert [kind for kind, _ in told(computation(), after)] == ["code", "input", "parameter"]
