"""The names of gremlinpython that the evaluator uses; the one place that notices when it isn't installed."""

from __future__ import annotations

from twingraph_lab.errors import MissingExtraError

try:
    from gremlin_python.driver.remote_connection import RemoteConnection, RemoteTraversal
    from gremlin_python.process import traversal as _traversal
    from gremlin_python.process.anonymous_traversal import traversal
    from gremlin_python.process.graph_traversal import __
    from gremlin_python.process.strategies import OptionsStrategy, ReadOnlyStrategy
    from gremlin_python.process.traversal import (
        DT,
        Binding,
        Bytecode,
        Cardinality,
        CardinalityValue,
        Column,
        Direction,
        Merge,
        Operator,
        Order,
        P,
        Pick,
        Pop,
        Scope,
        T,
        TextP,
        TraversalStrategy,
        WithOptions,
    )
    from gremlin_python.process.traversal import Traverser as RemoteTraverser
    from gremlin_python.structure.graph import Edge, Path, Property, Vertex, VertexProperty
    from gremlin_python.structure.io.util import HashableDict
except ImportError as error:
    raise MissingExtraError("querying lineage in Gremlin", "gremlin") from error

GType = getattr(_traversal, "GType", ())  # since 3.8

__all__ = [
    "DT",
    "Binding",
    "Bytecode",
    "Cardinality",
    "CardinalityValue",
    "Column",
    "Direction",
    "Edge",
    "GType",
    "HashableDict",
    "Merge",
    "Operator",
    "OptionsStrategy",
    "Order",
    "P",
    "Path",
    "Pick",
    "Pop",
    "Property",
    "ReadOnlyStrategy",
    "RemoteConnection",
    "RemoteTraversal",
    "RemoteTraverser",
    "Scope",
    "T",
    "TextP",
    "TraversalStrategy",
    "Vertex",
    "VertexProperty",
    "WithOptions",
    "__",
    "traversal",
]
