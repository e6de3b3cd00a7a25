"""Scripts that start runs: executed as if by python, with the command line's Lab, and their runs shown."""

from __future__ import annotations

import runpy
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from twingraph_lab.cli.app import INTERRUPTED
from twingraph_lab.cli.follow import EXIT_CODES, answering, follow, summarise
from twingraph_lab.cli.options import Options
from twingraph_lab.cli.reports import run_report
from twingraph_lab.errors import Fault, TwinGraphError, WorkflowError
from twingraph_lab.frontends.progress import RunProgress

if TYPE_CHECKING:
    from twingraph_lab.lab import Lab

LOOK_S = 0.05


def run(options: Options, file: Path, arguments: tuple[str, ...], *, as_json: bool, quiet: bool) -> int:
    """Execute a script and show the runs it starts; the result is the last one's. Returns the exit code."""
    from twingraph_lab.lab import use  # noqa: PLC0415  (slow, and not needed for help)

    with answering(as_json=as_json) as reports, options.lab() as lab:
        use(lab)
        try:
            with _followed(lab, quiet=quiet):
                code = _execute(file, arguments)
        finally:
            use(None)
            if lab.started:
                last = lab.run(lab.started[-1])
                reports.append(run_report(lab, last))
        if not lab.started:
            if code:
                return code
            fault = Fault("started no run: nothing in it called a pipeline or submitted a workflow")
            raise WorkflowError([fault], source=str(file))
        ended = EXIT_CODES[last.state] if as_json else summarise(lab, last, quiet=quiet)
        return code or ended


def _execute(file: Path, arguments: tuple[str, ...]) -> int:
    """Run the script as `__main__`; returns its exit code. Its errors are shown from its first line on."""
    sys.argv = [str(file), *arguments]
    sys.path.insert(0, str(file.parent.absolute()))
    try:
        runpy.run_path(str(file), run_name="__main__")
    except SystemExit as ended:
        return _code(ended)
    except KeyboardInterrupt:
        return INTERRUPTED
    except TwinGraphError:
        raise
    except Exception as error:  # noqa: BLE001  (whatever a user's script raises)
        own = error.__traceback__
        while own is not None and own.tb_frame.f_code.co_filename != str(file):
            own = own.tb_next
        traceback.print_exception(error.with_traceback(own))
        return 1
    return 0


def _code(ended: SystemExit) -> int:
    if ended.code is None or isinstance(ended.code, int):
        return ended.code or 0
    print(ended.code, file=sys.stderr)  # noqa: T201  (what python does with `sys.exit("text")`)
    return 1


@contextmanager
def _followed(lab: Lab, *, quiet: bool) -> Iterator[None]:
    """Show the runs that are started meanwhile, one after the other; those left open are cancelled at the end."""
    ended = threading.Event()

    def watch() -> None:
        shown = 0
        while shown < len(lab.started) or not ended.wait(LOOK_S):
            if shown < len(lab.started):
                started = lab.run(lab.started[shown])
                follow(lab, started, RunProgress.of(started.workflow), quiet=quiet)
                shown += 1

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        for run_id in lab.started:
            if not lab.run(run_id).state.final:
                lab.cancel(run_id)
        ended.set()
        watcher.join()
