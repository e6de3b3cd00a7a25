"""Errors → answers: one shape for all, `{"error", "message", "faults"}`, whoever refuses and for whatever reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from twingraph_lab.errors import Fault, TwinGraphError, WorkflowError
from twingraph_lab.events import Frozen
from twingraph_lab.spec.inputs import step
from twingraph_lab.spec.wording import worded

PLACES = frozenset({"body", "query", "path", "header", "cookie"})


class RequestError(TwinGraphError):
    """A request is refused for what it is, not for what it asks for: no token, too large, too many, not JSON."""

    def __init__(self, message: str, status: int, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.http_status = status
        self.headers = headers or {}


def no_json() -> RequestError:
    """A body is of another type."""
    return RequestError("send JSON, with the header `Content-Type: application/json`", 415)


class ProblemFault(Frozen):
    """One thing that is wrong: what, in which node, at which JSON path of what was sent."""

    message: str
    node: str | None = None
    path: str = ""


class Problem(Frozen):
    """Why a request has no other answer. `error` is the name of a class in `twingraph_lab.errors`."""

    error: str
    message: str
    faults: tuple[ProblemFault, ...] = ()


PROBLEMS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": Problem, "description": "Refused: `message` says why and what to do"},
    "5XX": {"model": Problem, "description": "Something the request needs doesn't work"},
}
"""What every route may answer, for OpenAPI."""


def problem(error: TwinGraphError) -> Problem:
    """An error as data. Text that isn't Unicode (an echoed lone surrogate) is made so."""
    faults = error.faults if isinstance(error, WorkflowError) else ()
    return Problem(
        error=type(error).__name__,
        message=_sound(str(error)),
        faults=tuple(
            ProblemFault(message=_sound(fault.message), node=fault.node and _sound(fault.node), path=_sound(fault.path))
            for fault in faults
        ),
    )


def answer(error: TwinGraphError) -> Response:
    """An error as a response."""
    headers = error.headers if isinstance(error, RequestError) else None
    return JSONResponse(problem(error).model_dump(), error.http_status, headers=dict(headers or {}))


def install(app: FastAPI) -> None:
    """Let the app answer every error in the one shape."""
    app.add_exception_handler(TwinGraphError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


async def _refused(request: Request, error: Exception) -> Response:
    del request
    assert isinstance(error, TwinGraphError)
    return answer(error)


async def _invalid(request: Request, error: Exception) -> Response:
    del request
    assert isinstance(error, RequestValidationError)
    details = error.errors()
    if any(detail["loc"] == ("body",) and isinstance(detail["input"], bytes) for detail in details):  # left unread
        return answer(no_json())
    return answer(invalid(details))


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    cause = error.__cause__
    if isinstance(cause, TwinGraphError):  # FastAPI wraps what goes wrong while a body is read
        return answer(cause)
    message = str(error.detail)
    if error.status_code == HTTPStatus.NOT_FOUND and message == HTTPStatus.NOT_FOUND.phrase:
        message = f"there is no {request.url.path}; what there is: /docs"
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = (error.headers or {}).get("Allow", "")
        message = f"{request.url.path} doesn't take {request.method}{f', but {allowed}' if allowed else ''}"
    return answer(RequestError(message, error.status_code, error.headers))


async def _unexpected(request: Request, error: Exception) -> Response:
    """What went wrong is in the log, not in the answer: it may show what the asker shouldn't see."""
    del request, error
    return answer(RequestError("the service has a fault of its own; its log says more", 500))


def invalid(details: Iterable[Mapping[str, Any]]) -> WorkflowError:
    """What pydantic finds wrong with a request, with paths of what was sent."""
    return WorkflowError([_fault(detail) for detail in details], source="request")


def _fault(detail: Mapping[str, Any]) -> Fault:
    place, *location = detail["loc"]
    keys = location if place in PLACES else [place, *location]
    if place == "body" and not keys and detail["type"] == "missing":
        return Fault("the request has no body; send a JSON object")
    path = ""
    for key in keys:
        path = step(path, key)
    return Fault(worded(detail), path=path)


def _sound(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
