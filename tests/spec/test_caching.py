from __future__ import annotations

import pytest
from pydantic import ValidationError

from twingraph_lab.errors import WorkflowError
from twingraph_lab.spec.caching import cache_policy, duration_s, policy_text
from twingraph_lab.spec.document import dump, load
from twingraph_lab.spec.workflow import CachePolicy, Node, Workflow


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("inputs", CachePolicy(mode="inputs")),
        ("none", CachePolicy()),
        (" source , ttl = 1h ", CachePolicy(mode="source", ttl_s=3600)),
        ("version=3", CachePolicy(mode="version", version="3")),
        ("inputs,version=2.1-beta", CachePolicy(mode="inputs", version="2.1-beta")),
        ("version", CachePolicy(mode="version")),
        ("ttl=90", CachePolicy(mode="inputs", ttl_s=90)),
        ("scope=shared,refresh", CachePolicy(mode="inputs", scope="shared", refresh=True)),
        ("source,ttl=2d,scope=run", CachePolicy(mode="source", ttl_s=172_800, scope="run")),
        ("ttl=1.5s", CachePolicy(mode="inputs", ttl_s=1.5)),
    ],
)
def test_a_policy_is_one_short_text(text, policy):
    assert cache_policy(text) == policy
    assert cache_policy(policy_text(policy)) == policy


def test_every_fault_of_a_text_is_named():
    with pytest.raises(WorkflowError) as caught:
        cache_policy("souce, ttl=soon, scope=all, version=")
    messages = [fault.message for fault in caught.value.faults]
    assert len(messages) == 4
    assert "did you mean 'source'?" in messages[0]
    assert "'soon' is not a time like 30s, 5m, 1h or 7d" in messages[1]
    assert "run, project, shared" in messages[2]
    assert "no version" in messages[3]


@pytest.mark.parametrize(
    "text", ["", " , ", "none,ttl=1h", "inputs,source", "ttl=1h,ttl=2h", "ttl=0", "ttl=1e400", "refresh=1"]
)
def test_what_says_nothing_or_two_things_is_refused(text):
    with pytest.raises(WorkflowError):
        cache_policy(text)


@pytest.mark.parametrize(("text", "seconds"), [("30", 30), ("30s", 30), ("5m", 300), ("5min", 300), ("1w", 604_800)])
def test_times(text, seconds):
    assert duration_s(text) == seconds


@pytest.mark.parametrize(
    ("given", "mode"),
    [(True, "inputs"), (False, "none"), ("source,ttl=1d", "source"), ({"mode": "version"}, "version")],
)
def test_nodes_take_a_policy_in_any_form(given, mode):
    assert Node(id="a", component="http", cache=given).cache.mode == mode


def test_a_document_may_say_it_as_text_and_is_written_in_full():
    text = '{"version": "twingraph/1", "name": "w", "nodes": [{"id": "a", "component": "http", "cache": "ttl=1h"}]}'
    read = load(text)
    assert read.nodes[0].cache == CachePolicy(mode="inputs", ttl_s=3600)
    assert load(dump(read)) == read
    assert isinstance(read, Workflow)


def test_a_bad_text_is_a_fault_of_its_node():
    document = '{"version": "twingraph/1", "name": "w", "nodes": [{"id": "a", "component": "http", "cache": "often"}]}'
    with pytest.raises(WorkflowError, match=r"node 'a' \(nodes\[0\].cache\): 'often' is no part of a cache policy"):
        load(document)
    with pytest.raises(ValidationError, match="no part of a cache policy"):
        Node(id="a", component="http", cache="often")
