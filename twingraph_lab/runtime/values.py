"""Outputs as values that are loaded when they are first needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from twingraph_lab.events import Outputs
from twingraph_lab.runtime.artifacts import ArtifactStore


class Values(Mapping[str, Any]):
    """A task's outputs by name; each look-up gives a fresh copy."""

    def __init__(self, outputs: Outputs, store: ArtifactStore) -> None:
        self._outputs = outputs
        self._store = store

    def __getitem__(self, name: str) -> Any:
        return self._store.get(self._outputs[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._outputs)

    def __len__(self) -> int:
        return len(self._outputs)
