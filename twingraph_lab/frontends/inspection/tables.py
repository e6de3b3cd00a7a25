"""The beginning of a stored table as text: its first rows and columns, read without the rest where that can be done."""

from __future__ import annotations

import io
import json
from typing import Any, NamedTuple

from twingraph_lab.errors import StoreError
from twingraph_lab.events import Artifact
from twingraph_lab.frontends.display import clip
from twingraph_lab.frontends.inspection.texts import visible
from twingraph_lab.runtime.artifacts import ArtifactStore
from twingraph_lab.runtime.tabular import ABOUT, Parquet, open_pyarrow

ROWS, COLUMNS = 100, 50
EXACT = 1e15
"""Whole numbers below this are written out."""
CELL = 200
"""Characters of a field."""
HEAD_BYTES = 4 * 1024 * 1024
"""Of an Arrow stream, which has its rows in order."""
READ_LIMIT_BYTES = 64 * 1024 * 1024
"""Larger Parquet files, whose description is at their end, and larger batches aren't opened."""
UNPACKED_LIMIT_BYTES = 256 * 1024 * 1024


class Table(NamedTuple):
    """Fields of a `Preview`."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    row_count: int
    truncated: bool


def table(artifact: Artifact, store: ArtifactStore) -> Table:
    """The first rows of an Arrow stream or Parquet file. Raises `StoreError` if it is missing or can't be read."""
    pa = open_pyarrow()
    try:
        return (
            _parquet(artifact, store, pa) if artifact.media_type == Parquet.media_type else _arrow(artifact, store, pa)
        )
    except (pa.ArrowException, OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"not a table that can be read: {error}") from error


def _arrow(artifact: Artifact, store: ArtifactStore, pa: Any) -> Table:
    data = store.head(artifact, HEAD_BYTES)
    if not data:
        raise StoreError(f"artifact {artifact.digest} is missing from {store.url}")
    schema = pa.ipc.open_stream(data).schema
    about = json.loads((schema.metadata or {}).get(ABOUT, b"{}"))
    wanted = _wanted(schema)
    batch, ended = _first_batch(data, wanted, pa)
    if batch is None and HEAD_BYTES < artifact.size <= READ_LIMIT_BYTES:
        batch, ended = _first_batch(store.read_bytes(artifact), wanted, pa)
    count = int(about["shape"][0]) if about else batch.num_rows if batch is not None and ended else 0
    return _table(schema, wanted, batch, count, pa)


def _first_batch(data: bytes, wanted: list[int], pa: Any) -> tuple[Any, bool]:
    """The wanted columns of the first batch, if it is whole in `data`, and whether there is no other."""
    options = pa.ipc.IpcReadOptions(included_fields=wanted, use_threads=False)
    try:
        stream = pa.ipc.open_stream(io.BytesIO(data), options=options)
        batch = stream.read_next_batch()
    except (StopIteration, OSError, pa.ArrowException):
        return None, False
    try:
        stream.read_next_batch()
    except StopIteration:
        return batch, True
    except (OSError, pa.ArrowException):
        pass
    return batch, False


def _parquet(artifact: Artifact, store: ArtifactStore, pa: Any) -> Table:
    from pyarrow import parquet  # noqa: PLC0415

    if artifact.size > READ_LIMIT_BYTES:
        raise StoreError("a Parquet file too large to look into here")
    file = parquet.ParquetFile(pa.BufferReader(store.read_bytes(artifact)))
    schema, metadata = file.schema_arrow, file.metadata
    wanted = _wanted(schema)
    small = metadata.num_row_groups and metadata.row_group(0).total_byte_size <= UNPACKED_LIMIT_BYTES
    names = [schema.field(place).name for place in sorted(wanted)]
    batch = next(file.iter_batches(batch_size=ROWS, columns=names, use_threads=False), None) if small else None
    return _table(schema, wanted, batch, metadata.num_rows, pa)


def _wanted(schema: Any) -> list[int]:
    """The first columns, those of a DataFrame's index before the others."""
    pandas = json.loads((schema.metadata or {}).get(b"pandas", b"{}"))
    index = [name for name in pandas.get("index_columns", ()) if isinstance(name, str)]
    places = range(len(schema.names))
    return sorted(places, key=lambda place: schema.names[place] not in index)[:COLUMNS]


def _table(schema: Any, wanted: list[int], batch: Any, count: int, pa: Any) -> Table:
    """`batch` has the wanted columns in the order of the schema; None if there is none to be had."""
    fields = [schema.field(place) for place in wanted]
    rows: tuple[tuple[str, ...], ...] = ()
    if batch is not None:
        order = sorted(wanted)
        cells = [_cells(batch.column(order.index(place)).slice(0, ROWS), pa) for place in wanted]
        rows = tuple(zip(*cells, strict=True))
    names = tuple("" if field.name.startswith("__index_level_") else _cut(field.name) for field in fields)
    types = tuple(_type(field.type, pa) for field in fields)
    return Table(names, types, rows, count, truncated=len(rows) < count or len(fields) < len(schema.names))


def _type(kind: Any, pa: Any) -> str:
    """A type in a word. Whether a column has room for more than 2 GB of text is nobody's business here."""
    return "category" if pa.types.is_dictionary(kind) else _cut(str(kind).replace("large_", ""), 40)


def _cells(column: Any, pa: Any) -> list[str]:
    """Values as text; nothing for what is missing."""
    if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        return ["" if not each.is_valid else f"{len(each.as_buffer())} bytes" for each in column]
    return ["" if value is None else _cut(_said(value)) for value in _values(column)]


def _said(value: Any) -> str:
    """A value as text; of a number with a fraction as many digits as people compare.

    >>> _said(0.10463917525773), _said(2.0), _said(1e-9)
    ('0.104639', '2.0', '1e-09')
    """
    if isinstance(value, float):
        return f"{value:.1f}" if value.is_integer() and abs(value) < EXACT else f"{value:.6g}"
    return str(value)


def _values(column: Any) -> list[Any]:
    try:
        return list(column.to_pylist())
    except (ValueError, OverflowError):  # moments that Python's types can't hold
        return list(column.cast("string").to_pylist())


def _cut(text: str, width: int = CELL) -> str:
    return visible(clip(text[: width + 1], width)).replace("\n", "␊").replace("\t", "␉")
