"""What can be a node."""

from __future__ import annotations

from twingraph_lab.events import Frozen
from twingraph_lab.frontends.canvas.catalog import Catalog
from twingraph_lab.frontends.canvas.messages import CatalogEntry
from twingraph_lab.service.bodies import router
from twingraph_lab.service.folders import folder as folder_at
from twingraph_lab.service.hosted import HostedApp

routes = router("components")


class Components(Frozen):
    """As a palette shows them."""

    entries: tuple[CatalogEntry, ...]


@routes.get("/components")
def list_components(app: HostedApp, folder: str = "") -> Components:
    """Built-in components, and functions of the files in a folder, which are read and never imported."""
    return Components(entries=Catalog(folder_at(app.root, folder), root=app.root).entries())
