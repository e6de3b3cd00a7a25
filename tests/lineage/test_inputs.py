"""What an execution was given."""

from __future__ import annotations

from tests.lineage.toy_run import artifact, stored
from twingraph_lab.lineage.inputs import Consumed, given
from twingraph_lab.spec.workflow import Node, PythonFunction

OUTPUTS = {
    "load": {"rows": artifact([1, 2]), "n": artifact(2)},
    "one": {"result": artifact({"a": [5]})},
    "big": {"result": stored()},
}
DIGEST = {f"{node}.{name}": value.digest for node, outputs in OUTPUTS.items() for name, value in outputs.items()}


def of(inputs, parameters=None):
    return given(Node(id="n", component=PythonFunction(ref="m:f"), inputs=inputs), parameters or {}, OUTPUTS)


def test_references_and_parameters_are_shown_as_the_values_they_had():
    shown = of(
        {"a": {"ref": "load.rows.1"}, "b": [{"ref": "one.a"}, {"param": "p"}], "c": {"value": {"ref": "x"}}}, {"p": 7}
    ).shown

    assert shown == {"a": 2, "b": [[5], 7], "c": {"ref": "x"}}


def test_a_part_of_a_value_that_only_the_store_holds_is_shown_as_that_value():
    assert "1000000 bytes" in of({"a": {"ref": "big.part"}}).shown["a"]


def test_what_is_consumed_is_each_artifact_once_an_input():
    inputs = {
        "x": [{"ref": "load.rows"}, {"ref": "load.rows.0"}],
        "t": "{{ load.n }} {{ one.a }}",
        "all": {"ref": "load"},
    }

    assert set(of(inputs).consumed) == {
        Consumed(DIGEST["load.rows"], "x"),
        Consumed(DIGEST["load.n"], "t"),
        Consumed(DIGEST["one.result"], "t"),
        Consumed(DIGEST["load.rows"], "all"),
        Consumed(DIGEST["load.n"], "all"),
    }
    assert len(of(inputs).consumed) == 5


def test_the_digest_tells_different_inputs_apart_and_ignores_secrets():
    same = {"x": {"ref": "load.rows"}, "y": 1, "password": "a"}
    others = [
        {**same, "y": 2},
        {**same, "x": {"ref": "load.n"}},
        {**same, "x": {"ref": "load.rows.0"}},
        {**same, "y": "{{ load.n }}"},
    ]

    assert of(same).digest == of({**same, "password": "b"}).digest
    assert len({of(inputs).digest for inputs in [same, *others]}) == 5


def test_a_node_that_didnt_run_leaves_nothing_to_show():
    assert of({"x": {"ref": "skipped"}}).shown == {"x": {}}
