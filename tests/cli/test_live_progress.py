from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from twingraph_lab.cli.progress import Lines, LiveTree, Silent, branches, display_for
from twingraph_lab.events import (
    Failure,
    Metrics,
    RunCancelRequested,
    RunFinished,
    RunStarted,
    TaskCompleted,
    TaskFailed,
    TaskLogged,
    TaskRetried,
    TaskSkipped,
    TaskStarted,
)
from twingraph_lab.frontends.progress import RunProgress
from twingraph_lab.spec.workflow import Node, Workflow

BOOM = Failure(kind="error", type="ValueError", message="boom")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
EDGES = {"load": (), "clean": ("load",), "left": ("clean",), "right": ("clean",), "join": ("left", "right")}


def workflow(edges=None) -> Workflow:
    edges = EDGES if edges is None else edges
    return Workflow(name="demo", nodes=tuple(Node(id=n, component="x", after=up) for n, up in edges.items()))


def fan(count: int) -> Workflow:
    return workflow({f"n{i}": () for i in range(count)})


def begun(document: Workflow) -> RunProgress:
    progress = RunProgress.of(document)
    progress._clock = lambda: NOON + timedelta(seconds=5)
    return progress


def started(task: str, **more) -> TaskStarted:
    return TaskStarted(run_id="r", task_id=task, time=NOON, **more)


def completed(task: str) -> TaskCompleted:
    return TaskCompleted(run_id="r", task_id=task, metrics=Metrics(wall_s=1.5), time=NOON + timedelta(seconds=2))


BEGIN = RunStarted(run_id="r", coordinator="c", epoch=1, time=NOON)


def screen(document: Workflow, *events, width: int = 80, height: int = 30) -> str:
    console = Console(width=width, height=height, file=io.StringIO(), highlight=False)
    tree = LiveTree(begun(document), {node.id: node.upstream for node in document.nodes}, console=console)
    for event in (BEGIN, *events):
        tree.apply(event)
    with console.capture() as capture:
        console.print(tree.frame())
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


def test_the_tree_shows_each_node_below_what_it_waits_for():
    text = screen(workflow(), started("load"), completed("load"), started("clean"))
    head, *lines = text.splitlines()
    assert re.fullmatch(r"● demo running [━╸╺ ]+ 1/5 5\.0 s", head)
    assert lines == [
        "  ✓ load             1.5 s",
        "  └─ ● clean         5.0 s",
        "     ├─ · left",
        "     └─ · right",
        "        └─ · join",
    ]


def test_a_running_node_shows_the_last_line_it_wrote():
    text = screen(workflow(), started("load"), TaskLogged(run_id="r", task_id="load", text="row 1\nrow 2\n"))
    assert "● load             5.0 s row 2" in text


def test_a_failed_node_shows_its_error_and_what_was_skipped_says_why():
    text = screen(
        workflow(),
        started("load"),
        TaskFailed(run_id="r", task_id="load", failure=BOOM, time=NOON),
        TaskSkipped(run_id="r", task_id="clean", because="load"),
        RunFinished(run_id="r", status="failed", time=NOON),
    )
    assert "✗ demo failed" in text
    assert "✗ load" in text
    assert "ValueError: boom" in text
    assert "because load did not complete" in text


def test_a_cancelled_run_says_that_it_is_being_cancelled():
    assert "demo cancelling" in screen(workflow(), started("load"), RunCancelRequested(run_id="r"))


def test_large_runs_show_counts_and_what_runs_or_failed():
    text = screen(
        fan(100),
        *(started(f"n{i}") for i in range(20)),
        *(completed(f"n{i}") for i in range(18)),
        TaskFailed(run_id="r", task_id="n18", failure=BOOM),
    )
    assert "· 80 pending" in text
    assert "✓ 18 completed" in text
    assert "✗ n18" in text
    assert "● n19" in text
    assert "n17" not in text
    assert "n50" not in text


def test_the_tree_never_outgrows_the_terminal():
    text = screen(fan(39), *(started(f"n{i}") for i in range(39)), width=40, height=12)
    assert len(text.splitlines()) <= 12
    assert all(len(line) <= 40 for line in text.splitlines())


def test_deep_graphs_become_a_list():
    chain = {f"n{i}": (f"n{i - 1}",) if i else () for i in range(20)}
    assert set(branches(list(chain), chain).values()) == {"  "}


def test_a_join_hangs_from_its_deepest_parent():
    edges = {"a": (), "b": ("a",), "c": ("b",), "d": ("a", "c")}
    assert branches(list(edges), edges) == {"a": "  ", "b": "  └─ ", "c": "     └─ ", "d": "        └─ "}


def test_frames_are_drawn_at_most_ten_times_a_second():
    tree = LiveTree(begun(workflow()), {}, console=Console(file=io.StringIO()))
    assert tree._live.refresh_per_second <= 10


def test_without_a_terminal_each_change_is_one_line(capsys):
    lines = Lines(begun(workflow()))
    for event in (
        BEGIN,
        started("load"),
        TaskLogged(run_id="r", task_id="load", text="not shown"),
        TaskRetried(run_id="r", task_id="load", failure=BOOM, time=NOON),
        started("load", attempt=2),
        TaskFailed(run_id="r", task_id="load", failure=BOOM, attempt=2, time=NOON),
        TaskSkipped(run_id="r", task_id="clean", because="load", time=NOON),
    ):
        lines.apply(event)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert [line[12:] for line in captured.err.splitlines()] == [
        "● demo started, 5 nodes",
        "● load running",
        "↻ load to be retried, 0 ms, ValueError: boom",
        "● load running, attempt 2, ValueError: boom",
        "✗ load failed, 0 ms, attempt 2, ValueError: boom",
        "↷ clean skipped, because load did not complete",
    ]


def test_large_runs_without_a_terminal_print_every_tenth_of_the_way(capsys):
    lines = Lines(begun(fan(1000)))
    for i in range(1000):
        lines.apply(started(f"n{i}"))
        lines.apply(completed(f"n{i}"))
    printed = capsys.readouterr().err.splitlines()
    assert len(printed) == 10
    assert printed[0].endswith("100 of 1000 nodes done")


@pytest.mark.parametrize(("quiet", "kind"), [(True, Silent), (False, Lines)])
def test_what_is_shown_suits_where_it_goes(quiet, kind):
    assert isinstance(display_for(begun(workflow()), workflow(), quiet=quiet), kind)
