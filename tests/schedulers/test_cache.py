from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from twingraph_lab.errors import StoreError
from twingraph_lab.planning.context import RunContext
from twingraph_lab.planning.plan import plan
from twingraph_lab.runtime.artifacts import ArtifactStore
from twingraph_lab.runtime.job import Job
from twingraph_lab.schedulers.cache import Cache, Hit
from twingraph_lab.schedulers.turns import LOCKS, turn
from twingraph_lab.spec.workflow import CachePolicy, Node, Source, Workflow

INPUTS = CachePolicy(mode="inputs")


@pytest.fixture
def store(tmp_path):
    return ArtifactStore(str(tmp_path / "store"))


@pytest.fixture
def asked(store, tmp_path):
    """A job and its one task."""

    def asked(code="x = n", n=1, **policy):
        node = Node(
            id="a", component=Source(code=code, outputs=("x",)), inputs={"n": n}, cache={"mode": "inputs", **policy}
        )
        planned = plan(Workflow(name="w", nodes=(node,)))
        context = RunContext(cwd=str(tmp_path), project="p")
        return Job("r1", 1, {}, planned.components, context, store.url, "w"), planned.tasks["a"]

    return asked


def kept(cache, job, task, value):
    basis = cache.basis(job, task, {})
    outputs = {"x": cache._store.put(value)}
    cache.keep(job, task, basis, outputs)
    return basis.key, outputs


def now(later_s=0.0):
    return datetime.now(UTC) + timedelta(seconds=later_s)


def test_what_was_kept_is_found_with_where_it_came_from(store, asked):
    cache = Cache(store)
    key, outputs = kept(cache, *asked(), 7)
    assert Cache(ArtifactStore(store.url)).find(key, INPUTS, now()) == Hit(outputs=outputs, origin="r1/a")


def test_misses_are_told_apart(store, asked):
    cache = Cache(store)
    assert cache.look(cache.basis(*asked(), {}).key, INPUTS, now()) == "new"
    key, outputs = kept(cache, *asked(), "large" * 100_000)
    policy = CachePolicy(mode="inputs", ttl_s=60)
    assert isinstance(cache.look(key, policy, now(59)), Hit)
    assert cache.look(key, policy, now(61)) == "expired"
    digest = outputs["x"].digest.removeprefix("sha256:")
    Path(store.url, "sha256", digest[:2], digest[2:]).unlink()
    assert cache.look(key, INPUTS, now()) == "gone"
    assert cache.find(key, INPUTS, now()) == "gone"


def test_damaged_values_are_not_used(store, asked):
    cache = Cache(store)
    for value, change in (("large" * 100_000, (b"large", b"small")), ([1, 2, 3], (b"[1,2,3]", b"[1,2,4]"))):
        job, task = asked(n=len(value))
        key, _ = kept(cache, job, task, value)
        for file in Path(store.url).rglob("*"):
            if file.is_file():
                file.write_bytes(file.read_bytes().replace(*change, 1))
        assert cache.find(key, INPUTS, now()) == "gone"
        kept(cache, job, task, value)
        assert isinstance(cache.find(key, INPUTS, now()), Hit)


def test_a_damaged_entry_is_as_good_as_none(store, asked):
    cache = Cache(store)
    key, _ = kept(cache, *asked(), 7)
    for damaged in (b"", b'{"key": "sha2', b'{"outputs": {}, "origin": "of an older version"}'):
        store.write(f"cache/{key.removeprefix('sha256:')}.json", damaged)
        assert cache.look(key, INPUTS, now()) == "new"
        assert list(cache.entries()) == []


def test_a_task_whose_code_is_unknown_has_no_key(store, tmp_path):
    node = Node(id="a", component="notebook", inputs={"path": "missing.ipynb"}, cache=INPUTS)
    planned = plan(Workflow(name="w", nodes=(node,)))
    job = Job("r1", 1, {}, planned.components, RunContext(cwd=str(tmp_path)), store.url)
    assert Cache(store).basis(job, planned.tasks["a"], {}).key == ""


def test_values_of_equal_bytes_but_different_kinds_are_different(store, tmp_path):
    nodes = (
        Node(id="up", component=Source(code="x = 1", outputs=("x",))),
        Node(id="a", component=Source(code="y = x"), inputs={"x": {"ref": "up.x"}}, cache=INPUTS),
    )
    planned = plan(Workflow(name="w", nodes=nodes))
    job = Job("r1", 1, {}, planned.components, RunContext(cwd=str(tmp_path)), store.url)
    json, raw = store.put([1]), store.put(b"[1]")
    assert json.digest == raw.digest
    keys = {Cache(store).basis(job, planned.tasks["a"], {"up": {"x": value}}).key for value in (json, raw)}
    assert len(keys) == 2


def test_what_was_edited_while_it_ran_is_not_kept(store, asked, tmp_path):
    helper = tmp_path / "helper.py"
    helper.write_text("n = 1")
    cache, (job, task) = Cache(store), asked("import helper\nx = helper.n")
    basis = cache.basis(job, task, {})
    helper.write_text("n = 2")
    cache.keep(job, task, basis, {"x": store.put(1)})
    assert cache.look(basis.key, INPUTS, now()) == "new"


def test_entries_can_be_listed_and_pruned_and_values_stay(store, asked):
    cache = Cache(store)
    key, outputs = kept(cache, *asked(), "large" * 100_000)
    kept(cache, *asked(n=2, ttl_s=5), 7)
    entries = sorted(cache.entries(), key=lambda entry: -entry.size_bytes)
    assert [(entry.origin, entry.workflow, entry.project) for entry in entries] == [("r1/a", "w", "p")] * 2
    assert entries[0].key == key
    assert entries[0].size_bytes > 500_000
    assert entries[1].expired(entries[1].policy, now(6))
    assert cache.prune(entries[:1]) == 1
    assert list(cache.entries()) == entries[1:]
    assert store.verify(outputs["x"])


def test_one_at_a_time_has_its_turn(tmp_path):
    inside, most, done = [], [], []

    def work():
        with turn(str(tmp_path), "k", threading.Event()) as ours:
            assert ours
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.005)
            inside.pop()
        done.append(1)

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert max(most) == 1
    assert len(done) == 12
    assert (tmp_path / LOCKS).stat().st_size == 0


def test_other_names_do_not_wait(tmp_path):
    with turn(str(tmp_path), "k", threading.Event()), turn(str(tmp_path), "other", threading.Event()) as ours:
        assert ours


def test_a_store_that_cannot_be_locked_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="can't be locked"), turn(str(tmp_path / "file"), "k", threading.Event()):
        pass
    (tmp_path / LOCKS).mkdir()
    with pytest.raises(StoreError, match="can't be locked"), turn(str(tmp_path), "k", threading.Event()):
        pass


def test_waiting_ends_when_the_run_is_stopped(tmp_path):
    stopping = threading.Event()
    threading.Timer(0.05, stopping.set).start()
    with turn(str(tmp_path), "k", threading.Event()), turn(str(tmp_path), "k", stopping) as ours:
        assert not ours


def test_an_error_gives_the_turn_back(tmp_path):
    with contextlib.suppress(ZeroDivisionError), turn(str(tmp_path), "k", threading.Event()):
        raise ZeroDivisionError
    with turn(str(tmp_path), "k", threading.Event()) as ours:
        assert ours


HOLDER = """
import sys, threading
from twingraph_lab.schedulers.turns import LOCKS, turn
with turn(sys.argv[1], "k", threading.Event()):
    print("mine", flush=True)
    sys.stdin.read()
"""


def test_the_turn_of_a_killed_process_is_over(tmp_path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout.readline() == b"mine\n"
    early = threading.Event()
    early.set()
    with turn(str(tmp_path), "other", early), turn(str(tmp_path), "k", early) as ours:
        assert not ours
    with turn(str(tmp_path), "k", early) as ours:
        assert not ours
    holder.send_signal(signal.SIGKILL)
    holder.wait(30)
    with turn(str(tmp_path), "k", threading.Event()) as ours:
        assert ours
    holder.stdin.close()
    holder.stdout.close()


def test_a_store_that_is_no_folder_has_no_turns():
    with (
        turn("s3://bucket/prefix", "k", threading.Event()) as one,
        turn("s3://bucket/prefix", "k", threading.Event()) as other,
    ):
        assert one
        assert other
