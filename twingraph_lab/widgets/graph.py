"""ipycytoscape's `Graph` on a canvas: the same methods, without a comm for each element."""

# ruff: noqa: FBT001, FBT002  (as in ipycytoscape)

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ipycytoscape import Edge, Graph, Node
from ipycytoscape.cytoscape import Element
from ipywidgets import register

from twingraph_lab.frontends.canvas.messages import EdgeData, NodeData
from twingraph_lab.widgets.traits import Computed

Json = dict[str, Any]
PLAIN = (str, int, float, bool, type(None), list, dict)
_QUIET = threading.Lock()


@dataclass(slots=True, eq=False)
class Item:
    """What ipycytoscape has a widget for: a node or an edge."""

    data: Json
    classes: str = ""
    position: Json = field(default_factory=dict)


class Items(list[Any]):
    """Items of one kind; `told` is called with those that come and those that go."""

    def __init__(self, told: Callable[[list[Any], list[Any]], None]) -> None:
        super().__init__()
        self._told = told

    def __copy__(self) -> list[Any]:
        return list(self)

    def extend(self, items: Iterable[Any]) -> None:
        """Add all of them at once."""
        added = list(items)
        super().extend(added)
        if added:
            self._told(added, [])

    def append(self, item: Any) -> None:
        """Add one."""
        self.extend([item])

    def remove(self, item: Any) -> None:
        """Take one away. Raises `ValueError` if it isn't there."""
        super().remove(item)
        self._told([], [item])

    def clear(self) -> None:
        """Take all away."""
        gone = list(self)
        super().clear()
        if gone:
            self._told([], gone)


@register
class DrawnGraph(Graph):  # type: ignore[misc]
    """The elements of a canvas that aren't its workflow's. They are drawn, moved and removed, and never run.

    `change` is called with elements that are new, with those that are other than they were, and with ids of those that
    are gone.
    """

    nodes = Computed(lambda graph: graph._nodes).tag(sync=True, to_json=lambda *_: [])  # noqa: SLF001
    edges = Computed(lambda graph: graph._edges).tag(sync=True, to_json=lambda *_: [])  # noqa: SLF001
    _adj = Computed(lambda graph: graph._neighbours).tag(sync=True, to_json=lambda *_: {})  # noqa: SLF001

    def __init__(self, change: Callable[[list[Json], list[Json], list[str]], None], **kwargs: Any) -> None:
        self._change = change
        self._neighbours: dict[Any, dict[Any, int]] = {}
        self._nodes = Items(self._tell)
        self._edges = Items(self._tell)
        self._by_id: dict[str, Json] = {}
        self._ids: dict[int, str] = {}
        super().__init__(**kwargs)

    @property
    def elements(self) -> list[Json]:
        """All of them, as a canvas draws them."""
        return list(self._by_id.values())

    def __contains__(self, identifier: str) -> bool:
        return identifier in self._by_id

    def move(self, positions: Mapping[str, Any]) -> list[Json]:
        """Put elements elsewhere; what they are now."""
        moved = {name: {**self._by_id[name], "position": list(place)} for name, place in positions.items()}
        self._by_id.update(moved)
        return list(moved.values())

    def take_away(self, ids: Iterable[str]) -> list[str]:
        """Remove elements by the ids they are drawn with, and the edges of nodes; the ids of all that are gone."""
        wanted, before = set(ids), set(self._by_id)
        told, self._change = self._change, lambda *_: None
        for edge in [each for each in self._edges if self._ids.get(id(each)) in wanted]:
            self.remove_edge(edge)
        for node in [each for each in self._nodes if self._ids.get(id(each)) in wanted]:
            self.remove_node(node)
        self._change = told
        return sorted(before - self._by_id.keys())

    def add_edges(self, edges: Any, directed: bool = False, multiple_edges: bool = False) -> None:
        """As in ipycytoscape."""
        edges = list(edges)
        ends = dict.fromkeys(end for edge in edges for end in (edge.data["source"], edge.data["target"]))
        self.add_nodes([Item({"id": end}) for end in ends if end not in self._neighbours])
        super().add_edges(edges, directed, multiple_edges)

    def add_graph_from_networkx(self, g: Any, directed: bool | None = None, multiple_edges: bool | None = None) -> None:
        """As in ipycytoscape."""
        names = {node: node.data["id"] if isinstance(node, Node) else str(node) for node in g.nodes}
        self.add_nodes(
            node if isinstance(node, Node) else _item({"id": name, **g.nodes[node]}) for node, name in names.items()
        )
        edges = (
            _item({"source": names[source], "target": names[target], **about})
            for source, target, about in g.edges(data=True)
        )
        self.add_edges(
            edges,
            g.is_directed() if directed is None else directed,
            g.is_multigraph() if multiple_edges is None else multiple_edges,
        )

    def add_graph_from_json(self, json_file: Any, directed: bool = False, multiple_edges: bool = False) -> None:
        """As in ipycytoscape."""
        found = json_file
        if isinstance(found, str | Path):
            path = Path(found)
            found = json.loads(path.read_text(encoding="utf-8") if path.is_file() else str(found))
        self.add_nodes([_item(each) for each in found["nodes"]])
        self.add_edges([_item(each) for each in found.get("edges", ())], directed, multiple_edges)

    def add_graph_from_df(self, *args: Any, **kwargs: Any) -> None:
        """As in ipycytoscape."""
        with _without_comms():
            super().add_graph_from_df(*args, **kwargs)

    def add_graph_from_neo4j(self, g: Any) -> None:
        """As in ipycytoscape."""
        with _without_comms():
            super().add_graph_from_neo4j(g)

    def _tell(self, added: list[Any], gone: list[Any]) -> None:
        made: list[Json] = []
        for item in added:
            element = _element(item)
            name = self._free(str(element["data"]["id"]))
            element["data"]["id"] = name
            self._ids[id(item)] = name
            self._by_id[name] = element
            made.append(element)
            if isinstance(item, Element):
                item.observe(self._changed, ["data", "classes", "position"])
        removed = [self._ids.pop(id(item)) for item in gone]
        for name in removed:
            del self._by_id[name]
        self._change(made, [], removed)

    def _changed(self, change: Any) -> None:
        """An item that is a widget was changed by its owner."""
        item = change["owner"]
        name = self._ids.get(id(item))
        if name is not None:
            element = _element(item)
            element["data"]["id"] = name
            self._by_id[name] = element
            self._change([], [element], [])

    def _free(self, name: str) -> str:
        number, free = 1, name
        while free in self._by_id:
            number += 1
            free = f"{name}#{number}"
        return free


def _item(about: Mapping[str, Any]) -> Item:
    """From attributes as ipycytoscape takes them: those of Cytoscape beside `data`, or all together."""
    others = {name: value for name, value in about.items() if name not in ("data", "classes", "position", "group")}
    data = {**others, **about.get("data", {})}
    return Item(data, str(about.get("classes", "")), dict(about.get("position") or {}))


def _element(item: Any) -> Json:
    """As a canvas draws it."""
    data = {name: value if isinstance(value, PLAIN) else str(value) for name, value in dict(item.data).items()}
    classes = " ".join(item.classes.split())
    if "source" in data:
        source, target = str(data["source"]), str(data["target"])
        shape = EdgeData(id=f"{source}->{target}", source=source, target=target).model_dump(mode="json")
        drawn = {**shape, **data, "source": source, "target": target, "kind": "plain"}
        return {"group": "edges", "data": drawn, "classes": classes}
    name = str(data["id"])
    label = str(data.get("label") or data.get("name") or name)
    shape = NodeData(id=name, label=label, icon="").model_dump(mode="json")
    place = dict(item.position)
    position = [place["x"], place["y"]] if {"x", "y"} <= place.keys() else None
    drawn = {**shape, **data, "id": name, "kind": "plain"}
    return {"group": "nodes", "data": drawn, "classes": classes, "position": position}


@contextmanager
def _without_comms() -> Iterator[None]:
    """Elements of ipycytoscape that are made in here, by whichever thread, open no comm."""
    with _QUIET:
        Element.open = lambda _: None
        try:
            yield
        finally:
            del Element.open


__all__ = ["DrawnGraph", "Edge", "Node"]
