"""Every error this package raises on purpose.

* TwinGraphError
  - WorkflowError        the document or its parameters are wrong   (HTTP 422, exit code 2)
  - NotFoundError        no such workflow, run, node or plugin      (HTTP 404, exit code 4)
  - ConflictError        illegal in the current state               (HTTP 409, exit code 5)
    - FencedError        another coordinator owns the run now
    - ReplayError        a resumed program took another way than before
  - StoreError           ledger or artifact store is unusable       (HTTP 500, exit code 6)
    - SerializationError a value can't be stored or loaded
  - PlatformError        platform or scheduler is at fault          (HTTP 502, exit code 7)
  - MissingExtraError    an optional dependency isn't installed     (HTTP 501, exit code 8)
  - RunFailedError       a run ended without success                (HTTP 500, exit code 1)
    - RunCancelledError  … because somebody cancelled it            (HTTP 409, exit code 3)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any


class TwinGraphError(Exception):
    """Base class; `http_status` is what a REST handler answers, `exit_code` what the command line returns."""

    http_status = 500
    exit_code = 1


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a document: what, in which node, at which JSON path.

    >>> print(Fault("reads from 'b', which does not exist", node="a", path="nodes[0].inputs.x"))
    node 'a' (nodes[0].inputs.x): reads from 'b', which does not exist
    """

    message: str
    node: str | None = None
    path: str = ""

    def __str__(self) -> str:
        where = " ".join(filter(None, [self.node and f"node {self.node!r}", self.path and f"({self.path})"]))
        return f"{where}: {self.message}" if where else self.message


class WorkflowError(TwinGraphError):
    """A workflow document or its parameters are invalid; `faults` lists every fault, not just the first."""

    http_status = 422
    exit_code = 2

    def __init__(self, faults: Iterable[Fault], *, source: str = "") -> None:
        self.faults = tuple(faults)
        self.source = source
        count = len(self.faults)
        head = f"{source or 'workflow'}: {count} fault{'' if count == 1 else 's'}"
        super().__init__("\n".join([head, *(f"  - {fault}" for fault in self.faults)]))

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), source=self.source), (self.faults,)


class NotFoundError(TwinGraphError):
    """There is no such thing; the message lists what there is, where that helps."""

    http_status = 404
    exit_code = 4


class ConflictError(TwinGraphError):
    """Not possible in the state things are in."""

    http_status = 409
    exit_code = 5


class FencedError(ConflictError):
    """Another coordinator has taken the run over; whatever this one still holds is stale."""


class ReplayError(ConflictError):
    """A resumed program didn't make the calls again that it had made; what is recorded can't be used for others."""


class StoreError(TwinGraphError):
    """The ledger or the artifact store can't be used."""

    exit_code = 6


class SerializationError(StoreError):
    """A value can't be stored, or a stored value can't be loaded; the message names value and type."""


class PlatformError(TwinGraphError):
    """The platform or the scheduler, not the user's code, is at fault."""

    http_status = 502
    exit_code = 7


class MissingExtraError(TwinGraphError):
    """An optional dependency isn't installed.

    >>> str(MissingExtraError("reading tables", "tables"))
    "reading tables needs an optional dependency: pip install 'twingraph-lab[tables]'"
    """

    http_status = 501
    exit_code = 8

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an optional dependency: pip install 'twingraph-lab[{extra}]'")
        self._given = (what, extra)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._given


class RunFailedError(TwinGraphError):
    """A run ended without success; the message names the nodes and their causes."""

    def __init__(self, run_id: str, message: str) -> None:
        super().__init__(message)
        self.run_id = run_id

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.run_id, str(self))


class RunCancelledError(RunFailedError):
    """A run was cancelled."""

    http_status = 409
    exit_code = 3
