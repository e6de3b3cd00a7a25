"""Builds the JupyterLab extension into wheels. An editable install leaves that to scripts/extension.py, which links."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ExtensionHook(BuildHookInterface[Any]):
    """Runs before each wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Raises `BuildError`, as a wheel without the canvas would be a surprise."""
        if version == "editable":
            return
        extension = runpy.run_path(str(Path(self.root) / "scripts" / "extension.py"))
        if not extension["is_built"]():
            extension["build"]()
        build_data["shared_data"]["twingraph_lab/labextension"] = "share/jupyter/labextensions/twingraph-lab"
