"""JupyterLab's side: a server extension that names the store, and leads `<base url>twingraph/` to its service.

Imported whenever a Jupyter server starts, so it imports nothing that Jupyter hasn't; the service starts when a page or
a kernel first asks for it, belongs to nobody, and is there for the next server, too.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

HOME = "TWINGRAPH_HOME"
STORE = ".twingraph"


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    return [{"module": __name__}]


def _load_jupyter_server_extension(server: ServerApp) -> None:
    """Kernels and terminals inherit the environment, and so use the same store, wherever their notebook is."""
    os.environ[HOME] = str(Path(os.environ.get(HOME) or STORE).expanduser().absolute())
    try:
        from twingraph_lab.service.proxy import routes  # noqa: PLC0415  (needs an extra)
    except ImportError as error:
        server.log.warning("twingraph_lab: %s is missing: pip install 'twingraph-lab[notebook]'", error.name)
        return
    server.web_app.add_handlers(".*", routes(server.base_url, Path(server.root_dir)))  # type: ignore[no-untyped-call]
