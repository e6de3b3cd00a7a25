"""Questions that the browser asks a widget, and their answers, over the widget's comm.

Most are answered by threads of their own: they may have to read large files, and must neither keep the kernel from its
cells nor be cut short when a cell is interrupted. Sending from any thread is safe in ipykernel: what is sent goes
through its output thread, in the order of the calls.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ipywidgets import Widget
from pydantic import BaseModel, ValidationError, validate_call

from twingraph_lab.errors import TwinGraphError
from twingraph_lab.frontends.comms import listen_where_asked
from twingraph_lab.spec.wording import worded

POOL = ThreadPoolExecutor(4, thread_name_prefix="twingraph-answers")
MODULE, VERSION = "twingraph-lab", "0.1.0"
"""The package and version of the code in the browser."""

Questions = Mapping[str, Callable[..., Any]]
log = logging.getLogger(__name__)


def answer(widget: Widget, questions: Questions, *, at_once: Collection[str] = ()) -> None:
    """Answer what is asked of a widget, by name of the question, with what the function returns for its arguments.

    Those `at_once` are answered before the next message is looked at.
    """
    listen_where_asked(widget.comm)
    checked = {name: validate_call(function) for name, function in questions.items()}

    def heard(_: Widget, content: Any, _buffers: Any) -> None:
        match content:
            case {"op": "ask", "n": n, "what": str(what), **others}:
                given = others.get("args") or {}
                if what in at_once:
                    widget.send(_answered(checked, n, what, given))
                else:
                    POOL.submit(lambda: widget.send(_answered(checked, n, what, given)))

    widget.on_msg(heard)


def plain(value: Any) -> Any:
    """A model, or several, as JSON."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    return [plain(each) for each in value] if isinstance(value, list | tuple) else value


def _answered(checked: Questions, n: Any, what: str, given: Any) -> dict[str, Any]:
    try:
        if what not in checked:
            return failed(n, f"nobody here knows what {what!r} is")
        return {"op": "answer", "n": n, "value": plain(checked[what](**given))}
    except ValidationError as error:
        return failed(n, "; ".join(f"{'.'.join(map(str, each['loc']))}: {worded(each)}" for each in error.errors()))
    except TwinGraphError as error:
        return failed(n, str(error))
    except Exception as error:
        log.exception("question %r", what)
        return failed(n, f"{type(error).__name__}: {error}")


def failed(n: Any, message: str) -> dict[str, Any]:
    """There is no answer, and why."""
    return {"op": "failed", "n": n, "message": message}
