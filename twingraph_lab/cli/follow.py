"""Watching a run to its end: progress, Ctrl-C, and the summary that remains on the screen."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.text import Text

from twingraph_lab.cli.app import INTERRUPTED
from twingraph_lab.cli.history import print_outputs
from twingraph_lab.cli.output import console, note, print_json, stdout_kept_clean
from twingraph_lab.cli.progress import display_for
from twingraph_lab.cli.reports import empty_report
from twingraph_lab.errors import RunCancelledError, RunFailedError, TwinGraphError, WorkflowError
from twingraph_lab.frontends.display import RUN_LOOKS, duration, without_controls
from twingraph_lab.frontends.inspecting import active_s
from twingraph_lab.frontends.progress import RunProgress
from twingraph_lab.runtime.states import RunState

if TYPE_CHECKING:
    from twingraph_lab.lab import Lab, Run

TERMINATED = 143
"""128 + SIGTERM, as shells report it."""
CLOSING_S = 3.0
"""How long a second Ctrl-C lets the cluster stop in good order."""
ERROR_LINES = 10
SHORT_ID = 8

EXIT_CODES = {
    RunState.COMPLETED: 0,
    RunState.FAILED: RunFailedError.exit_code,
    RunState.CANCELLED: RunCancelledError.exit_code,
}


def follow(lab: Lab, run: Run, progress: RunProgress, *, after: int = 0, quiet: bool = False) -> None:
    """Show a run until it ends.

    The first Ctrl-C asks it to stop, the second leaves the process at once; SIGTERM gives the run up for others.
    """
    with _signals(lab, run), display_for(progress, run.workflow, quiet=quiet) as display:
        for event in run.watch(after):
            display.apply(event)


def summarise(lab: Lab, run: Run, *, quiet: bool) -> int:
    """Print how a run ended, with its outputs on stdout; returns the exit code."""
    record = run.record
    err = console(stderr=True)
    if not quiet or record.state is not RunState.COMPLETED:
        look = RUN_LOOKS[record.state]
        took = f" in {duration(active_s(record, lab.stream))}"
        err.print(Text(f"{look.symbol} run {record.run_id} {record.state}{took}", style=look.style))
        if record.state is RunState.FAILED:
            _print_error(record.error)
    print_outputs(lab, run, console())
    if not quiet:
        verbs = ["show", "logs"]
        if record.state is not RunState.COMPLETED:
            verbs.append("resume")
        note("  " + " · ".join(f"twingraph {verb} {record.run_id[:SHORT_ID]}" for verb in verbs))
    return EXIT_CODES[record.state]


@contextmanager
def answering(*, as_json: bool) -> Iterator[list[dict[str, Any]]]:
    """With `as_json`, print the last report put into the list and nothing else on stdout; errors become reports too."""
    reports: list[dict[str, Any]] = []
    if not as_json:
        yield reports
        return
    try:
        with stdout_kept_clean():
            yield reports
    except TwinGraphError as error:
        if not reports:
            reports.append(empty_report("invalid" if isinstance(error, WorkflowError) else "error", str(error)))
        raise
    finally:
        if reports:
            print_json(reports[-1])


@contextmanager
def _signals(lab: Lab, run: Run) -> Iterator[None]:
    """Ctrl-C as described in `follow`. A thread asks, as a signal handler must not wait for the ledger."""
    presses = 0

    def interrupted(*_: object) -> None:
        nonlocal presses
        presses += 1
        if presses > 1:
            raise KeyboardInterrupt
        threading.Thread(target=run.cancel, daemon=True).start()

    def terminated(*_: object) -> None:
        raise SystemExit(TERMINATED)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {
        signal.SIGINT: signal.signal(signal.SIGINT, interrupted),
        signal.SIGTERM: signal.signal(signal.SIGTERM, terminated),
    }
    try:
        yield
    except KeyboardInterrupt:
        leave(lab, run)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def leave(lab: Lab, run: Run) -> None:
    """End this process now. The run stays as it is in the ledger, so it can be resumed."""
    note(f"\nleft run {run.id} unfinished; go on with: twingraph resume {run.id}")
    closing = threading.Thread(target=lab.close, daemon=True)
    closing.start()
    closing.join(CLOSING_S)
    sys.stdout.flush()
    os._exit(INTERRUPTED)


def _print_error(error: str) -> None:
    lines = [f"  {without_controls(line)}" for line in error.splitlines()]
    more = [f"  … and {len(lines) - ERROR_LINES} more lines"] if len(lines) > ERROR_LINES else []
    for line in [*lines[:ERROR_LINES], *more]:
        note(line)
