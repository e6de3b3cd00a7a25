"""Traits whose value is looked up when somebody asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from traitlets import TraitType


class Computed(TraitType[Any, Any]):
    """What `look` says of the widget, each time it is read: by Python, and by pages that open or are loaded again.

    What a page says that it is, is not listened to.
    """

    def __init__(self, look: Callable[[Any], Any]) -> None:
        super().__init__(read_only=True)
        self._look = look

    def get(self, obj: Any, cls: Any = None) -> Any:
        """The value now."""
        del cls
        return self._look(obj)

    def set(self, obj: Any, value: Any) -> None:
        """Nothing: the value comes from elsewhere."""
