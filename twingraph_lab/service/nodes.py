"""Nodes of a run: how they did, and the values they made."""

from __future__ import annotations

import re
from itertools import chain
from typing import Annotated

from fastapi import Path, Response, status
from starlette.responses import FileResponse, StreamingResponse

from twingraph_lab.events import Artifact, Frozen
from twingraph_lab.frontends.inspection.models import NodeDetail, NodeSummary, Preview, RunSummary
from twingraph_lab.frontends.inspection.nodes import node_detail, output_of
from twingraph_lab.frontends.inspection.previews import preview
from twingraph_lab.frontends.inspection.runs import run_detail, run_summary
from twingraph_lab.service.bodies import router
from twingraph_lab.service.hosted import HostedLab
from twingraph_lab.service.runs import RunId

routes = router("nodes")

NodeId = Annotated[str, Path(max_length=200)]
OutputName = Annotated[str, Path(max_length=200)]
ALONE = {"content-security-policy": "sandbox; default-src 'none'"}
"""A value may be a page with a script. It is only ever saved, and if a browser opens it all the same, it can't act."""
EXTENSIONS = {
    "application/json": "json",
    "image/png": "png",
    "application/x-ipynb+json": "ipynb",
    "application/x-python-pickle": "pickle",
    "application/vnd.apache.arrow.stream": "arrows",
    "application/vnd.apache.parquet": "parquet",
}


class Nodes(Frozen):
    """In the document's order."""

    nodes: tuple[NodeSummary, ...]


@routes.get("/runs/{run_id}/nodes")
def list_nodes(lab: HostedLab, run_id: RunId) -> Nodes:
    """How the nodes of a run are doing."""
    return Nodes(nodes=run_detail(lab, run_id).tasks)


@routes.get("/runs/{run_id}/nodes/{node}")
def read_node(lab: HostedLab, run_id: RunId, node: NodeId) -> NodeDetail:
    """All that is known of a node in a run."""
    return node_detail(lab, run_id, node)


@routes.post("/runs/{run_id}/nodes/{node}/replay", status_code=status.HTTP_202_ACCEPTED)
def replay_node(lab: HostedLab, run_id: RunId, node: NodeId) -> RunSummary:
    """Start a run of this node alone, with what it was given."""
    return run_summary(lab, lab.replay(run_id, node, drive=False).id)


@routes.get("/runs/{run_id}/nodes/{node}/outputs/{name}", response_class=FileResponse)
def read_output(lab: HostedLab, run_id: RunId, node: NodeId, name: OutputName) -> Response:
    """The bytes of an output as they are stored, to be saved as a file."""
    artifact = output_of(lab, run_id, node, name)
    disposition = f'attachment; filename="{_filename(node, name, artifact)}"'
    pieces = lab.artifacts.chunks(artifact)
    data = chain([next(pieces)], pieces)  # what isn't there is told as an error, not as a download that breaks off
    headers = {"content-disposition": disposition, "content-length": str(artifact.size), **ALONE}
    return StreamingResponse(data, media_type="application/octet-stream", headers=headers)


@routes.get("/runs/{run_id}/nodes/{node}/outputs/{name}/preview")
def preview_output(lab: HostedLab, run_id: RunId, node: NodeId, name: OutputName) -> Preview:
    """An output made safe to show."""
    return preview(name, output_of(lab, run_id, node, name), lab.artifacts)


def _filename(node: str, name: str, artifact: Artifact) -> str:
    stem = re.sub(r"[^\w-]+", "_", f"{node}.{name}".replace(".", "-"), flags=re.ASCII)
    return f"{stem}.{EXTENSIONS.get(artifact.media_type, 'bin')}"
