"""Where values live between tasks: small ones inside their `Artifact`, large ones in files named by their SHA-256.

Reading checks the digest, then decodes. Decoding a pickle runs code: that belongs into a run's trust zone, which is the
bodies of its tasks and the people who read its results (notebooks, command line). Coordinator and services hand
artifacts on and never call `get`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

from pydantic import JsonValue

from twingraph_lab.errors import SerializationError, StoreError
from twingraph_lab.events import INLINE_LIMIT_BYTES, Artifact
from twingraph_lab.runtime.files import files_at
from twingraph_lab.runtime.serializers import JSON, Bytes, Ipynb, Json, Pickle, Png, decode, encode, png_size
from twingraph_lab.runtime.summaries import summary
from twingraph_lab.runtime.tabular import Parquet, Table, describe

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
NAME = re.compile(r"[^/\0.][^/\0]*(/[^/\0.][^/\0]*)*")
CONTENT = "sha256"
"""The folder of content-addressed files; the engine's named files are everywhere else."""
HEAD_BYTES = 65_536
CHUNK_BYTES = 4 * 1024 * 1024
TOLD = frozenset({Pickle.media_type, Table.media_type, Parquet.media_type})
"""Values whose bytes don't begin with what they are, or only for who has them at hand."""
NOUNS = {
    Json.media_type: "JSON",
    Bytes.media_type: "bytes",
    Png.media_type: "PNG image",
    Ipynb.media_type: "notebook",
    Table.media_type: "table",
    Parquet.media_type: "Parquet table",
    Pickle.media_type: "pickle",
}


class ArtifactStore:
    """Values and small named files at `url`: a folder, made on first write, or anything fsspec knows (`s3://bucket/prefix`).

    A value of up to 64 KiB encoded travels inside its artifact; a larger one is written once to `sha256/ab/cdef…` and
    is durable when `put` returns. Constructing imports and opens nothing, and a store can be pickled. Whatever keeps it
    from working (disk full, no such bucket, no permission) raises `StoreError`.
    """

    def __init__(self, url: str) -> None:
        self._files = files_at(url)
        self.url = self._files.url

    def put(self, value: Any) -> Artifact:
        """Store a value. Raises `SerializationError` if nothing can hold it."""
        media_type, data = encode(value)
        return self._store(data, media_type, summary(value) if media_type in TOLD else "")

    def get(self, artifact: Artifact) -> Any:
        """A fresh copy of the value. Raises `StoreError` if it is missing or damaged."""
        return decode(artifact.media_type, self.read_bytes(artifact))

    def put_bytes(self, data: bytes, media_type: str) -> Artifact:
        """Store what is encoded already. JSON is checked, and stored in the form that `put` gives it."""
        if media_type == Json.media_type:
            try:
                value = json.loads(data)
            except (ValueError, RecursionError) as error:
                raise SerializationError(f"not JSON: {error}") from None
            if not JSON.accepts(value):
                raise SerializationError("JSON that can't be kept exactly: NaN, Infinity, lone surrogates or too deep")
            data = JSON.encode(value)
        return self._store(data, media_type)

    def read_bytes(self, artifact: Artifact) -> bytes:
        """The encoded value, checked against the digest. Raises `StoreError` if it is missing or damaged."""
        data = self._load(artifact)
        if data is None:
            raise self._missing(artifact)
        if _digest(data) != artifact.digest:
            raise self._damaged(artifact)
        return data

    def chunks(self, artifact: Artifact) -> Iterator[bytes]:
        """As `read_bytes`, in pieces of at most 4 MiB: the last one comes only if the digest of them all is right."""
        if artifact.inline:
            yield self.read_bytes(artifact)
            return
        digest = hashlib.sha256()
        for start in range(0, artifact.size, CHUNK_BYTES):
            piece = self._files.read(_path(artifact), CHUNK_BYTES, start=start)
            if piece is None:
                raise self._missing(artifact)
            digest.update(piece)
            if start + CHUNK_BYTES >= artifact.size and f"sha256:{digest.hexdigest()}" != artifact.digest:
                raise self._damaged(artifact)
            yield piece

    def exists(self, artifact: Artifact) -> bool:
        """Whether the value is there, in its full size, without reading it."""
        return artifact.inline or self._files.size(_path(artifact)) == artifact.size

    def verify(self, artifact: Artifact) -> bool:
        """Whether the value is there and undamaged."""
        data = self._load(artifact)
        return data is not None and _digest(data) == artifact.digest

    def head(self, artifact: Artifact, limit: int) -> bytes:
        """The first `limit` bytes of the encoded value, unchecked; fewer if it is smaller, none if it is missing."""
        return (self._load(artifact, limit) or b"")[:limit]

    def write(self, name: str, data: bytes, *, durable: bool = True) -> None:
        """Write a small file of the engine's own: durable and whole, or not at all.

        If it needn't be `durable`, a power cut may leave it empty or in part.
        """
        if _checked(name).startswith(f"{CONTENT}/"):
            raise StoreError(f"{name!r} is a place for artifacts")
        self._files.write(name, data, durable=durable)

    def read(self, name: str) -> bytes | None:
        """Content of a named file; None if there is none."""
        return self._files.read(_checked(name))

    def list(self, prefix: str = "") -> list[str]:
        """Sorted names of the files in folder `prefix`, at any depth, or of the one file of that name."""
        return self._files.list(prefix and _checked(prefix))

    def delete(self, prefix: str) -> None:
        """Delete a named file, or a folder and all in it."""
        self._files.delete(_checked(prefix))

    def _missing(self, artifact: Artifact) -> StoreError:
        return StoreError(f"artifact {artifact.digest} is missing from {self.url}")

    def _damaged(self, artifact: Artifact) -> StoreError:
        return StoreError(f"damaged artifact {artifact.digest} in {self.url}: its content has another digest")

    def _store(self, data: bytes, media_type: str, told: str = "") -> Artifact:
        digest, size = _digest(data), len(data)
        if size <= INLINE_LIMIT_BYTES:
            inline: JsonValue = json.loads(data) if media_type == Json.media_type else base64.b64encode(data).decode()
            return Artifact(digest=digest, media_type=media_type, size=size, inline=True, data=inline, summary=told)
        artifact = Artifact(digest=digest, media_type=media_type, size=size, summary=told)
        self._files.write_once(_path(artifact), data)
        return artifact

    def _load(self, artifact: Artifact, limit: int | None = None) -> bytes | None:
        return _inline(artifact) if artifact.inline else self._files.read(_path(artifact), limit)


def preview(artifact: Artifact, store: ArtifactStore | None = None) -> str:
    """One short printable line about a value, without decoding it; `store` lets it look at the start of large ones.

    >>> preview(ArtifactStore("unused").put({"rows": [1, 2]}))
    '{"rows": [1, 2]}'
    """
    if artifact.inline and artifact.media_type == Json.media_type:
        return _short(json.dumps(artifact.data, ensure_ascii=False))
    start = _inline(artifact) if artifact.inline else store.head(artifact, HEAD_BYTES) if store else b""
    match artifact.media_type:
        case Png.media_type if any(png_size(start)):
            return "PNG image {}×{}".format(*png_size(start))  # noqa: RUF001
        case Table.media_type if described := artifact.summary or describe(start):
            return described
    return f"{artifact.summary or NOUNS.get(artifact.media_type, artifact.media_type)}, {_size(artifact.size)}"


def _inline(artifact: Artifact) -> bytes:
    try:
        if artifact.media_type == Json.media_type:
            return JSON.encode(artifact.data)
        return base64.b64decode(str(artifact.data), validate=True)
    except ValueError as error:
        raise StoreError(f"damaged artifact {artifact.digest}: {error}") from None


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _path(artifact: Artifact) -> str:
    if not DIGEST.fullmatch(artifact.digest):
        raise StoreError(f"not a digest: {artifact.digest!r}")
    digest = artifact.digest.removeprefix("sha256:")
    return f"{CONTENT}/{digest[:2]}/{digest[2:]}"


def _checked(name: str) -> str:
    if not NAME.fullmatch(name):
        raise StoreError(f"not a relative file name: {name!r}")
    return name


def _short(text: str, width: int = 72) -> str:
    text = text if len(text) <= width else f"{text[: width - 1]}…"
    return "".join(c if c.isprintable() else "·" for c in text)


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            break
        count /= 1000
    return f"{count:.0f} {unit}" if unit == "B" or count >= 10 else f"{count:.1f} {unit}"
