"""Errors go from process to process, and still say all they said."""

from __future__ import annotations

import pickle

import pytest

from twingraph_lab.errors import Fault, MissingExtraError, RunCancelledError, RunFailedError, WorkflowError

ERRORS = [
    WorkflowError([Fault("is missing", node="a"), Fault("is wrong", path="nodes[1]")], source="w.json"),
    MissingExtraError("tables", "tables"),
    RunFailedError("r1", "node 'a' failed"),
    RunCancelledError("r1", "was cancelled"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_errors_can_be_pickled(error):
    again = pickle.loads(pickle.dumps(error))

    assert (type(again), str(again)) == (type(error), str(error))
    assert getattr(again, "faults", None) == getattr(error, "faults", None)
    assert getattr(again, "run_id", None) == getattr(error, "run_id", None)
