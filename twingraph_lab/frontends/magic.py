"""`%%twingraph`, `%twingraph`, `%gremlin`: the session's commands, bound to IPython."""

from __future__ import annotations

import ast
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult, context_matcher
from IPython.core.interactiveshell import ExecutionInfo, InteractiveShell
from IPython.core.magic import Magics, line_cell_magic, magics_class
from IPython.display import display

from twingraph_lab.errors import TwinGraphError
from twingraph_lab.frontends.drivers import Driver
from twingraph_lab.frontends.live import Display, Lines, Screen
from twingraph_lab.frontends.magic_options import HelpShownError, line_options
from twingraph_lab.frontends.ports import Easel, Laboratory
from twingraph_lab.frontends.progress import RunProgress
from twingraph_lab.frontends.session import Session
from twingraph_lab.frontends.shelf import Shelf
from twingraph_lab.frontends.tables import as_table
from twingraph_lab.frontends.views import View

UNNAMED = "notebook"
RUN_PYTHON = frozenset({"capture", "prun", "time"})
"""Magics of IPython that run the cell below them in the notebook's namespace."""
NOTICE_S = 1.0
"""How long after an interrupt a kernel waits for the request to end, before it takes it for the stop button."""
LOOK_S = 0.02
MATCHER = "twingraph_matcher"
WATCHER = "twingraph_watcher"
OURS = re.compile(r"^%%twingraph\b|run_cell_magic", re.MULTILINE)
"""Cells that are nodes when they have run; also below another magic, as `%%time`."""


class ShellFront:
    """The notebook behind an IPython shell."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell

    @property
    def namespace(self) -> MutableMapping[str, Any]:
        """All variables."""
        variables: MutableMapping[str, Any] = self._shell.user_ns
        return variables

    @property
    def variables(self) -> Mapping[str, Any]:
        """The variables without those that IPython itself put there."""
        hidden = self._shell.user_ns_hidden
        missing = object()
        return {
            name: value
            for name, value in self._shell.user_ns.copy().items()  # a cell may run meanwhile
            if not name.startswith("_") and hidden.get(name, missing) is not value
        }

    @property
    def history(self) -> Sequence[str]:
        """The code of the cells run so far."""
        return [_inside(code) for code in self._shell.user_ns.get("In", [])]

    @property
    def cell(self) -> str:
        """The front end's id of the cell that is running, if it tells."""
        parent: dict[str, Any] = getattr(self._shell, "get_parent", dict)()
        return str(parent.get("metadata", {}).get("cellId") or "")

    @property
    def text(self) -> str:
        """All of the cell that is running, as it was typed, if the front end tells."""
        parent: dict[str, Any] = getattr(self._shell, "get_parent", dict)()
        return str(parent.get("content", {}).get("code") or "")

    @property
    def attended(self) -> bool:
        """Only front ends with people before them tell which cell runs."""
        return bool(self.cell)

    def ends(self) -> bool:
        """Jupyter interrupts a kernel right before it asks it to shut down or to restart."""
        until = time.monotonic() + (NOTICE_S if hasattr(self._shell, "kernel") else 0)
        while not self._shell.exit_now and time.monotonic() < until:
            time.sleep(LOOK_S)  # the request is taken by a thread of its own
        return bool(self._shell.exit_now)

    def connect(self, shelf: Shelf) -> None:
        """Let the front end tell the shelf of its cells, if it knows how to, and take what is written into them."""
        if shelf.pen is None and self.attended and hasattr(self._shell, "kernel"):
            from twingraph_lab.frontends.cells_comm import CellsComm  # noqa: PLC0415  (only kernels have comms)

            CellsComm(shelf)

    def show(self, view: View) -> None:
        """Display a view."""
        display(view)

    def screen(self, view: Callable[[RunProgress], View]) -> Screen:
        """HTML where there is a kernel, lines in a terminal.

        Where notebooks are executed as batch jobs, a widget would only leave its state in the file.
        """
        return Display(view, widget=self.attended) if hasattr(self._shell, "kernel") else Lines()


@magics_class
class TwinGraphMagics(Magics):
    """The magics of one shell. `lab` is called when a command needs the Lab, `remembers` where it could do without.

    `driver` sees to it that runs are driven; without one, this process does it. `easel` shows a canvas.
    """

    def __init__(
        self,
        shell: InteractiveShell,
        lab: Callable[[], Laboratory],
        remembers: Callable[[], bool] = lambda: True,
        driver: Driver | None = None,
        easel: Easel | None = None,
    ) -> None:
        super().__init__(shell)
        self._lab = lab
        self._front = ShellFront(shell)
        path = notebook_path(shell.user_ns)
        name = Path(path).stem or UNNAMED
        self.session = Session(
            lab, self._front, name=name, source=path, remembers=remembers, driver=driver, easel=easel
        )
        matchers = shell.Completer.custom_matchers
        matchers[:] = [other for other in matchers if other.__name__ != MATCHER]  # of an earlier load
        matchers.append(_matcher(self.session))
        for watcher in shell.events.callbacks["pre_run_cell"][:]:
            if getattr(watcher, "__name__", "") == WATCHER:
                shell.events.unregister("pre_run_cell", watcher)
        shell.events.register("pre_run_cell", _watcher(self.session, self._front))

    @line_cell_magic
    def twingraph(self, line: str, cell: str | None = None) -> None:
        """Make a cell a node (`%%twingraph --help`), or run and look at the workflow (`%twingraph help`)."""
        with _plainly():
            if cell is None:
                self.session.execute(line_options().parse(line))
            else:
                self.session.define(line, cell, self._front.cell, self._front.text)

    @line_cell_magic
    def gremlin(self, line: str, cell: str | None = None) -> Any:
        """Ask the lineage of all runs: `%gremlin g.V().hasLabel('Run').count()`."""
        from twingraph_lab.lineage.query import evaluate, rows  # noqa: PLC0415  (needs an extra)

        with _plainly():
            return as_table(*rows(evaluate(self._lab().g, "\n".join(filter(None, [line, cell])))))
        return None


def _matcher(session: Session) -> Callable[[CompletionContext], SimpleMatcherResult]:
    """What IPython asks for completions; on lines of ours nothing else is offered."""

    def complete(context: CompletionContext) -> SimpleMatcherResult:
        line = context.line_with_cursor[: context.cursor_position]
        ours = line.startswith(("%twingraph ", "%%twingraph "))
        found = session.completions(line) if ours else []
        return {"completions": [SimpleCompletion(word, type="magic") for word in found], "suppress": bool(found)}

    complete.__name__ = MATCHER
    matcher: Callable[[CompletionContext], SimpleMatcherResult] = context_matcher(identifier=MATCHER)(complete)
    return matcher


def _watcher(session: Session, front: ShellFront) -> Callable[[ExecutionInfo], None]:
    """What IPython calls before each cell: one that was a node, and has become something else, is none any more."""

    def look(info: ExecutionInfo) -> None:
        front.connect(session.shelf)
        if front.cell and not OURS.search(info.raw_cell or ""):
            session.give_up(front.cell, front.text)

    look.__name__ = WATCHER
    return look


@contextmanager
def _plainly() -> Iterator[None]:
    """Errors of ours are shown as their message only, and still fail the cell."""
    try:
        yield
    except HelpShownError:
        pass
    except (TwinGraphError, OSError) as error:
        lines = [f"{type(error).__name__}: {error}"]
        error._render_traceback_ = lambda: lines  # type: ignore[union-attr]
        error.__traceback__ = None
        raise


def _inside(code: str) -> str:
    """The code of a cell, without a magic above it that runs the rest as Python."""
    if not code.startswith("get_ipython().run_cell_magic("):
        return code
    match ast.parse(code).body:
        case [ast.Expr(ast.Call(args=[ast.Constant(magic), _, ast.Constant(str(body))]))] if magic in RUN_PYTHON:
            return body
    return code


def notebook_path(namespace: Mapping[str, Any]) -> str:
    """The notebook's file, as far as Jupyter, Visual Studio Code or papermill tell; else empty."""
    return str(os.environ.get("JPY_SESSION_NAME") or namespace.get("__vsc_ipynb_file__") or "")
