"""What routes work on: the Lab, the folder whose files may be read, and the one reader of the event log."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from twingraph_lab.lab import Lab
from twingraph_lab.service import headers
from twingraph_lab.service.tail import Tail


@dataclass(frozen=True, slots=True)
class Hosted:
    """What an app hosts. `root` is the folder that every path of a request is relative to."""

    lab: Lab
    root: Path
    tail: Tail


async def hosted(connection: HTTPConnection) -> Hosted:
    """What the app of this request hosts. (FastAPI would run it in a thread if it weren't async.)"""
    found: Hosted = connection.app.state.hosted
    root = headers.root(connection.headers.get(headers.ROOT), connection.scope)
    return found if root is None else replace(found, root=root)


async def lab_of(connection: HTTPConnection) -> Lab:
    """The Lab of the app of this request."""
    return (await hosted(connection)).lab


HostedApp = Annotated[Hosted, Depends(hosted)]
HostedLab = Annotated[Lab, Depends(lab_of)]
