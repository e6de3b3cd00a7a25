"""What every command shares: its options, and how errors become a message and an exit code."""

from __future__ import annotations

import functools
import inspect
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import typer
from typer.core import TyperGroup

from twingraph_lab.cli.options import ArtifactsUrl, Debug, Home, LedgerUrl, Options, Scheduler
from twingraph_lab.errors import TwinGraphError

F = TypeVar("F", bound=Callable[..., None])

USAGE_ERROR = 2
INTERNAL_ERROR = 70
"""EX_SOFTWARE of BSD's sysexits.h: the fault is ours."""
INTERRUPTED = 130
"""128 + SIGINT, as shells report it."""

EPILOG = """RUN is a run's id, the beginning of one, or `last` (also `-`) for the newest run.

Settings come from options, else from TWINGRAPH_HOME, TWINGRAPH_LEDGER, … in the environment, else defaults.

\b
Exit codes:
    0  done                             5  not possible in the present state
    1  the run failed                   6  the store is unusable
    2  wrong document or usage          7  platform or scheduler at fault
    3  the run was cancelled            8  an optional dependency is missing
    4  no such run, node or plugin     70  a fault in TwinGraph Lab itself
  130  interrupted

Example: twingraph run workflow.twg.json -p year=2020"""


class Commands(TyperGroup):
    """Lists commands in groups."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002  (typer's signature; the types are private)
        """Write one section for each panel, in order of declaration."""
        commands: list[Any] = list(self.commands.values())
        for panel in dict.fromkeys(command.rich_help_panel for command in commands):
            with formatter.section(panel):
                shown = [command for command in commands if command.rich_help_panel == panel]
                formatter.write_dl([(command.name, command.get_short_help_str(formatter.width)) for command in shown])


app = typer.Typer(
    name="twingraph",
    help="Run workflows durably, from files, notebooks and scripts, and ask where results came from.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich help takes 0.2 s more to appear
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _before(
    context: typer.Context,
    *,
    home: Home = None,
    ledger: LedgerUrl = None,
    artifacts: ArtifactsUrl = None,
    scheduler: Scheduler = None,
    debug: Debug = False,
) -> None:
    context.obj = Options(home, ledger, artifacts, scheduler, debug)


def command(panel: str, *, example: str) -> Callable[[F], F]:
    """Add a command. Its function takes `Options` first, which may be typed before or after the command's name."""

    def add(function: F) -> F:
        shared = inspect.signature(_before, eval_str=True).parameters.values()
        own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
        parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in (*own, *shared)]

        @functools.wraps(function)
        def run(*, context: typer.Context, **given: object) -> None:
            after = Options(**{key: given.pop(key) for key in Options.__dataclass_fields__})  # type: ignore[arg-type]
            options = after.over(context.obj)
            with reported(debug=options.debug):
                function(options, **given)

        del run.__wrapped__  # or its signature would be read instead of this one
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in parameters}
        app.command(rich_help_panel=panel, epilog=f"Example: {example}")(run)
        return function

    return add


@contextmanager
def reported(*, debug: bool) -> Iterator[None]:
    """Errors become one message on stderr and an exit code; with `debug`, the traceback comes before."""
    try:
        yield
    except (typer.Exit, typer.Abort, typer.BadParameter, BrokenPipeError):
        raise  # typer knows what to print
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    except Exception as error:  # noqa: BLE001  (nothing is above this but the shell)
        if debug:
            traceback.print_exc()
        code, message = verdict(error)
        typer.secho(f"error: {message}", fg="red", err=True)
        raise typer.Exit(code) from None


def verdict(error: Exception) -> tuple[int, str]:
    """An error's exit code, and what to tell about it."""
    match error:
        case TwinGraphError():
            return error.exit_code, str(error)
        case OSError():
            return USAGE_ERROR, str(error)
        case _:
            return INTERNAL_ERROR, f"{type(error).__name__}: {error} (a fault in TwinGraph Lab; --debug shows where)"
