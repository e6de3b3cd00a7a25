"""Why a node runs, or ran, though it had been computed before. Pure: compares two computations of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from twingraph_lab.frontends.differences import (
    Cause,
    Computation,
    Kind,
    code_changes,
    environment_changes,
    input_changes,
)
from twingraph_lab.frontends.display import duration
from twingraph_lab.runtime.artifacts import ArtifactStore
from twingraph_lab.runtime.records import TaskRecord
from twingraph_lab.runtime.states import TaskState

__all__ = ["Cause", "Computation", "causes"]

IRRELEVANT: dict[str, frozenset[Kind]] = {
    "source": frozenset({"parameter", "input"}),
    "version": frozenset({"code", "environment", "platform"}),
}
"""What a cache policy doesn't look at."""


def causes(
    before: Computation | None,
    after: Computation,
    *,
    last: TaskRecord | None = None,
    store: ArtifactStore | None = None,
) -> list[Cause]:
    """Why `after` wasn't taken from the cache, the most telling reason first; never empty.

    `before` is the last time it completed, None if it never did; `last` how it fared in the run before `after`.
    """
    asked = list(_asked_for(after))
    found = [*asked, *_failed(last)]
    if before is None:
        return found or [Cause("first", text="it has never run before")]
    changed = list(_changes(before, after, store))
    found += [cause for cause in changed if cause.kind not in IRRELEVANT.get(after.node.cache.mode, ())]
    if not asked:
        found += _not_counted(before, after, unchanged=not changed)
    if found:
        return found
    if after.pending:
        return []
    return [Cause("unknown", text=f"nothing that is recorded has changed since run {before.run_id}")]


def _asked_for(after: Computation) -> Iterator[Cause]:
    context, policy = after.context, after.node.cache
    if context.replay_of:
        yield Cause("replay", text=f"it repeats {context.replay_of.rpartition('/')[0]}")
    elif context.asked:
        yield Cause("forced", text=f"asked for with {context.asked}")
    elif context.refresh:
        yield Cause("forced", text="asked for with --force")
    elif policy.mode != "none" and (policy.refresh or (after.basis and after.basis.miss == "refreshed")):
        yield Cause("forced", text="its cache policy says refresh")


def _failed(last: TaskRecord | None) -> Iterator[Cause]:
    if last is None or last.state is TaskState.COMPLETED:
        return
    why = f": {last.failure}" if last.failure else ""
    word = {TaskState.PENDING: "didn't start", TaskState.DISPATCHED: "didn't start", TaskState.RUNNING: "didn't end"}
    said = word.get(last.state, f"was {last.state}" if last.state is not TaskState.FAILED else "failed")
    yield Cause("failed", text=f"it {said} in run {last.run_id}{why}")


def _changes(before: Computation, after: Computation, store: ArtifactStore | None) -> Iterator[Cause]:
    yield from code_changes(before, after, store)
    then, now = before.node.cache.version, after.node.cache.version
    if then != now:
        yield Cause("version", "version", then or "none", now or "none")
    yield from input_changes(before, after, store)
    gave, gives = (each.node.outputs or getattr(each.component, "outputs", ()) for each in (before, after))
    if gave != gives:
        yield Cause("outputs", "outputs", ", ".join(gave) or "undeclared", ", ".join(gives) or "undeclared")
    yield from environment_changes(before, after)


def _not_counted(before: Computation, after: Computation, *, unchanged: bool) -> Iterator[Cause]:
    """Why what was kept didn't count, or why nothing was."""
    policy, earlier = after.node.cache, before.node.cache
    miss = after.basis.miss if after.basis else ""
    if policy.mode == "none":
        hint = f"; with the cache policy `inputs`, what run {before.run_id} gave would do"
        yield Cause("uncached", text=f"it isn't cached{hint if unchanged and not after.pending else ''}")
        return
    if after.basis and not after.basis.key and not after.pending:
        unknown = ", ".join(name for name, digest in after.basis.code.items() if not digest)
        yield Cause("uncached", text=f"it can't be cached, since some of its code isn't known: {unknown}")
        return
    if earlier.mode == "none":
        yield Cause("policy", text=f"it wasn't cached in run {before.run_id}, so nothing was kept")
        return
    if earlier.mode != policy.mode:
        yield Cause("policy", "cache policy", earlier.mode, policy.mode)
    if policy.scope == "run":
        yield Cause("scope", text="its cache scope is run: outputs of other runs don't count")
    elif earlier.scope != policy.scope:
        yield Cause("scope", "cache scope", earlier.scope, policy.scope)
    elif policy.scope == "project" and before.context.project != after.context.project:
        yield Cause("scope", "project", before.context.project or "none", after.context.project or "none")
    if unchanged or miss:
        yield from _lost(before, after, miss)


def _lost(before: Computation, after: Computation, miss: str) -> Iterator[Cause]:
    ttl_s = after.node.cache.ttl_s
    age = after.at - before.at if after.at and before.at else timedelta(0)
    if miss == "expired" or (not miss and ttl_s is not None and age.total_seconds() > ttl_s):
        limit = f"more than {duration(ttl_s)}" if ttl_s else "longer than it may be"
        yield Cause("expired", text=f"what was kept is {duration(age.total_seconds())} old, {limit}")
    elif miss == "gone":
        yield Cause("gone", text=f"what run {before.run_id} gave is missing from the store, or damaged")
    elif miss == "new" and after.basis and before.basis and after.basis.key == before.basis.key:
        why = "it was pruned, or its code was edited while it ran"
        yield Cause("gone", text=f"what run {before.run_id} gave isn't in the cache: {why}")
