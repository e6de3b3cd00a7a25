"""Tasks for tests, with everything at its default."""

from __future__ import annotations

from twingraph_lab.planning.plan import Task
from twingraph_lab.spec.workflow import CachePolicy, PlatformSpec, Retry


def task(task_id, *upstream, component="c", **changes):
    defaults = {
        "inputs": {},
        "outputs": (),
        "platform": PlatformSpec(),
        "retry": Retry(),
        "timeout_s": None,
        "cache": CachePolicy(),
        "resources": {},
        "at_most_once": False,
    }
    return Task(id=task_id, component=component, upstream=upstream, **{**defaults, **changes})
