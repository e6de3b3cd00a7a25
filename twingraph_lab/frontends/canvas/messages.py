"""What canvas and Python say to each other: elements to draw, edits made by hand, frames of a run. TypeScript's types
are generated from these models.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue

from twingraph_lab.events import Frozen

Point = tuple[float, float]
"""x to the right, y downwards, in pixels at zoom 1: the centre of a node."""


class Port(Frozen):
    """A place on a node where an edge begins or ends: `type` is one of JSON Schema's, `table`, `bytes`, or `any`.

    `doc` is for people; `value` says in few words what an input has that no edge gives: a literal, a parameter, a
    template, a default. An output without a name is all that a node gives.
    """

    name: str
    type: str = "any"
    required: bool = False
    value: str = ""
    doc: str = ""


class NodeData(Frozen):
    """A box. `opaque` says that its code can't be understood and is never rewritten; `faults` are for its badge.

    Ids of groups begin with `group:`, those of comments with `comment:`; a comment's text is its `label`. A group has
    the ids of its nodes in `members`, and is their `parent`; those of a collapsed group are no elements: it stands for
    them, with a port `node.port` where an edge crosses its border. What is `plain` is no part of the workflow.
    """

    id: str
    kind: Literal["task", "group", "comment", "plain"] = "task"
    label: str
    component: str = ""
    icon: str = "python"
    inputs: tuple[Port, ...] = ()
    outputs: tuple[Port, ...] = ()
    faults: tuple[str, ...] = ()
    parent: str | None = None
    members: tuple[str, ...] = ()
    collapsed: bool = False
    opaque: bool = False
    description: str = ""


class EdgeData(Frozen):
    """`source.output` is given to `input` of `target`, or `target` only waits for it (`kind` after).

    The id is `source.output->target.input` with nodes, output and input as the document says them; `output` is the port
    that the edge begins at, empty for the whole of a node whose outputs aren't known. An edge that crosses the border
    of a collapsed group ends at the group, at its port `node.port`. What is `plain` is no part of the workflow.
    """

    id: str
    source: str
    target: str
    kind: Literal["data", "after", "plain"] = "data"
    output: str = ""
    input: str = ""
    faults: tuple[str, ...] = ()


class NodeElement(Frozen):
    """`position` is None for what nobody has placed yet."""

    group: Literal["nodes"] = "nodes"
    data: NodeData
    position: Point | None = None


class EdgeElement(Frozen):
    """An edge."""

    group: Literal["edges"] = "edges"
    data: EdgeData


Element = Annotated[NodeElement | EdgeElement, Field(discriminator="group")]


class Delta(Frozen):
    """What changed: elements to add, elements that replace those of the same id, ids to remove (their edges named too).

    `faults` are those of the workflow as a whole, always all of them.
    """

    add: tuple[Element, ...] = ()
    update: tuple[Element, ...] = ()
    remove: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


# edits: what a hand does ----------------------------------------------------------------------------------------------


class AddNode(Frozen):
    """A node of the catalog entry `entry`, or with the given component; `id` is made up if it is empty or taken."""

    op: Literal["add_node"] = "add_node"
    entry: str = ""
    component: JsonValue = None
    id: str = ""
    inputs: Mapping[str, JsonValue] = {}
    position: Point


class AddFile(Frozen):
    """The node or nodes that a file makes: a notebook, a script with components, a workflow document."""

    op: Literal["add_file"] = "add_file"
    path: str
    position: Point


class AddEdge(Frozen):
    """An edge; ports that aren't given are chosen if there is no doubt, else the fault lists the choices."""

    op: Literal["add_edge"] = "add_edge"
    source: str
    target: str
    output: str = ""
    input: str = ""
    after: bool = False


class Remove(Frozen):
    """Take away nodes, edges, groups (not their nodes) and comments."""

    op: Literal["remove"] = "remove"
    ids: tuple[str, ...]


class Rename(Frozen):
    """A node, group or comment's new name; whatever refers to a node follows."""

    op: Literal["rename"] = "rename"
    id: str
    to: str


class Move(Frozen):
    """New places of nodes and comments, by id; groups are where their nodes are."""

    op: Literal["move"] = "move"
    positions: dict[str, Point]


class SetNode(Frozen):
    """Fields of a node, as in the document, null takes one away; or what its form returned, as it is.

    `code` is the new text of a cell, whose outputs follow it.
    """

    op: Literal["set_node"] = "set_node"
    id: str
    fields: dict[str, JsonValue]


class SetWorkflow(Frozen):
    """Fields of the workflow itself: name, description, parameters, outputs; or what its form returned, as it is."""

    op: Literal["set_workflow"] = "set_workflow"
    fields: dict[str, JsonValue]


class Paste(Frozen):
    """Nodes that were copied (`Clipping`), at a place."""

    op: Literal["paste"] = "paste"
    clipping: str
    position: Point


class GroupNodes(Frozen):
    """Put nodes into a new group."""

    op: Literal["group"] = "group"
    ids: tuple[str, ...]
    label: str = ""


class Collapse(Frozen):
    """Show a group as one box, or open it again."""

    op: Literal["collapse"] = "collapse"
    id: str
    collapsed: bool


class WriteComment(Frozen):
    """A note on the canvas: a new one, or with `id` a new text."""

    op: Literal["comment"] = "comment"
    text: str
    position: Point | None = None
    id: str = ""


Edit = Annotated[
    AddNode
    | AddFile
    | AddEdge
    | Remove
    | Rename
    | Move
    | SetNode
    | SetWorkflow
    | Paste
    | GroupNodes
    | Collapse
    | WriteComment,
    Field(discriminator="op"),
]


# what a form shows ----------------------------------------------------------------------------------------------------


class NodeForm(Frozen):
    """The property form of a node, or of the workflow (`id` is empty then): JSON Schema, and the data that fills it.

    `code` is the text of an inline source in `language`, None for other components. What a form returns goes into
    `SetNode.fields` as it is.
    """

    id: str
    schema_: dict[str, Any] = Field(alias="schema")
    data: dict[str, JsonValue]
    code: str | None = None
    language: str = ""
    faults: tuple[str, ...] = ()


class CatalogEntry(Frozen):
    """Something that can be a node: a built-in, a function of the project, a component of the document."""

    entry: str
    label: str
    category: str
    icon: str = "python"
    description: str = ""
    inputs: tuple[Port, ...] = ()
    outputs: tuple[Port, ...] = ()


# a run on the canvas --------------------------------------------------------------------------------------------------


class NodeStatus(Frozen):
    """How a node is doing: the state of its task, `retrying` between attempts, or `cached` for results reused.

    `fraction` is how much is done, None if that isn't known; `note` is short: `3 of 10`.
    """

    state: str
    fraction: float | None = None
    note: str = ""
    attempt: int = 0
    error: str = ""


class Frame(Frozen):
    """What changed of a run since the frame before: only the nodes that did; `values` are previews by edge id.

    `seq` is the cursor after it. The first frame of a watcher has all nodes.
    """

    run_id: str
    seq: int
    state: str
    done: int
    total: int
    nodes: Mapping[str, NodeStatus] = {}
    values: Mapping[str, str] = {}
    error: str = ""
