"""A gremlinpython connection to the graph in a file: `traversal().with_(EmbeddedConnection(path))` gives a normal `g`.

Every traversal is one transaction; `g.tx()` makes one of several. Nothing here is asynchronous, so it works inside a
running event loop (a notebook) as well. Results are complete before the first one is handed out. Elements come back as
references (id and label); `elementMap()` and `valueMap()` give their properties.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

from twingraph_lab.errors import ConflictError, StoreError
from twingraph_lab.lineage.embedded.chain import Chain, Evaluation
from twingraph_lab.lineage.embedded.compile import compile_traversal
from twingraph_lab.lineage.embedded.graph import Graph
from twingraph_lab.lineage.embedded.gremlin import (
    Bytecode,
    RemoteConnection,
    RemoteTraversal,
    RemoteTraverser,
    traversal,
)
from twingraph_lab.lineage.embedded.source import Source, source_of
from twingraph_lab.lineage.embedded.store import Store
from twingraph_lab.lineage.embedded.traverser import Traverser


class EmbeddedConnection(RemoteConnection):  # type: ignore[misc]
    """Evaluates traversals over `store`, or over the file of that path (made if missing, unless `read_only`).

    Any number of threads may use it. Raises `QueryError` for a traversal it can't evaluate, `ConflictError` for one
    that would change a read-only graph, `StoreError` if the file can't be used.
    """

    def __init__(self, store: Store | str | os.PathLike[str], *, read_only: bool = False) -> None:
        self._owns = not isinstance(store, Store)
        self._store = store if isinstance(store, Store) else Store(store, read_only=read_only)
        self._read_only = read_only or self._store.read_only
        super().__init__(f"file:{self._store.path}", "g")

    def submit(self, bytecode: Bytecode) -> RemoteTraversal:
        """Evaluate a traversal."""
        source, chain = source_of(bytecode), compile_traversal(bytecode)
        if chain.mutates and (self._read_only or source.read_only):
            raise ConflictError("this graph is read-only: the traversal has a step that would change it")
        with self._transaction(writes=chain.mutates) as connection:
            return _evaluated(connection, source, chain)

    def submit_async(self, bytecode: Bytecode) -> Future[RemoteTraversal]:
        """The same, at once, for `promise()`."""
        future: Future[RemoteTraversal] = Future()
        future.set_result(self.submit(bytecode))
        return future

    def create_session(self) -> EmbeddedSession:
        """A connection whose traversals are one transaction: what `g.tx().begin()` works on."""
        return EmbeddedSession(self._store, read_only=self._read_only)

    def remove_session(self, session: EmbeddedSession) -> None:
        """End a session; what it didn't commit is undone."""
        session.close()

    def close(self) -> None:
        """Close the file, if this connection opened it."""
        if self._owns:
            self._store.close()

    def is_closed(self) -> bool:
        """Whether the graph can't be used any more."""
        return self._store.closed

    @contextmanager
    def _transaction(self, *, writes: bool) -> Iterator[sqlite3.Connection]:
        with self._store.writing() if writes else self._store.reading() as connection:
            yield connection


class EmbeddedSession(EmbeddedConnection):
    """One write transaction over any number of traversals, from the first of them to `commit` or `rollback`."""

    def __init__(self, store: Store, *, read_only: bool) -> None:
        super().__init__(store, read_only=read_only)
        self._connection: sqlite3.Connection | None = None

    def is_session_bound(self) -> bool:
        """Yes: there are no transactions within transactions."""
        return True

    def commit(self) -> None:
        """Keep what was done."""
        self._end("COMMIT")

    def rollback(self) -> None:
        """Undo what was done."""
        self._end("ROLLBACK")

    def close(self) -> None:
        """Undo what wasn't committed."""
        self._end("ROLLBACK")

    def _end(self, statement: str) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with _explained():
                connection.execute(statement)
            connection.close()

    @contextmanager
    def _transaction(self, *, writes: bool) -> Iterator[sqlite3.Connection]:
        with _explained():
            if self._connection is None:
                self._connection = self._store.connect()
                self._connection.execute("BEGIN" if self._read_only and not writes else "BEGIN IMMEDIATE")
            self._connection.execute("SAVEPOINT traversal")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK TO traversal")  # a traversal is done wholly or not at all
                raise
            finally:
                self._connection.execute("RELEASE traversal")


def open_graph(store: Store | str | os.PathLike[str], *, read_only: bool = False) -> Any:
    """A gremlinpython traversal source `g` over the file."""
    return traversal().with_(EmbeddedConnection(store, read_only=read_only))


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(f"lineage database: {error}") from error


def _evaluated(connection: sqlite3.Connection, source: Source, chain: Chain) -> RemoteTraversal:
    deadline = None if source.timeout_s is None else time.monotonic() + source.timeout_s
    evaluation = Evaluation(Graph(connection, deadline=deadline), source.effects)
    root = Traverser(None, None, sack=source.sack)
    results = [RemoteTraverser(traverser.value) for traverser in evaluation.plain.run(chain, [root])]
    return RemoteTraversal(iter(results))
