"""Named places where a test can have a process killed, to prove that nothing is lost there.

`TWINGRAPH_CRASH=after_record:3:/tmp/once` kills the process with SIGKILL when it comes to `after_record` for the third
time, unless the file is there already; it is made before the kill, so that one process dies and not each after it.
"""

from __future__ import annotations

import os
import signal

POINTS = (
    "after_accept",
    "after_claim",
    "after_recover",
    "after_dispatch",
    "after_submit",
    "before_record",
    "after_record",
    "after_finish",
    "worker_before_body",
    "worker_after_body",
    "worker_after_outcome",
    "worker_after_report",
)

_point, _, _rest = os.environ.get("TWINGRAPH_CRASH", "").partition(":")
_count, _, _once = _rest.partition(":")
_left = int(_count or 1)


def crash_point(name: str) -> None:
    """Die here if the environment says so."""
    if name != _point:
        return
    global _left  # noqa: PLW0603
    _left -= 1
    if _left == 0:
        try:
            os.close(os.open(_once or os.devnull, os.O_CREAT | (os.O_EXCL if _once else 0)))
        except FileExistsError:
            return
        os.kill(os.getpid(), signal.SIGKILL)
