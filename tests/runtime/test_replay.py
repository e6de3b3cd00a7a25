"""Is this the call that was made before? Every way in which it may not be, in words."""

from __future__ import annotations

import pytest

from twingraph_lab.errors import ReplayError
from twingraph_lab.runtime.artifacts import ArtifactStore
from twingraph_lab.runtime.replay import Replay, Site
from twingraph_lab.spec.workflow import Node

SITE = Site("flow: add(x, 1)", "/home/me/flow.py", 7)


def node(name="add", component="add", after=(), **inputs):
    return Node(id=name, component=component, inputs=inputs, after=after)


def replay(*nodes, **options):
    return Replay("run1", nodes, {each.id: SITE.call for each in nodes}, **options)


def test_the_same_calls_are_answered_and_then_new_ones_follow():
    recorded = [node("add", x=1), node("add-2", x=[{"ref": "add"}, 1.5])]
    calls = replay(*recorded)
    assert calls.take(node("add", x=1), SITE) is recorded[0]
    assert calls.take(node("add-2", x=[{"ref": "add"}, 1.5]), SITE) is recorded[1]
    assert calls.take(node("add-3", x=1), SITE) is None
    calls.end()


@pytest.mark.parametrize(
    ("then", "now", "difference"),
    [
        (node(x=1), node(component="sub", x=1), "it was add, and is sub"),
        (node(x=1), node("add-2", x=1), "its node was 'add', and is 'add-2'"),
        (node(x=1), node(x=2), "x was 1, and is 2"),
        (node(x=1), node(x=True), "x was 1, and is true"),
        (node(x=1), node(x=1.0), "x was 1, and is 1.0"),
        (node(x=1), node(x=1, y=2), "y was absent, and is 2"),
        (node(x=1, y=2), node(x=1), "y was 2, and is absent"),
        (node(x={"a": [1, {"b": 2}]}), node(x={"a": [1, {"b": 3}]}), "x.a[1].b was 2, and is 3"),
        (node(x={"ref": "a"}), node(x={"ref": "b.y"}), "x was the result of a, and is the result of b.y"),
        (node(x={"ref": "a"}), node(x={"value": {"ref": "a"}}), 'x was the result of a, and is {"ref": "a"}'),
        (node(x=1), node(x=1, after=("a",)), "it waited for nothing, and waits for a"),
    ],
)
def test_the_first_difference_is_named(then, now, difference):
    with pytest.raises(ReplayError) as caught:
        replay(then).take(now, SITE)
    text = str(caught.value)
    assert difference + "\n" in text
    assert text.startswith(
        "call 1 of run run1 (flow.py, line 7: add(x, 1)) isn't the call that was recorded:\n  then: add("
    )
    assert "start a new run" in text


def test_another_place_in_the_code_is_another_call():
    with pytest.raises(
        ReplayError, match=r"was called by\n    flow: add\(x, 1\)\n  and is called by\n    flow: add\(x, y\)"
    ):
        replay(node(x=1)).take(node(x=1), Site("flow: add(x, y)", "flow.py", 7))


def test_an_end_before_the_last_call_is_an_error():
    calls = replay(node(x=1), node("add-2", x=2))
    calls.take(node(x=1), SITE)
    with pytest.raises(
        ReplayError, match=r"(?s)after 1 of the 2 calls.*then: add\(x=2\) by flow: add\(x, 1\)\n  now:  no call"
    ):
        calls.end()


def test_stored_values_are_compared_by_value(tmp_path):
    store = ArtifactStore(str(tmp_path))

    def stored(value):
        return node(x={"artifact": store.put(value).model_dump(mode="json")})

    some, others = {"a", "b", "c", "d"}, {"a"}
    others |= {"d", "c", "b"}
    assert replay(stored(some), load=store.get).take(stored(others), SITE)
    with pytest.raises(ReplayError, match=r"x was a stored value \(application/.*pickle, \w{8}\)"):
        replay(stored({1, 2}), load=store.get).take(stored({1, 3}), SITE)
    with pytest.raises(ReplayError):
        replay(stored({1}), load=store.get).take(stored(frozenset({1})), SITE)
