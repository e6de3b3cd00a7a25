"""The command serve."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from twingraph_lab.cli.options import Options
from twingraph_lab.cli.output import note
from twingraph_lab.errors import MissingExtraError

if TYPE_CHECKING:
    from twingraph_lab.service.endpoint import Endpoint


def serve(
    options: Options, *, socket: Path | None, port: int | None, host: str, idle_s: float, on_demand: bool
) -> None:
    """Host the service until it is stopped."""
    try:
        from twingraph_lab.service.serve import Place  # noqa: PLC0415  (needs an extra)
        from twingraph_lab.service.serve import serve as host_service  # noqa: PLC0415
    except ImportError as error:
        raise _missing(error) from error
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    settings = options.settings()

    def tell(here: Endpoint) -> None:
        note(f"serving {settings.home.expanduser().absolute()} at {here.socket}, process {here.pid}")
        if here.url:
            note(f"open {here.url}/docs?token={here.token}")
        if not on_demand:
            note("Ctrl-C stops it; runs that haven't ended go on with the next service")

    host_service(settings, Place(socket, port, host), idle_s=idle_s or None, on_demand=on_demand, told=tell)
    note("stopped")


def stop(options: Options) -> None:
    """End the service of the store."""
    try:
        from twingraph_lab.service.finding import stop as stop_service  # noqa: PLC0415
    except ImportError as error:
        raise _missing(error) from error
    settings = options.settings()
    ended = stop_service(settings)
    if ended is None:
        typer.echo(f"no service runs for {settings.home.expanduser().absolute()}")
    else:
        typer.echo(f"stopped process {ended.pid}; runs that haven't ended go on with the next service")


def _missing(error: ImportError) -> Exception:
    """The extra to install, if it is that which is missing."""
    ours = (error.name or "").split(".")[0] == "twingraph_lab"
    return error if ours else MissingExtraError("the service", "service")
