"""What is kept for reuse: list it, and forget some of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import typer

from twingraph_lab.cli.options import Options
from twingraph_lab.cli.output import ago, note, print_json, print_rows
from twingraph_lab.frontends.display import duration, printable, size
from twingraph_lab.schedulers.cache import Cache, Entry
from twingraph_lab.spec.caching import duration_s, policy_text


@dataclass(frozen=True, slots=True)
class Selection:
    """Which entries: those for which everything that is said here holds. Empty: all."""

    node: str = ""
    workflow: str = ""
    older_than_s: float = 0.0
    expired: bool = False

    def chooses(self, entry: Entry, now: datetime) -> bool:
        """Whether `entry` is one of them."""
        age_s = (now - entry.written).total_seconds()
        return (
            self.node in ("", entry.task_id)
            and self.workflow in ("", entry.workflow)
            and age_s >= self.older_than_s
            and (not self.expired or entry.expired(entry.policy, now))
        )


def cache(
    options: Options, action: str, selection: Selection, *, everything: bool, dry_run: bool, as_json: bool
) -> None:
    """List or forget what is kept."""
    if action == "prune":
        prune(options, selection, everything=everything, dry_run=dry_run, as_json=as_json)
    elif everything or dry_run:
        raise typer.BadParameter("--all and --dry-run are for prune")
    else:
        ls(options, selection, as_json=as_json)


def ls(options: Options, selection: Selection, *, as_json: bool) -> None:
    """List entries, newest first."""
    now = datetime.now(UTC)
    with options.lab() as lab:
        entries = [entry for entry in Cache(lab.artifacts).entries() if selection.chooses(entry, now)]
    found = sorted(entries, key=lambda entry: entry.written, reverse=True)
    if as_json:
        print_json([_report(entry, now) for entry in found])
    elif found:
        rows = [
            [
                printable(entry.task_id),
                printable(entry.workflow),
                entry.run_id,
                ago(entry.written),
                size(entry.size_bytes),
                printable(_policy(entry, now)),
            ]
            for entry in found
        ]
        print_rows(["node", "workflow", "run", "computed", "size", "policy"], rows, right=["size"])
    else:
        note("nothing is kept" + (" that fits this" if selection != Selection() else " yet"))


def prune(options: Options, selection: Selection, *, everything: bool, dry_run: bool, as_json: bool) -> None:
    """Forget entries, and say how many."""
    if everything == (selection != Selection()):
        raise typer.BadParameter(
            "say which entries to forget: --all, or some of --node, --workflow, --older-than and --expired"
        )
    now = datetime.now(UTC)
    with options.lab() as lab:
        kept = Cache(lab.artifacts)
        entries = list(kept.entries())
        chosen = [entry for entry in entries if selection.chooses(entry, now)]
        if not dry_run:
            kept.prune(chosen)
    left = len(entries) - len(chosen)
    if as_json:
        print_json({"forgotten": len(chosen), "left": left, "dry_run": dry_run})
    else:
        count = "1 entry" if len(chosen) == 1 else f"{len(chosen)} entries"
        note(f"{'would forget' if dry_run else 'forgot'} {count}, {left} left; values stay, since runs refer to them")


def seconds(text: str) -> float:
    """A time as it is typed."""
    try:
        return duration_s(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _policy(entry: Entry, now: datetime) -> str:
    """The policy, and what that means for the entry's time."""
    text = policy_text(entry.policy)
    if entry.policy.ttl_s is None:
        return text
    left_s = entry.policy.ttl_s - (now - entry.written).total_seconds()
    return f"{text} ({f'{duration(left_s)} left' if left_s > 0 else 'expired'})"


def _report(entry: Entry, now: datetime) -> dict[str, object]:
    return {
        "key": entry.key,
        "node": entry.task_id,
        "workflow": entry.workflow,
        "run_id": entry.run_id,
        "project": entry.project,
        "computed": entry.written.isoformat(),
        "age_s": round((now - entry.written).total_seconds(), 3),
        "size_bytes": entry.size_bytes,
        "policy": policy_text(entry.policy),
        "expired": entry.expired(entry.policy, now),
    }
