"""What tasks ask for and workers offer. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from twingraph_lab.events import Failure, TaskFailed
from twingraph_lab.planning.plan import Task
from twingraph_lab.runtime.job import Job

Amounts = Mapping[str, float]


def fits(asks: Amounts, offer: Amounts) -> bool:
    """Whether all of `asks` is in `offer`.

    >>> fits({"gpu": 1}, {"cpu": 4, "gpu": 2}), fits({"gpu": 1}, {"cpu": 4})
    (True, False)
    """
    return all(offer.get(name, 0.0) >= amount for name, amount in asks.items())


def sort_out(
    job: Job, tasks: Sequence[Task], attempts: Mapping[str, int], offers: Sequence[Amounts]
) -> tuple[list[Task], list[TaskFailed]]:
    """The tasks that can run, and the failures of those that no worker ever can; Dask would have these wait for ever.

    What waits for a refused one is in neither.
    """
    good, failures = [], []
    left_out: set[str] = set()
    for task in tasks:
        if left_out.intersection(task.upstream):
            left_out.add(task.id)
        elif any(fits(task.resources, offer) for offer in offers) or not task.resources:
            good.append(task)
        else:
            left_out.add(task.id)
            failure = Failure(kind="platform", type="Unsatisfiable", message=_message(task.resources, offers))
            failures.append(
                TaskFailed(run_id=job.run_id, task_id=task.id, attempt=attempts.get(task.id, 1), failure=failure)
            )
    return good, failures


def _message(asks: Amounts, offers: Sequence[Amounts]) -> str:
    most = {name: max(offer.get(name, 0.0) for offer in offers) for name in sorted({n for o in offers for n in o})}
    return f"asks for {_text(asks)}; no worker offers that (the most that one offers: {_text(most) or 'nothing'})"


def _text(amounts: Amounts) -> str:
    return ", ".join(f"{name}={amount:g}" for name, amount in amounts.items())
