"""Named files in a folder or an object store: the few verbs an artifact store needs of either.

A local folder gets plain system calls, because a written file must survive a power cut (temporary file, fsync, rename,
fsync of the folder) and be its owner's alone (0600 in 0700); fsspec's local files promise neither. Every other address
goes through fsspec, where one put is atomic and durable by the nature of object stores.
"""

# The methods are described once, in the protocol.
# ruff: noqa: D102

from __future__ import annotations

import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from twingraph_lab.errors import MissingExtraError, StoreError

TEMPORARY = ".tmp-"
"""How the names of unfinished files begin; the names of finished ones never begin with a dot."""


class Files(Protocol):
    """Names are relative, `/`-separated and checked by the caller. All raise `StoreError` if the place is unusable."""

    url: str

    def read(self, name: str, limit: int | None = None, *, start: int = 0) -> bytes | None:
        """The content from byte `start` on, at most `limit` bytes of it; None if there is no such file."""

    def write(self, name: str, data: bytes, *, durable: bool = True) -> None:
        """Durable when it returns, unless told otherwise; readers see the old content or the new, never a part."""

    def write_once(self, name: str, data: bytes) -> None:
        """Like `write`, but leaves a file alone that holds `data` already."""

    def size(self, name: str) -> int | None:
        """In bytes; None if there is no such file."""

    def list(self, prefix: str) -> list[str]:
        """Sorted names of the file `prefix` or of those in the folder `prefix`, at any depth."""

    def delete(self, prefix: str) -> None:
        """Remove what `list(prefix)` names."""


def files_at(url: str) -> Files:
    """The files at a local path, a `file://` address or any address that fsspec knows."""
    scheme, separator, path = url.partition("://")
    if not separator or scheme == "file":
        return LocalFiles(path if separator else url)
    if scheme == "s3" and find_spec("s3fs") is None:
        raise MissingExtraError("s3://… artifacts", "s3")
    return RemoteFiles(url)


class LocalFiles:
    """A folder on a local disk, made on first write."""

    def __init__(self, folder: str) -> None:
        self.url = os.path.abspath(os.path.expanduser(folder))  # noqa: PTH100, PTH111  (constructed per process: a Path costs 10 times this)

    def read(self, name: str, limit: int | None = None, *, start: int = 0) -> bytes | None:
        with _reporting(self.url, OSError):
            try:
                with open(os.open(f"{self.url}/{name}", os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:  # noqa: PTH123
                    file.seek(start)
                    return file.read(limit)
            except FileNotFoundError:
                return None

    def write(self, name: str, data: bytes, *, durable: bool = True) -> None:
        folder, _, leaf = f"{self.url}/{name}".rpartition("/")
        temporary = f"{folder}/{TEMPORARY}{secrets.token_hex(8)}"
        with _reporting(self.url, OSError):
            _make_folder(folder)
            try:
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
                with open(os.open(temporary, flags, 0o600), "wb") as file:  # noqa: PTH123
                    file.write(data)
                    if durable:
                        file.flush()
                        os.fsync(file.fileno())
                os.rename(temporary, f"{folder}/{leaf}")  # noqa: PTH104
            except BaseException:
                with suppress(OSError):
                    os.unlink(temporary)  # noqa: PTH108
                raise
            if durable:
                _sync_folder(folder)

    def write_once(self, name: str, data: bytes) -> None:
        if self.read(name) != data:  # absent, or damaged: whoever writes again repairs it
            self.write(name, data)
            return
        with _reporting(self.url, OSError):
            _sync_folder(f"{self.url}/{name}".rpartition("/")[0])  # its writer may not have come that far

    def size(self, name: str) -> int | None:
        try:
            found = os.stat(f"{self.url}/{name}")  # noqa: PTH116
        except OSError:
            return None
        return found.st_size if stat.S_ISREG(found.st_mode) else None

    def list(self, prefix: str) -> list[str]:
        if self.size(prefix) is not None:
            return [prefix]
        root, found = Path(self.url), Path(self.url, prefix).rglob("*")
        with _reporting(self.url, OSError):
            return sorted(p.relative_to(root).as_posix() for p in found if p.is_file() and p.name[0] != ".")

    def delete(self, prefix: str) -> None:
        path = Path(self.url, prefix)
        with _reporting(self.url, OSError):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


class RemoteFiles:
    """Any fsspec address. Credentials and endpoint come from where its library takes them (`AWS_…` for s3)."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def read(self, name: str, limit: int | None = None, *, start: int = 0) -> bytes | None:
        with _reporting(self.url, Exception):
            fs, root = self._open()
            try:
                end = None if limit is None else start + limit
                return bytes(fs.cat_file(f"{root}/{name}", start=start if start or end else None, end=end))
            except FileNotFoundError:
                return None

    def write(self, name: str, data: bytes, *, durable: bool = True) -> None:  # noqa: ARG002  (it always is)
        with _reporting(self.url, Exception):
            fs, root = self._open()
            fs.pipe_file(f"{root}/{name}", data)

    def write_once(self, name: str, data: bytes) -> None:
        if self.size(name) != len(data):
            self.write(name, data)

    def size(self, name: str) -> int | None:
        with _reporting(self.url, Exception):
            fs, root = self._open()
            try:
                found = fs.info(f"{root}/{name}")
            except FileNotFoundError:
                return None
            return int(found["size"]) if found["type"] == "file" else None

    def list(self, prefix: str) -> list[str]:
        with _reporting(self.url, Exception):
            fs, root = self._open()
            return sorted(path.removeprefix(f"{root}/") for path in fs.find(f"{root}/{prefix}".rstrip("/")))

    def delete(self, prefix: str) -> None:
        with _reporting(self.url, Exception):
            fs, root = self._open()
            with suppress(FileNotFoundError):
                fs.rm(f"{root}/{prefix}", recursive=True)

    def _open(self) -> tuple[Any, str]:
        """Asked each time: fsspec keeps a file system for each process and thread, since none survives a fork."""
        from fsspec.core import url_to_fs  # noqa: PLC0415

        fs, root = url_to_fs(self.url, use_listings_cache=False)  # other processes write here too
        return fs, root.rstrip("/")


@contextmanager
def _reporting(url: str, kind: type[Exception]) -> Iterator[None]:
    try:
        yield
    except kind as error:
        raise StoreError(f"artifact store {url}: {type(error).__name__}: {error}") from error


def _make_folder(path: str) -> None:
    """`os.makedirs`, but every level is private and durable."""
    if os.path.isdir(path):  # noqa: PTH112
        return
    parent = os.path.dirname(path)  # noqa: PTH120
    _make_folder(parent)
    with suppress(FileExistsError):
        os.mkdir(path, 0o700)  # noqa: PTH102
    _sync_folder(parent)


def _sync_folder(path: str) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
