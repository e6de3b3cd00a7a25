"""Where the service of a store is: its socket, and the file beside the ledger that tells who listens there."""

from __future__ import annotations

import hashlib
import os
import socket
import stat
import sys
import tempfile
from importlib import metadata
from pathlib import Path

from pydantic import Field, ValidationError

from twingraph_lab.errors import PlatformError, StoreError
from twingraph_lab.events import Frozen
from twingraph_lab.runtime.coordinator import identity, is_dead
from twingraph_lab.settings import Settings

STATE, LOCK, STARTING, SOCKET = "service.json", "service.lock", "service.starting", "service.sock"
LONGEST_SOCKET_PATH = 107
"""Bytes of `sun_path` in unix(7), without the final zero; macOS has 103."""
CONNECT_S = 2.0
ANSWER_S = 10.0
"""A service that says nothing for so long hangs, or is stopped: answering costs it no more than a turn of its loop."""
REQUEST = b"HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


class Endpoint(Frozen):
    """A service, as it describes itself in `service.json` while it listens."""

    process: str
    """`host/pid/start time`, so that another process with the same pid isn't taken for it."""
    socket: str
    url: str = ""
    """The address of its port, if it has one."""
    token: str = Field(default="", repr=False)
    """What the port asks for; the socket asks for nothing, as only its owner can open it."""
    version: str
    python: str
    """`sys.prefix` of the service: bodies of its runs find the packages installed there."""
    settings: dict[str, str]
    """A digest of each setting, as URLs may hold passwords."""
    on_demand: bool = False

    @property
    def pid(self) -> int:
        """Process id."""
        return int(self.process.split("/")[1])

    @property
    def alive(self) -> bool:
        """Whether its process is still there."""
        return not is_dead(self.process)

    @property
    def answers(self) -> bool:
        """Whether it answers a request on its socket. Raises `PlatformError` if it takes one and says nothing."""
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(ANSWER_S)
            try:
                probe.connect(self.socket)
                probe.sendall(REQUEST)
                return bool(probe.recv(1))
            except TimeoutError:
                raise PlatformError(
                    f"the service, process {self.pid}, has been silent for {ANSWER_S:g} s: it hangs, or was stopped; "
                    f"`kill -CONT {self.pid}` lets it go on, `kill -KILL {self.pid}` ends it: "
                    "its runs go on with the next one"
                ) from None
            except (OSError, ValueError):
                return False

    @classmethod
    def here(
        cls, settings: Settings, path: str, *, url: str = "", token: str = "", on_demand: bool = False
    ) -> Endpoint:
        """Of this process, listening."""
        return cls(
            process=identity(),
            socket=path,
            url=url,
            token=token,
            version=version(),
            python=sys.prefix,
            settings=digests(settings),
            on_demand=on_demand,
        )


def version() -> str:
    """The version of this distribution."""
    return metadata.version("twingraph-lab")


def digests(settings: Settings) -> dict[str, str]:
    """What of the settings decides how runs go, so that two processes can tell whether theirs are the same."""
    given = settings.model_dump(mode="json", exclude={"home", "host"})
    return {name: hashlib.sha256(repr(value).encode()).hexdigest()[:16] for name, value in given.items()}


def listens(path: str) -> bool:
    """Whether somebody takes connections on this socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(CONNECT_S)
        try:
            probe.connect(path)
        except (OSError, ValueError):
            return False
    return True


def read(home: Path) -> Endpoint | None:
    """What the state file says, true or stale; None if there is none, or none that this version understands."""
    try:
        return Endpoint.model_validate_json((home / STATE).read_bytes())
    except (OSError, ValidationError):
        return None


def write(home: Path, endpoint: Endpoint) -> None:
    """Replace the state file, readable by its owner only."""
    draft = home / f"{STATE}.{os.getpid()}"
    file = os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(file, "w", encoding="utf-8") as out:
        out.write(endpoint.model_dump_json(indent=2) + "\n")
    draft.replace(home / STATE)


def bind(home: Path, wanted: Path | None = None) -> tuple[socket.socket, str]:
    """A listening socket of mode 0600, and its path: `wanted`, or in the store's folder, or in a short private one.

    What a service that was killed left behind is replaced: call it only while holding the store's lock. Raises
    `StoreError`.
    """
    if wanted is not None:
        return _bind(wanted.expanduser().absolute())
    near = home / SOCKET
    if _fits(near):
        try:
            return _bind(near)
        except StoreError as error:
            if isinstance(error.__cause__, FileExistsError):
                raise
    return _bind(_private_folder() / f"{hashlib.sha256(os.fsencode(home)).hexdigest()[:16]}.sock")


def _fits(path: Path) -> bool:
    return len(os.fsencode(path)) <= LONGEST_SOCKET_PATH


def _bind(path: Path) -> tuple[socket.socket, str]:
    if not _fits(path):
        size = len(os.fsencode(path))
        raise StoreError(f"a socket's path may have {LONGEST_SOCKET_PATH} bytes; {path} has {size}; choose another")
    listener = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        _clear(path)
        listener.bind(str(path))
    except OSError as error:
        listener.close()
        raise StoreError(f"can't listen on {path}: {error.strerror or error}") from error
    finally:
        os.umask(before)
    path.chmod(0o600)  # where the file system has a mind of its own
    return listener, str(path)


def _clear(path: Path) -> None:
    """Remove a socket that nobody listens on. Raises `FileExistsError` for anything else."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise FileExistsError(0, "there is something else of that name")
    if listens(str(path)):
        raise FileExistsError(0, "another process listens there")
    path.unlink()


def _private_folder() -> Path:
    """A folder with a short name that nobody else can look into, for sockets of stores with long names."""
    folder = Path(tempfile.gettempdir()) / f"twingraph-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise StoreError(f"{folder} should be a folder that only you can open; remove it, or say --socket PATH")
    return folder
