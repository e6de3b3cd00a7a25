"""Leaving a kernel's runs to the service of its store, so that they survive the kernel."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from twingraph_lab.errors import ConflictError, MissingExtraError, TwinGraphError
from twingraph_lab.lab import Lab, Run
from twingraph_lab.service.endpoint import Endpoint
from twingraph_lab.service.finding import differences, ensure
from twingraph_lab.settings import Settings

if TYPE_CHECKING:
    from twingraph_lab.service.client import Client

LOOK_S = 1.0
"""How often to look whether the service that drives a run is still there."""
WITHOUT_EFFECT = frozenset({"lease_s", "lineage"})
"""Settings in which kernel and service may differ: results are the same."""


class ServiceDriver:
    """See `Driver`. What keeps the service from driving is told once, and this process drives then.

    With the setting `host=service` it is an error instead.
    """

    def __init__(self, lab: Callable[[], Lab], settings: Callable[[], Settings], tell: Callable[[str], None]) -> None:
        """`settings` are those that `lab` has, or will have when it is made."""
        self._lab = lab
        self._settings = settings
        self._tell = tell
        self._told: set[str] = set()
        self._expected = False

    def begin(self, start: Callable[[bool], Run], *, attended: bool) -> Run:
        """See `Driver`."""
        lab = self._lab()
        found = self._found(lab) if _wanted(lab.settings, attended=attended) else None
        if found is None:
            return start(True)
        run = start(False)  # and on at once to whoever follows it: until then the stop button wouldn't stop it
        threading.Thread(target=self._keep, args=(lab, run, found), name="twingraph-keeper", daemon=True).start()
        return run

    def expect(self, *, attended: bool) -> None:
        """See `Driver`: the first time, the service and its workers start in the background."""
        if not self._expected:
            self._expected = True
            self._ready(attended=attended, workers=True)

    def wake(self) -> None:
        """There may be runs today: the service starts in the background, if one is wanted at all."""
        self._ready(attended=True, workers=False)

    def _ready(self, *, attended: bool, workers: bool) -> None:
        def get_ready() -> None:
            with suppress(TwinGraphError, OSError), _client(_suitable(settings)) as client:  # told when there is a run
                if workers:
                    client.prepare()

        settings = self._settings()
        if _wanted(settings, attended=attended):
            threading.Thread(target=get_ready, name="twingraph-ready", daemon=True).start()

    def _found(self, lab: Lab) -> Endpoint | None:
        try:
            _client_class()
            return _suitable(lab.settings)
        except (TwinGraphError, OSError) as error:
            if lab.settings.host == "service":
                raise
            if (reason := str(error)) not in self._told:
                self._told.add(reason)
                self._tell(f"this kernel drives its runs, and they end with it: {reason}")
            return None

    def _keep(self, lab: Lab, run: Run, found: Endpoint) -> None:
        """Somebody drives this run until it ends: if the service is killed, the next one, else this process."""
        with suppress(TwinGraphError), _client(found) as client:  # it will look for runs anyway
            client.adopt()
        with suppress(TwinGraphError, OSError):  # the Lab was closed, with the kernel
            while not run.state.final:
                time.sleep(LOOK_S)
                if not found.alive:
                    another = self._found(lab)
                    if another is None:
                        lab.drive(run.id)
                        return
                    found = another


def _wanted(settings: Settings, *, attended: bool) -> bool:
    return settings.host == "service" or (settings.host == "auto" and attended)


def _client(found: Endpoint) -> Client:
    return _client_class()(found)


def _client_class() -> type[Client]:
    try:
        from twingraph_lab.service.client import Client  # noqa: PLC0415  (needs an extra, and is slow)
    except ImportError as error:
        raise MissingExtraError("leaving runs to the service", "service") from error
    return Client


def _suitable(settings: Settings) -> Endpoint:
    """The service, if runs go there as they would here. Raises `ConflictError` if not."""
    found = ensure(settings)
    if found.python != sys.prefix:
        raise ConflictError(f"the service of this store has the packages of {found.python}, this kernel {sys.prefix}")
    if others := differences(found, settings) - WITHOUT_EFFECT:
        raise ConflictError(
            f"the service of this store has other settings ({', '.join(sorted(others))}); "
            "`twingraph serve --stop` ends it, and the next one has this kernel's"
        )
    return found
