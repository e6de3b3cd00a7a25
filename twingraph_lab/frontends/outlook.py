"""What a run would do before it is started: which nodes would run and why, and how long that may take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, Protocol

from twingraph_lab.frontends.earlier import Remembering
from twingraph_lab.frontends.reasons import Cause, Computation, causes
from twingraph_lab.frontends.why import Earlier, History, cause_as_json
from twingraph_lab.planning.context import RunContext
from twingraph_lab.planning.estimate import Job, Span, span_of, total
from twingraph_lab.planning.plan import Plan
from twingraph_lab.runtime.ledger import Ledger
from twingraph_lab.runtime.records import TaskRecord
from twingraph_lab.spec.workflow import Workflow

RUNS = 20
"""How many runs say how long nodes take."""

Fate = Literal["runs", "perhaps", "cached", "kept"]


class Foreseeing(Remembering, Protocol):
    """What is needed of a Lab."""

    @property
    def slots(self) -> int:
        """How many bodies run at a time."""


@dataclass(frozen=True, slots=True)
class NodeOutlook:
    """What is to be expected of a node.

    It runs for `causes`; `perhaps` says that it does if what it reads from the `pending` nodes changes; or its outputs
    are cached or kept from `origin` (`run/node`). `span` is how long its body takes, if that is known.
    """

    node: str
    fate: Fate
    causes: tuple[Cause, ...] = ()
    pending: tuple[str, ...] = ()
    origin: str = ""
    span: Span | None = None

    @property
    def text(self) -> str:
        """In a line."""
        match self.fate:
            case "cached" | "kept":
                return f"{self.fate} ({self.origin})"
            case "perhaps":
                verb = "changes its output" if len(self.pending) == 1 else "change their outputs"
                return f"runs if {' or '.join(self.pending)} {verb}"
        return f"runs: {'; '.join(map(str, self.causes))}"


@dataclass(frozen=True, slots=True)
class Outlook:
    """By node, and for all of them: seconds with `slots` at a time. `unknown` nodes never ran, so they count as 0 s."""

    nodes: Mapping[str, NodeOutlook]
    span: Span | None = None
    slots: int = 0
    unknown: tuple[str, ...] = ()
    counts: Mapping[Fate, int] = field(default_factory=dict)


def outlook(
    lab: Foreseeing | None,
    planned: Plan,
    context: RunContext,
    reuse: Mapping[str, TaskRecord] = {},
) -> Outlook:
    """What a run of this plan would do now. `lab` is None if there is no store, and so nothing to go by."""
    if lab is None:
        never = causes(None, _computation(planned, next(iter(planned.tasks)), context)) if planned.tasks else []
        return _summed({name: NodeOutlook(name, "runs", tuple(never)) for name in planned.tasks}, planned, 0)
    from twingraph_lab.schedulers.forecast import Expected, forecast  # noqa: PLC0415  (only plans need it)

    now = datetime.now(UTC)
    given = {name: (task.outputs, task.cached_from or f"{task.run_id}/{task.task_id}") for name, task in reuse.items()}
    expected = forecast(planned, context, lab.artifacts, reuse=given, now=now)
    history = History(lab.ledger)
    earlier = history.before(planned.workflow.name)
    spans = _spans(lab.ledger, history, planned, earlier)
    running = frozenset(name for name, each in expected.items() if each.outputs is None)

    def seen(name: str, each: Expected) -> NodeOutlook:
        if each.outputs is not None:
            return NodeOutlook(name, "kept" if name in reuse else "cached", origin=each.origin)
        node = planned.workflow.by_id[name]
        after = Computation(
            run_id="",
            node=node,
            component=planned.workflow.component_of(node),
            parameters=planned.parameters,
            context=context,
            outputs={parent: found for parent in node.upstream if (found := expected[parent].outputs) is not None},
            pending=each.pending,
            ran=running,
            basis=each.basis,
            at=now,
        )
        why = causes(earlier.computation(name), after, last=earlier.last(name), store=lab.artifacts)
        pending = tuple(parent for parent in node.upstream if parent in each.pending)
        return NodeOutlook(name, "runs" if why else "perhaps", tuple(why), pending, span=spans.get(name))

    return _summed({name: seen(name, each) for name, each in expected.items()}, planned, lab.slots)


def steps_of(planned: Plan) -> dict[str, int]:
    """Each task's step: 1 without parents, else one more than the highest of its parents."""
    steps: dict[str, int] = {}
    for task in planned.tasks.values():  # in topological order
        steps[task.id] = 1 + max((steps[parent] for parent in task.upstream), default=0)
    return steps


def _computation(planned: Plan, name: str, context: RunContext) -> Computation:
    node = planned.workflow.by_id[name]
    return Computation("", node, planned.workflow.component_of(node), planned.parameters, context)


def _summed(nodes: Mapping[str, NodeOutlook], planned: Plan, slots: int) -> Outlook:
    counts: dict[Fate, int] = {}
    for each in nodes.values():
        counts[each.fate] = counts.get(each.fate, 0) + 1
    jobs = {
        name: Job(planned.tasks[name].upstream, each.span, perhaps=each.fate == "perhaps")
        for name, each in nodes.items()
        if each.fate in ("runs", "perhaps")
    }
    known = any(job.span for job in jobs.values())
    return Outlook(
        nodes=nodes,
        span=total(jobs, slots) if slots and (known or not jobs) else None,
        slots=slots,
        unknown=tuple(name for name, job in jobs.items() if job.span is None),
        counts=counts,
    )


def _spans(ledger: Ledger, history: History, planned: Plan, earlier: Earlier) -> dict[str, Span]:
    """How long nodes took in the last runs of this workflow, else how long nodes with the same component took."""
    spans = _by_node(ledger.times(earlier.run_ids[:RUNS]))
    strange = [name for name in planned.tasks if name not in spans]
    if not strange:
        return spans
    own = [told.workflow for run_id in earlier.run_ids[:1] if (told := history.run(run_id))]
    times = _by_component(own, ledger.times(earlier.run_ids[:RUNS]))
    if not times:
        newest = {record.digest: record for record in reversed(ledger.runs(RUNS)) if record.workflow}
        for record in newest.values():
            workflow = ledger.workflow(record.run_id)
            for key, seconds in _by_component([workflow], ledger.times([record.run_id])).items():
                times.setdefault(key, []).extend(seconds)
    for name in strange:
        if found := span_of(times.get(_component_key(planned.workflow, name), ())):
            spans[name] = found
    return spans


def _by_node(times: Mapping[str, list[float]]) -> dict[str, Span]:
    return {name: span for name, seconds in times.items() if (span := span_of(seconds))}


def _by_component(workflows: Iterable[Workflow], times: Mapping[str, list[float]]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for workflow in workflows:
        for name in workflow.by_id:
            if name in times:
                found.setdefault(_component_key(workflow, name), []).extend(times[name])
    return found


def _component_key(workflow: Workflow, name: str) -> str:
    return workflow.component_of(workflow.by_id[name]).model_dump_json()


def span_as_json(span: Span | None) -> dict[str, float] | None:
    """Seconds by name; None if nothing is known."""
    if span is None:
        return None
    return {"expected_s": round(span.expected, 6), "least_s": round(span.least, 6), "most_s": round(span.most, 6)}


def node_as_json(each: NodeOutlook) -> dict[str, object]:
    """For programs."""
    return {
        "fate": each.fate,
        "message": each.text,
        "origin": each.origin,
        "pending": list(each.pending),
        "causes": [cause_as_json(cause) for cause in each.causes],
        "time": span_as_json(each.span),
    }
