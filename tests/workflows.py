"""Short ways to write workflows in tests."""

from __future__ import annotations

from twingraph_lab.spec.workflow import Node, Source, Workflow


def cell(node_id, code="result = None", *, outputs=("result",), **fields):
    """A node of inline code."""
    return Node(id=node_id, component=Source(code=code, outputs=outputs, filename=f"<{node_id}>"), **fields)


def workflow(*nodes, name="test", **fields):
    """A workflow of these nodes."""
    return Workflow(name=name, nodes=nodes, **fields)
