"""Values to bytes and back, by media type.

The first serializer that accepts a value encodes it: JSON, bytes, PNG, notebook, table, then plug-ins of the
entry-point group `twingraph_lab.serializers` by name, and pickle last. Foreign types are told by the name of their
module, so nothing is imported for values that aren't there. Pickles are for a run's trust zone: loading one runs code.
"""

# The methods are described once, in the protocol.
# ruff: noqa: D102

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain, islice
from pathlib import Path
from types import FunctionType
from typing import Any, Protocol

from twingraph_lab.errors import SerializationError
from twingraph_lab.registry import Registry
from twingraph_lab.runtime.tabular import Parquet, Table

MAX_DEPTH = 64
"""Nesting of values that are kept as JSON, the same as in documents."""
MAX_INTEGER_BITS = 4096
"""Longer integers are pickled, because JSON parsers limit the digits they read (Python: 4300)."""


class Serializer(Protocol):
    """One way to write values. A plug-in is a class of this shape that is called without arguments."""

    media_type: str

    def accepts(self, value: Any) -> bool:
        """Whether `decode(encode(value))` is the same value, of the same type. Cheap for types that aren't its own."""

    def encode(self, value: Any) -> bytes:
        """The bytes to store. Raises `SerializationError` if the value does not fit after all: the next is asked."""

    def decode(self, data: bytes) -> Any:
        """A fresh value. Raises `SerializationError`."""


def encode(value: Any) -> tuple[str, bytes]:
    """Media type and bytes of a value. Raises `SerializationError`, which names the part that can't be stored."""
    for serializer in _writers():
        if serializer.accepts(value):
            try:
                return serializer.media_type, serializer.encode(value)
            except SerializationError:
                continue
    return PICKLE.media_type, PICKLE.encode(value)


def decode(media_type: str, data: bytes) -> Any:
    """The value in `data`. Raises `SerializationError` if nothing reads this media type, or these bytes."""
    return _reader(media_type).decode(data)


def _writers() -> Iterator[Serializer]:
    yield from BUILT_IN
    yield from _plugins()  # looked for only now: most values never come here, and it takes milliseconds


@cache
def _plugins() -> tuple[Serializer, ...]:
    registry = Registry[type[Serializer]]("twingraph_lab.serializers")
    ours = {type(serializer) for serializer in (*BUILT_IN, PICKLE)}
    return tuple(serializer() for serializer in map(registry.get, registry.names()) if serializer not in ours)


@cache
def _reader(media_type: str) -> Serializer:
    for serializer in chain((*BUILT_IN, PICKLE), _plugins()):
        if serializer.media_type == media_type:
            return serializer
    raise SerializationError(f"nothing installed here reads {media_type!r}")


class Json:
    """What JSON gives back exactly: None, bool, int, finite float, str, and lists and string-keyed dicts of these.

    No tuples, no subclasses (so no NumPy scalars), no lone surrogates. Keys keep their order.
    """

    media_type = "application/json"
    _write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode

    def accepts(self, value: Any) -> bool:
        return _is_json(value, MAX_DEPTH)

    def encode(self, value: Any) -> bytes:
        return self._write(value).encode()

    def decode(self, data: bytes) -> Any:
        return json.loads(data)


def _is_json(value: Any, depth: int) -> bool:
    kind = type(value)
    if kind is str:
        return value.isascii() or _is_utf8(value)
    if kind is int:
        return bool(value.bit_length() <= MAX_INTEGER_BITS)
    if kind is float:
        return math.isfinite(value)
    if kind is list:
        return depth > 0 and all(_is_json(item, depth - 1) for item in value)
    if kind is dict:
        keys = all(type(key) is str and _is_json(key, 0) for key in value)
        return depth > 0 and keys and all(_is_json(item, depth - 1) for item in value.values())
    return value is None or kind is bool


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


class Bytes:
    """`bytes` as they are."""

    media_type = "application/octet-stream"

    def accepts(self, value: Any) -> bool:
        return type(value) is bytes

    def encode(self, value: bytes) -> bytes:
        return value

    def decode(self, data: bytes) -> bytes:
        return data


@dataclass(frozen=True, slots=True, repr=False)
class Image:
    """A PNG image: what a stored figure comes back as. Notebooks show it."""

    data: bytes

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels; zeros if `data` isn't PNG."""
        return png_size(self.data)

    def save(self, path: str | Path) -> None:
        """Write the image to a file."""
        Path(path).write_bytes(self.data)

    def _repr_png_(self) -> bytes:
        return self.data

    def __repr__(self) -> str:
        return "Image({}×{})".format(*self.size)  # noqa: RUF001


def png_size(data: bytes) -> tuple[int, int]:
    """Width and height out of the first 24 bytes (PNG specification, IHDR chunk); zeros if they aren't PNG's."""
    if data[:8] != b"\x89PNG\r\n\x1a\n" or data[12:16] != b"IHDR":
        return 0, 0
    return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])


class Png:
    """Images, and what is made to be looked at: Matplotlib figures and IPython's `Image`. They come back as `Image`.

    A method `_repr_png_` alone is no reason: PIL images, molecules and colour maps have one and are data.
    """

    media_type = "image/png"

    def accepts(self, value: Any) -> bool:
        return type(value) is Image or _is(value, "matplotlib.figure", "Figure") or self._embeds_png(value)

    def encode(self, value: Any) -> bytes:
        if not _is(value, "matplotlib.figure", "Figure"):
            return bytes(value.data)
        buffer = io.BytesIO()
        value.savefig(buffer, format="png", bbox_inches="tight")  # as notebooks show it
        return buffer.getvalue()

    def decode(self, data: bytes) -> Image:
        return Image(data)

    def _embeds_png(self, value: Any) -> bool:
        return _is(value, "IPython.core.display", "Image") and value.format == "png" and type(value.data) is bytes


@dataclass(frozen=True, slots=True, repr=False)
class Notebook:
    """An executed notebook: its `.ipynb` JSON, untrusted like any output that was made elsewhere."""

    data: bytes

    def save(self, path: str | Path) -> None:
        """Write the notebook to a file."""
        Path(path).write_bytes(self.data)

    def __repr__(self) -> str:
        return f"Notebook({len(self.data)} bytes)"


class Ipynb:
    """Executed notebooks."""

    media_type = "application/x-ipynb+json"

    def accepts(self, value: Any) -> bool:
        return type(value) is Notebook

    def encode(self, value: Notebook) -> bytes:
        return value.data

    def decode(self, data: bytes) -> Notebook:
        return Notebook(data)


class Pickle:
    """Everything else, by cloudpickle: functions and classes of notebooks go along by value."""

    media_type = "application/x-python-pickle"

    def accepts(self, value: Any) -> bool:  # noqa: ARG002
        return True

    def encode(self, value: Any) -> bytes:
        import cloudpickle  # noqa: PLC0415

        try:
            return cloudpickle.dumps(value, protocol=5)  # type: ignore[no-any-return]
        except Exception as error:
            path, part = _culprit(value)
            at = f": its {path}, of type {_name(part)}," if path else ""
            raise SerializationError(
                f"a value of type {_name(value)} can't be stored{at or ', as it'} can't be pickled ({error}). "
                "Return data, not handles to it (locks, connections, open files, generators)"
            ) from error

    def decode(self, data: bytes) -> Any:
        import pickle  # noqa: PLC0415

        try:
            return pickle.loads(data)
        except ModuleNotFoundError as error:
            raise SerializationError(f"loading this value needs the module {error.name!r}, which isn't here") from error
        except Exception as error:  # a class's own __setstate__ may raise anything
            raise SerializationError(f"this value can't be loaded: {type(error).__name__}: {error}") from error


def _culprit(value: Any, depth: int = 6) -> tuple[str, Any]:
    """Path to the innermost part that can't be pickled, and that part. Looks at 100 parts a level, no more."""
    import cloudpickle  # noqa: PLC0415

    for step, part in islice(_parts(value), 100) if depth else ():
        try:
            cloudpickle.dumps(part, protocol=5)
        except Exception:  # noqa: BLE001
            path, inner = _culprit(part, depth - 1)
            return step + path, inner
    return "", value


def _parts(value: Any) -> Iterable[tuple[str, Any]]:
    match value:
        case dict():
            return ((f"[{key!r:.40}]", part) for key, part in value.items())
        case list() | tuple():
            return ((f"[{i}]", part) for i, part in enumerate(value))
        case FunctionType(__closure__=cells) if cells:
            return (
                (f".{name}", cell.cell_contents) for name, cell in zip(value.__code__.co_freevars, cells, strict=True)
            )
        case type() | FunctionType():
            return ()
    return ((f".{name}", part) for name, part in getattr(value, "__dict__", {}).items())


def _name(value: Any) -> str:
    kind = type(value)
    return (
        kind.__qualname__ if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}.{kind.__qualname__}"
    )


def _is(value: Any, module: str, name: str) -> bool:
    """Whether a class of that name in that module, or a submodule, is among the value's; imports nothing."""
    return any(kind.__name__ == name and f"{kind.__module__}.".startswith(f"{module}.") for kind in type(value).__mro__)


JSON = Json()
PICKLE = Pickle()
BUILT_IN: tuple[Serializer, ...] = (JSON, Bytes(), Png(), Ipynb(), Table(), Parquet())
