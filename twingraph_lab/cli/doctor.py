"""The commands doctor and version."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import metadata

import typer
from rich.text import Text

from twingraph_lab.cli import checks
from twingraph_lab.cli.checks import DISTRIBUTION, Finding
from twingraph_lab.cli.options import Options
from twingraph_lab.cli.output import console, print_json
from twingraph_lab.errors import StoreError, TwinGraphError
from twingraph_lab.frontends.inspecting import abandoned
from twingraph_lab.runtime.states import RunState
from twingraph_lab.settings import Settings

LINEAGE = "lineage.db"
CATCH_UP_S = 600.0
LOOKS = {"ok": ("✓", "green"), "note": ("!", "yellow"), "bad": ("✗", "bold red")}


def doctor(options: Options, *, repair: bool, full: bool, as_json: bool) -> None:
    """Print what is found and repaired; exit code 6 if something bad is left."""
    settings = options.settings()
    findings = list(checks.installation(settings))
    repairs: list[str] = []
    if repair and any(finding.repairable for finding in _store(options, settings, full=False)):
        repairs = list(_repair(options))
    findings += _store(options, settings, full=full)
    healthy = all(finding.status != "bad" for finding in findings)
    if as_json:
        print_json(
            {"healthy": healthy, "repairs": repairs, "findings": [dataclasses.asdict(finding) for finding in findings]}
        )
    else:
        _print(findings, repairs)
    raise typer.Exit(0 if healthy else StoreError.exit_code)


def version(options: Options, *, as_json: bool) -> None:
    """Print this distribution's version."""
    del options
    number = metadata.version(DISTRIBUTION)
    if as_json:
        print_json({"version": number})
    else:
        typer.echo(f"TwinGraph Lab {number}")


def _store(options: Options, settings: Settings, *, full: bool) -> list[Finding]:
    findings = list(checks.home(settings))
    if not settings.ledger and not settings.home.expanduser().is_dir():
        return findings
    try:
        with options.lab() as lab:
            for check in (checks.ledger(lab), checks.values(lab, full=full), checks.runs(lab), checks.leftovers(lab)):
                findings += check
            findings += checks.lineage(lab)
    except TwinGraphError as error:
        findings.append(Finding("store", "bad", str(error), "restore a copy from home/backups, or run on a new home"))
    return findings


def _repair(options: Options) -> Iterator[str]:
    """Make a backup, then repair what can be; yields what was done."""
    with options.lab() as lab:
        backups = lab.home / "backups"
        backups.mkdir(mode=0o700, exist_ok=True)
        stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
        if lab.ledger.url.startswith("sqlite"):
            lab.ledger.backup(backups / f"ledger-{stamp}.db")
            yield f"copied the ledger to {backups / f'ledger-{stamp}.db'}"
        if checks.open_to_others(lab.home):
            lab.home.chmod(0o700)
            yield f"made {lab.home} readable by its owner only"
        running = lab.runs(checks.EVERY_RUN, RunState.RUNNING)
        for record in filter(abandoned, running):
            if record.lease_until is not None:
                lab.ledger.release(record.run_id, record.epoch)
                yield f"released run {record.run_id}: any coordinator may take it now"
        for file in checks.unfinished(lab):
            file.unlink(missing_ok=True)
            yield f"deleted {file.name}"
        damage = next((f.message for f in checks.lineage(lab) if f.status == "bad"), "")
    if damage and not all(map(abandoned, running)):
        yield "left the damaged lineage alone: runs are under way"
        return
    if damage:
        for file in options.settings().home.expanduser().glob(f"{LINEAGE}*"):
            file.rename(backups / f"{stamp}-{file.name}")
        yield f"put the damaged lineage aside in {backups}"
    with options.lab() as lab:
        if next(checks.lineage(lab)).repairable and lab.lineage.catch_up(CATCH_UP_S):
            yield "recorded lineage from the ledger"


def _print(findings: list[Finding], repairs: list[str]) -> None:
    out = console()
    for line in repairs:
        out.print(Text.assemble(("↻", "cyan"), f" {line}"), soft_wrap=True)
    width = max(len(finding.subject) for finding in findings)
    for finding in findings:
        symbol, style = LOOKS[finding.status]
        out.print(Text.assemble((symbol, style), f" {finding.subject:<{width}}  {finding.message}"), soft_wrap=True)
        if finding.advice:
            out.print(Text(f"  {'':<{width}}  → {finding.advice}", style="cyan"), soft_wrap=True)
