"""The options every command has: which store, which scheduler. They override the environment."""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from twingraph_lab.lab import Lab
    from twingraph_lab.settings import Settings

PANEL = "Options of every command"

Home = Annotated[
    Path | None,
    typer.Option(
        "--home",
        help="Folder of the embedded store (else TWINGRAPH_HOME, else .twingraph).",
        rich_help_panel=PANEL,
    ),
]
LedgerUrl = Annotated[
    str | None,
    typer.Option("--ledger", metavar="URL", help="Ledger as SQLAlchemy URL (else in home).", rich_help_panel=PANEL),
]
ArtifactsUrl = Annotated[
    str | None,
    typer.Option("--artifacts", metavar="URL", help="Where values are stored (else in home).", rich_help_panel=PANEL),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        help="dask, inline, or the address of a Dask scheduler: tcp://host:8786.",
        rich_help_panel=PANEL,
    ),
]
Debug = Annotated[
    bool,
    typer.Option("--debug", help="Show the traceback of an error.", rich_help_panel=PANEL),
]


@dataclass(frozen=True, slots=True)
class Options:
    """What was typed; `None` means not given."""

    home: Path | None = None
    ledger: str | None = None
    artifacts: str | None = None
    scheduler: str | None = None
    debug: bool = False

    def over(self, other: Options) -> Options:
        """These options, and where they aren't given, `other`'s."""
        return Options(**{f.name: getattr(self, f.name) or getattr(other, f.name) for f in dataclasses.fields(self)})

    @property
    def overrides(self) -> dict[str, str | Path]:
        """The settings given here, by name."""
        names = ("home", "ledger", "artifacts", "scheduler")
        return {name: value for name in names if (value := getattr(self, name)) is not None}

    def settings(self) -> Settings:
        """Environment and options together. A bad variable is a usage error that names it."""
        from pydantic import ValidationError  # noqa: PLC0415  (slow, and not needed for help)

        from twingraph_lab.settings import Settings  # noqa: PLC0415

        try:
            return Settings(**self.overrides)  # type: ignore[arg-type]  # pydantic checks them
        except ValidationError as error:
            faults = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()]
            raise typer.BadParameter("; ".join(faults), param_hint="TWINGRAPH_… in the environment") from None

    def lab(self) -> Lab:
        """A new Lab with these settings, to be used as a context manager."""
        from twingraph_lab.lab import Lab  # noqa: PLC0415  (slow, and not needed for help)

        return Lab(self.settings())

    def environment(self) -> dict[str, str]:
        """The environment that gives another process the same settings. Not its arguments: URLs can hold passwords."""
        given = {f"TWINGRAPH_{name.upper()}": str(value) for name, value in self.overrides.items()}
        return {**os.environ, **given, "TWINGRAPH_HOME": str(self.settings().home.absolute())}
