"""Stored values as people may look at them: bounded in size, and never anything that could act.

Nothing is unpickled. Images are told by their first bytes, whatever their media type says, and only raster images are
images: SVG and HTML are text. A value that is missing or damaged has a preview that says so.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from pydantic import JsonValue

from twingraph_lab.errors import MissingExtraError, StoreError
from twingraph_lab.events import Artifact
from twingraph_lab.frontends.inspection import notebooks, tables
from twingraph_lab.frontends.inspection.models import Preview
from twingraph_lab.frontends.inspection.texts import LIMIT, decoded, shown, visible
from twingraph_lab.lineage.preview import HIDDEN, secret_name, without_literals, without_secrets
from twingraph_lab.runtime.artifacts import ArtifactStore
from twingraph_lab.runtime.artifacts import preview as in_a_line
from twingraph_lab.runtime.serializers import Ipynb, Json, Pickle, png_size
from twingraph_lab.runtime.tabular import Parquet, Table

IMAGE_LIMIT_BYTES = 2 * 1024 * 1024
PARSED_LIMIT_BYTES = 8 * 1024 * 1024
"""Larger JSON and notebooks are shown as the text they begin with."""
PIXEL_LIMIT = 50_000_000
"""Of a PNG: a small file may unpack to more than a browser has room for."""
SHOWN = 100
"""So many values are shown side by side; of further ones there is a line each."""
TOGETHER = 8 * 1024 * 1024
"""Characters that the previews of one node may have together."""
_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_PRETTY = json.JSONEncoder(indent=2, ensure_ascii=False)


def preview(name: str, artifact: Artifact, store: ArtifactStore) -> Preview:
    """What a stored value looks like. Never raises because of the value: what can't be shown is described."""
    if secret_name(name):
        return _made(name, artifact, "text", HIDDEN, text=HIDDEN)
    try:
        if artifact.inline and artifact.media_type == Json.media_type:
            artifact = artifact.model_copy(update={"data": without_secrets("", artifact.data)})
        return _shown(name, artifact, store, in_a_line(artifact, store))
    except MissingExtraError as error:
        return _made(name, artifact, "binary", f"{artifact.summary or artifact.media_type}: {error}")
    except StoreError as error:
        return _made(name, artifact, "binary", visible(str(error)))


def previews(artifacts: Mapping[str, Artifact], store: ArtifactStore) -> tuple[Preview, ...]:
    """Those of several values, bounded together: once they are too much, the others are only described."""
    found: list[Preview] = []
    left = TOGETHER
    for name, artifact in artifacts.items():
        made = preview(name, artifact, store) if left > 0 and len(found) < SHOWN else None
        left -= _weight(made) if made else 0
        hidden = secret_name(name)
        line = HIDDEN if hidden else visible(artifact.summary or artifact.media_type)
        found.append(made or _made(name, artifact, "binary", line, truncated=not hidden))
    return tuple(found)


def json_of(artifact: Artifact, store: ArtifactStore, limit_bytes: int) -> tuple[JsonValue] | None:
    """The value of an artifact that is JSON of at most so many bytes, in a tuple, as it may be null; else None."""
    if artifact.media_type != Json.media_type or artifact.size > limit_bytes:
        return None
    return (artifact.data if artifact.inline else json.loads(store.read_bytes(artifact)),)


def literal(name: str, value: JsonValue) -> Preview:
    """A value that isn't stored by itself, such as a parameter's; text is shown as text, anything else as JSON."""
    value = without_secrets(name, value)
    text, cut = _text_of(value)
    kind: Any = "text" if isinstance(value, str) else "json"
    line = visible(" ".join(text[:200].split()))
    whole = len(text) if not cut else 0
    media_type = Json.media_type
    return Preview(
        name=name, kind=kind, media_type=media_type, size=whole, digest="", summary=line, truncated=cut, text=text
    )


def _shown(name: str, artifact: Artifact, store: ArtifactStore, line: str) -> Preview:
    match artifact.media_type:
        case Pickle.media_type:
            return _made(name, artifact, "binary", line)
        case Table.media_type | Parquet.media_type:
            return _made(name, artifact, "table", line, **tables.table(artifact, store)._asdict())
        case Json.media_type if found := json_of(artifact, store, PARSED_LIMIT_BYTES):
            value = without_secrets("", *found)
            text, cut = _text_of(value)
            kind = "text" if isinstance(value, str) else "json"
            return _made(name, artifact, kind, line, text=text, truncated=cut)
        case Ipynb.media_type if artifact.size <= PARSED_LIMIT_BYTES:
            text, cut = shown(notebooks.told(store.read_bytes(artifact)))
            return _made(name, artifact, "text", line, text=text, truncated=cut)
    return _bytes(name, artifact, store, line)


def _bytes(name: str, artifact: Artifact, store: ArtifactStore, line: str) -> Preview:
    start = store.head(artifact, LIMIT)
    if not start and artifact.size:
        raise StoreError(f"artifact {artifact.digest} is missing from {store.url}")
    if kind := raster(start):
        if artifact.size > IMAGE_LIMIT_BYTES or _pixels(start) > PIXEL_LIMIT:
            return _made(name, artifact, "binary", f"{line}: too large to show", truncated=True)
        data = base64.b64encode(store.read_bytes(artifact)).decode()
        made = _made(name, artifact, "image", line, data=data)
        return made.model_copy(update={"media_type": kind})
    whole = artifact.size <= len(start)
    text = decoded(start, whole=whole)
    if text is None:
        return _made(name, artifact, "binary", line)
    if artifact.media_type == Json.media_type:
        text = without_literals(text)
    return _made(name, artifact, "text", line, text=visible(text), truncated=not whole)


def raster(start: bytes) -> str:
    """The media type of the image that begins like this; empty for all but PNG and JPEG."""
    if start.startswith(_PNG):
        return "image/png"
    return "image/jpeg" if start.startswith(_JPEG) else ""


def _pixels(start: bytes) -> int:
    across, down = png_size(start)
    return across * down


def _made(name: str, artifact: Artifact, kind: Any, summary: str, **fields: Any) -> Preview:
    about = {"media_type": visible(artifact.media_type), "size": artifact.size, "digest": artifact.digest}
    return Preview(name=name, kind=kind, summary=summary, **about, **fields)


def _text_of(value: JsonValue) -> tuple[str, bool]:
    """A value written out, and whether it was cut: pieces are made only as long as there is room."""
    if isinstance(value, str):
        return shown(value)
    pieces: list[str] = []
    left = LIMIT + 1
    for piece in _pieces(value):
        pieces.append(piece)
        left -= len(piece)
        if left <= 0:
            break
    return shown("".join(pieces))


def _pieces(value: JsonValue) -> Iterator[str]:
    """Of pretty JSON. A list of plain values stays on one line."""
    if isinstance(value, list) and not any(isinstance(item, (dict, list)) for item in islice(value, LIMIT)):
        yield "["
        for place, item in enumerate(value):
            yield f"{', ' if place else ''}{_PRETTY.encode(item)}"
        yield "]"
        return
    yield from _PRETTY.iterencode(value)


def _weight(made: Preview) -> int:
    return len(made.text) + len(made.data) + sum(len(cell) for row in made.rows for cell in row)
