"""Edits by hand and by program on one board, undo and redo, and telling the browser what came of them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from pydantic import TypeAdapter, ValidationError

from twingraph_lab.errors import Fault, TwinGraphError, WorkflowError
from twingraph_lab.frontends.canvas.messages import Delta, Edit, Move, Remove
from twingraph_lab.spec.wording import worded
from twingraph_lab.spec.workflow import Workflow
from twingraph_lab.widgets.answers import plain
from twingraph_lab.widgets.board import Board
from twingraph_lab.widgets.drawing import Drawing, Json
from twingraph_lab.widgets.graph import DrawnGraph
from twingraph_lab.widgets.history import History

EDITS: TypeAdapter[tuple[Edit, ...]] = TypeAdapter(tuple[Edit, ...])
ONLY_SHOWN = "this canvas is only for looking at"
Observer = Callable[[Workflow], None]
Step = Callable[[Workflow], Workflow | None]
log = logging.getLogger(__name__)


class Browser(Protocol):
    """The other end."""

    def send(self, content: Json) -> None:
        """Say something."""

    def send_state(self, key: str) -> None:
        """Say what a trait is now."""


class Editor:
    """Changes a board, and tells what changes there, whoever does it. Any thread may call.

    The board may hold a lock of its own while it says that it has changed, so the lock here is never held while the
    board is told to change. Each change is told under the lock: deltas arrive in the order in which they apply.
    """

    def __init__(
        self, board: Board, drawing: Drawing, browser: Browser, offer: Callable[[], None] = lambda: None
    ) -> None:
        """`offer` is called when there may be other components to make nodes of."""
        self.board = board
        self.drawing = drawing
        self.observers: list[Observer] = []
        self.lock = threading.RLock()
        self._browser = browser
        self._offer = offer
        self._history = History()
        self._own = threading.local()  # whether this thread is changing the board, and whom it has to answer
        self._seen = board.workflow
        drawing.become(board.workflow, board.opaque, board.faults)
        self.close = board.subscribe(self._heard)

    def make(self, change: Callable[[], Workflow], *, reply: int | None = None) -> None:
        """Change the board, as one step that can be undone; `reply` is the number of who asked for it."""
        before = self.board.workflow
        if self._change(change, reply):
            self._history.made(before)

    def undo(self) -> bool:
        """Take the last change back; False if there is none. Raises `TwinGraphError` if it can't be, any more."""
        return self._go(self._history.undo, self._history.redo)

    def redo(self) -> bool:
        """Make the change again that was taken back last; False if there is none."""
        return self._go(self._history.redo, self._history.undo)

    def by_hand(self, content: Json, graph: DrawnGraph, *, read_only: bool) -> None:
        """Do what the browser asks for, and answer. A refused edit changes nothing."""
        n = content["n"]
        try:
            own, moved, gone = _parts(edits_of(content["edits"], read_only=read_only), graph)
            if own or not (moved or gone):
                self.make(lambda: self.board.apply(own), reply=n)
                n = None
            if moved:
                self.tell({"update": graph.move(moved)}, reply=n)
                n = None
            if gone:
                self.tell({"remove": graph.take_away(gone)}, reply=n)
        except WorkflowError as error:
            self._refuse(content["n"], error.faults)
        except TwinGraphError as error:
            self._refuse(content["n"], [str(error)])
        except KeyboardInterrupt:
            self._refuse(content["n"], ["the kernel was interrupted"])
            raise
        except Exception as error:
            log.exception("an edit")
            self._refuse(content["n"], [f"{type(error).__name__}: {error}"])

    def tell(self, delta: Delta | Json, *, reply: int | None = None) -> None:
        """Say what changed, to who asked for it or to everybody."""
        nothing: Json = {"add": [], "update": [], "remove": [], "faults": self.drawing.faults}
        told = {**nothing, **(plain(delta) if isinstance(delta, Delta) else delta)}
        with self.lock:
            answered = {"op": "delta"} if reply is None else {"op": "edited", "n": reply}
            self._browser.send({**answered, "delta": told})

    def _heard(self, workflow: Workflow) -> None:
        own = getattr(self._own, "changing", False)
        with self.lock:
            before, self._seen = self._seen, workflow
            delta = self.drawing.become(workflow, self.board.opaque, self.board.faults)
            if not own:
                self._history.forget()
            if delta is not None:
                self.tell(delta, reply=self._reply() if own else None)
            if before.name != workflow.name:
                self._browser.send_state("title")
            if before.components != workflow.components:
                self._offer()
        for observer in list(self.observers):
            observer(workflow)

    def _change(self, change: Callable[[], Workflow], reply: int | None = None) -> bool:
        """Whether it made a difference."""
        before = self.board.workflow
        self._own.changing, self._own.reply = True, reply
        try:
            change()
        finally:
            self._own.changing = False
        if (n := self._reply()) is not None:
            self.tell({}, reply=n)
        return self.board.workflow != before

    def _go(self, step: Step, back: Step) -> bool:
        there = step(self.board.workflow)
        if there is None:
            return False
        try:
            self._change(lambda: self.board.put(there))
        except TwinGraphError:
            back(there)  # so that it can be tried again
            raise
        return True

    def _reply(self) -> int | None:
        """Whom this thread has to answer, once."""
        reply: int | None = self._own.reply
        self._own.reply = None
        return reply

    def _refuse(self, n: Any, faults: Iterable[Fault | str]) -> None:
        told = list(map(str, faults))
        self._browser.send({"op": "refused", "n": n, "message": "\n".join(told), "faults": told})


def edits_of(said: Any, *, read_only: bool = False) -> tuple[Edit, ...]:
    """Edits from what a page or a program says. Raises `WorkflowError` with all that makes them none."""
    if read_only:
        raise WorkflowError([Fault(ONLY_SHOWN)])
    try:
        return EDITS.validate_python(said)
    except ValidationError as error:
        faults = [Fault(worded(each), path=".".join(map(str, each["loc"]))) for each in error.errors()]
        raise WorkflowError(faults, source="edits") from None


def _parts(edits: Sequence[Edit], graph: DrawnGraph) -> tuple[list[Edit], dict[str, Any], list[str]]:
    """Edits of the workflow; of what else is drawn, the new places, and what is to go."""
    own: list[Edit] = []
    moved: dict[str, Any] = {}
    gone: list[str] = []
    for edit in edits:
        match edit:
            case Move(positions=positions) if any(name in graph for name in positions):
                moved |= {name: at for name, at in positions.items() if name in graph}
                if places := {name: at for name, at in positions.items() if name not in graph}:
                    own.append(edit.model_copy(update={"positions": places}))
            case Remove(ids=ids) if any(name in graph for name in ids):
                gone += [name for name in ids if name in graph]
                if others := tuple(name for name in ids if name not in graph):
                    own.append(edit.model_copy(update={"ids": others}))
            case _:
                own.append(edit)
    return own, moved, gone
