"""Scripts that start runs: executed as if by python, with the command line's Lab, and their runs shown."""

from __future__ import annotations

import os
import runpy
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from twingraph_lab.cli.app import INTERRUPTED
from twingraph_lab.cli.follow import EXIT_CODES, answering, follow, summarise
from twingraph_lab.cli.options import Options
from twingraph_lab.cli.output import note
from twingraph_lab.cli.reports import run_report
from twingraph_lab.errors import ConflictError, Fault, TwinGraphError, WorkflowError
from twingraph_lab.frontends import compat
from twingraph_lab.frontends.programs import Earlier, Program, use_program
from twingraph_lab.frontends.progress import RunProgress
from twingraph_lab.planning.context import RunContext
from twingraph_lab.runtime.coordinator import is_dead
from twingraph_lab.runtime.states import RunState, TaskState

if TYPE_CHECKING:
    from twingraph_lab.lab import Lab, Run
    from twingraph_lab.runtime.records import RunRecord

LOOK_S = 0.05
ENGINE = str(Path(__file__).parents[1])
"""The folder of this package."""


def run(options: Options, file: Path, arguments: tuple[str, ...], *, as_json: bool, quiet: bool) -> int:
    """Execute a script and show the runs it starts; the result is the last one's. Returns the exit code."""
    program = Program(str(file.absolute()), (str(file), *arguments))
    with answering(as_json=as_json) as reports, options.lab() as lab:
        return _attend(lab, program, {}, reports, as_json=as_json, quiet=quiet)


def resume(lab: Lab, run: Run, reports: list[dict[str, object]], *, as_json: bool, detach: bool, quiet: bool) -> int:
    """Execute the program of a run again, and have it go on with what it began. Returns the exit code.

    Raises `ConflictError` if the run can't be resumed, or nothing is known that could be executed.
    """
    record = run.record
    context = RunContext.model_validate(record.context)
    _check(record, context)
    if detach:
        raise ConflictError(f"run {run.id} goes on with its program, which runs here: resume it without --detach")
    runs = lab.ledger.program(context.program)
    earlier = {_call(other): Earlier(other.run_id, ended=_ended(other, record)) for other in runs}
    after = {each.run_id: _last_seq(lab, each.run_id) for each in earlier.values() if not each.ended}
    if not quiet:
        tasks = run.tasks
        done = sum(task.state is TaskState.COMPLETED for task in tasks.values())
        note(f"run {run.id}: {done} of {len(tasks)} calls are done and will not run again; executing {context.script}")
    os.chdir(context.cwd)
    program = Program(context.script, context.arguments, id=context.program, earlier=earlier)
    return _attend(lab, program, after, reports, as_json=as_json, quiet=quiet)


def _check(record: RunRecord, context: RunContext) -> None:
    by_hand = f"in Python or its notebook, with its pipeline: {record.workflow}.resume({record.run_id!r})"
    if record.state is RunState.COMPLETED:
        more = "; if its program was to begin others after it, execute that again" if context.script else ""
        raise ConflictError(f"run {record.run_id} is completed: there is nothing to resume{more}")
    if record.state is RunState.RUNNING and not is_dead(record.coordinator) and record.lease_until is not None:
        raise ConflictError(f"run {record.run_id} is running, driven by {record.coordinator}")
    if not context.script:
        raise ConflictError(
            f"run {record.run_id} was begun in no script that could be executed again; resume it {by_hand}"
        )
    if not context.script.startswith("-m ") and not Path(context.script).is_file():
        raise ConflictError(f"the program of run {record.run_id} is gone: {context.script}; resume it {by_hand}")
    if not Path(context.cwd).is_dir():
        raise ConflictError(f"the folder in which run {record.run_id} was begun is gone: {context.cwd}")


def _call(record: RunRecord) -> int:
    return RunContext.model_validate(record.context).call


def _ended(other: RunRecord, resumed: RunRecord) -> bool:
    """Whether the program is only to be told how a run ended: it was completed, or the program went on after it."""
    if other.state is RunState.COMPLETED:
        return True
    return other.state.final and _call(other) < _call(resumed)


def _last_seq(lab: Lab, run_id: str) -> int:
    after = 0
    while page := lab.ledger.events(run_id, after):
        after = page[-1].seq
    return after


def _attend(
    lab: Lab,
    program: Program,
    after: Mapping[str, int],
    reports: list[dict[str, object]],
    *,
    as_json: bool,
    quiet: bool,
) -> int:
    """Execute a program and show its runs, from event `after` on where they were begun before."""
    from twingraph_lab.lab import use  # noqa: PLC0415  (slow, and not needed for help)

    compat.install()
    use(lab)
    use_program(program)
    try:
        with _followed(lab, after, quiet=quiet):
            code = _execute(program)
    finally:
        use_program(None)
        use(None)
        if lab.started:
            last = lab.run(lab.started[-1])
            reports.append(run_report(lab, last))
    if not lab.started:
        if code:
            return code
        fault = Fault("started no run: nothing in it called a pipeline or submitted a workflow")
        raise WorkflowError([fault], source=program.arguments[0])
    ended = EXIT_CODES[last.state] if as_json else summarise(lab, last, quiet=quiet)
    return code or ended


def _execute(program: Program) -> int:
    """Run it as `__main__`; returns its exit code. Its errors are shown without our own frames."""
    sys.argv = [*program.arguments]
    try:
        if program.script.startswith("-m "):
            sys.path.insert(0, os.getcwd())  # noqa: PTH109  (as python does)
            runpy.run_module(program.script.removeprefix("-m "), run_name="__main__", alter_sys=True)
        else:
            sys.path.insert(0, str(Path(program.script).parent))
            runpy.run_path(program.script, run_name="__main__")
    except SystemExit as ended:
        return _code(ended)
    except KeyboardInterrupt:
        return INTERRUPTED
    except TwinGraphError:
        raise
    except Exception as error:  # noqa: BLE001  (whatever a user's script raises)
        shown = traceback.TracebackException.from_exception(error)
        _leave_out_the_engine(shown)
        sys.stderr.write("".join(shown.format()))
        return 1
    return 0


def _leave_out_the_engine(error: traceback.TracebackException) -> None:
    """Keep the frames of the user's code, here and in what the error came from."""
    theirs = [frame for frame in error.stack if not _ours(frame.filename)]
    error.stack = traceback.StackSummary.from_list(theirs)
    for cause in (error.__cause__, error.__context__):
        if cause is not None:
            _leave_out_the_engine(cause)


def _ours(file: str) -> bool:
    return file.startswith((ENGINE, "<frozen ")) or file == runpy.__file__


def _code(ended: SystemExit) -> int:
    if ended.code is None or isinstance(ended.code, int):
        return ended.code or 0
    print(ended.code, file=sys.stderr)  # noqa: T201  (what python does with `sys.exit("text")`)
    return 1


@contextmanager
def _followed(lab: Lab, after: Mapping[str, int], *, quiet: bool) -> Iterator[None]:
    """Show the runs that are started meanwhile, one after the other; those left open are cancelled at the end."""
    ended = threading.Event()

    def watch() -> None:
        shown = 0
        while shown < len(lab.started) or not ended.wait(LOOK_S):
            if shown < len(lab.started):
                started = lab.run(lab.started[shown])
                begun = after.get(started.id, 0)
                tasks = started.tasks.items() if begun else ()
                done = {name: task for name, task in tasks if task.state is TaskState.COMPLETED}
                follow(lab, started, RunProgress.of(started.workflow, done), after=begun, quiet=quiet)
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
