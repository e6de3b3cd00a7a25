"""Where nodes can run."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from twingraph_lab.events import Frozen
from twingraph_lab.platforms.base import Platform
from twingraph_lab.registry import Registry
from twingraph_lab.service.bodies import router

routes = router("platforms")


class PlatformEntry(Frozen):
    """A platform; `schema` is that of a node's `platform.options` (JSON Schema)."""

    name: str
    schema_: dict[str, Any] = Field(alias="schema")


class Platforms(Frozen):
    """By name."""

    platforms: tuple[PlatformEntry, ...]


@routes.get("/platforms")
def list_platforms() -> Platforms:
    """The platforms that are installed."""
    known = Registry[type[Platform]]("twingraph_lab.platforms")
    entries = [PlatformEntry(name=name, schema=known.get(name).Options.model_json_schema()) for name in known.names()]
    return Platforms(platforms=tuple(entries))
