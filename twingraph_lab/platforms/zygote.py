"""Processes for node bodies, forked in milliseconds from one that has the imports done.

`multiprocessing`'s fork server isn't used because it imports the submitting program's `__main__` again in every child,
which runs a user's script twice. The zygote is single-threaded and imports only what every body needs, so forking is
safe; it also ends every process group it made when the process that uses it dies, however that happens.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass
from multiprocessing.connection import Connection

PR_SET_PDEATHSIG = 1


@dataclass(slots=True)
class Body:
    """A child process, leader of its own process group, and the three pipes to it."""

    pid: int
    connection: Connection
    stdout: int
    stderr: int

    def kill(self) -> None:
        """SIGKILL it and everything it started in its group."""
        _kill_group(self.pid)

    def close(self) -> None:
        """Close the pipes; an idle body exits by itself then."""
        self.connection.close()
        os.close(self.stdout)
        os.close(self.stderr)


class Zygote:
    """Handle of the zygote process. Thread-safe; starts on first use and again if it was lost."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def fork(self) -> Body:
        """A new body process, ready for its first call."""
        ours, theirs = socket.socketpair()
        out_read, out_write = os.pipe()
        err_read, err_write = os.pipe()
        try:
            pid = self._ask(("fork",), (theirs.fileno(), out_write, err_write))
            if pid <= 0:
                ours.close()
                os.close(out_read)
                os.close(err_read)
                raise OSError("the operating system refuses new processes")
        finally:
            theirs.close()
            os.close(out_write)
            os.close(err_write)
        os.set_blocking(out_read, False)
        os.set_blocking(err_read, False)
        return Body(pid, Connection(ours.detach()), out_read, err_read)

    def status(self, pid: int) -> int:
        """The exit status of a body that is ending: an exit code, or minus the signal that ended it."""
        return self._ask(("wait", pid))

    def close(self) -> None:
        """End the zygote and every body."""
        with self._lock:
            self._end()

    def _ask(self, request: tuple[object, ...], fds: tuple[int, ...] = ()) -> int:
        with self._lock:
            for attempt in (1, 2):
                control = self._control or self._start()
                try:
                    socket.send_fds(control, [pickle.dumps(request)], fds)
                    reply = control.recv(64)
                except OSError:
                    reply = b""
                if reply:
                    return int(reply)
                self._end()
                if request[0] != "fork" or attempt == 2:
                    return -signal.SIGKILL  # the zygote is gone and took its bodies along
        raise AssertionError

    def _start(self) -> socket.socket:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "twingraph_lab.platforms.zygote", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, "MPLBACKEND": os.environ.get("MPLBACKEND", "agg")},
        )
        theirs.close()
        return self._control

    def _end(self) -> None:
        if self._control is not None and self._process is not None:
            self._control.close()
            self._process.wait()  # it ends with the socket, after its bodies
            self._control = self._process = None


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def serve(control: socket.socket) -> None:
    """Fork bodies on request until the other side is gone; then kill what is left."""
    from twingraph_lab.platforms import body  # noqa: PLC0415  (imported here, so that bodies have it for free)

    body.preload()
    gc.collect()
    gc.freeze()  # keeps shared pages shared
    living: set[int] = set()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the submitter's to handle
    while True:
        message, fds, _, _ = socket.recv_fds(control, 4096, 3)
        if not message:
            break
        match pickle.loads(message):
            case ("fork",):
                try:
                    pid = os.fork()
                except OSError:
                    pid = -1
                if pid == 0:
                    control.close()
                    os.setpgid(0, 0)
                    _die_with_parent()
                    body.main(*fds)
                    os._exit(0)
                if pid > 0:
                    with contextlib.suppress(OSError):  # done on both sides, so that it is done before either goes on
                        os.setpgid(pid, pid)
                    living.add(pid)
                for fd in fds:
                    os.close(fd)
                control.send(str(pid).encode())
            case ("wait", int(pid)) if pid in living:
                _, status = os.waitpid(pid, 0)
                living.discard(pid)
                control.send(str(os.waitstatus_to_exitcode(status)).encode())
            case _:  # a body of an earlier zygote, which took it along
                control.send(str(-signal.SIGKILL).encode())
    for pid in living:
        _kill_group(pid)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
