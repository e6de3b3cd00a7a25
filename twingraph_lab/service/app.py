"""The service's web application: every route, behind one gate."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import metadata
from pathlib import Path

from fastapi import FastAPI
from starlette.types import ASGIApp

from twingraph_lab.lab import Lab
from twingraph_lab.service import (
    canvas,
    components,
    docs,
    engines,
    events,
    frames,
    health,
    hosting,
    lineage,
    nodes,
    platforms,
    problems,
    runs,
    topics,
    twingraph,
    workflows,
)
from twingraph_lab.service.access import Access
from twingraph_lab.service.gate import Gate
from twingraph_lab.service.graphql import schema
from twingraph_lab.service.hosted import Hosted
from twingraph_lab.service.limits import Limits
from twingraph_lab.service.tail import Tail

ROUTES = (
    health.routes,
    hosting.routes,
    runs.routes,
    nodes.routes,
    workflows.routes,
    lineage.routes,
    canvas.routes,
    components.routes,
    platforms.routes,
    events.routes,
    frames.routes,
    docs.routes,
    twingraph.routes,
    topics.routes,
    engines.first,
    engines.second,
    schema.routes,
)


class _Guarded(FastAPI):
    """An app with its gate outermost, so that even the answer to a fault of our own passes it."""

    def build_middleware_stack(self) -> ASGIApp:
        return Gate(super().build_middleware_stack(), access=self.state.access, limits=self.state.limits)


def create_app(lab: Lab, access: Access, *, root: Path | None = None, limits: Limits | None = None) -> FastAPI:
    """The application for one Lab, which it neither closes nor lets drive runs: whoever serves it calls `Lab.adopt`.

    `root` is the folder that paths in requests are relative to and can't leave; None is the working directory.
    """
    limits = limits or Limits()
    app = _Guarded(
        title="TwinGraph Lab",
        version=metadata.version("twingraph-lab"),
        lifespan=_alive,
        docs_url=None,
        redoc_url=None,
        max_body_size=limits.body_bytes,
    )
    app.state.access = access
    app.state.limits = limits
    app.state.hosted = Hosted(lab, Path(os.path.realpath(root or Path.cwd())), Tail(lab.ledger))
    problems.install(app)
    for routes in ROUTES:
        app.include_router(routes)
    return app


@asynccontextmanager
async def _alive(app: FastAPI) -> AsyncIterator[None]:
    hosted: Hosted = app.state.hosted
    yield
    hosted.tail.close()
