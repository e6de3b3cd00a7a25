"""Definitions → the code that runs before a cell's own: imports first, then each definition after what it builds on."""

from __future__ import annotations

from collections.abc import Mapping

from twingraph_lab.frontends.definitions import Definition


def arranged(definitions: Mapping[str, Definition]) -> str:
    """The text of these definitions, each once, in an order in which they can run."""
    texts: list[str] = []
    done: set[str] = set()
    ready: set[str] = set()

    def add(name: str) -> None:
        """Add a definition after those that it uses as soon as it is made, which may call what they use."""
        if name in definitions and name not in done:
            done.add(name)
            for other in sorted(definitions[name].names.now):
                prepare(other)
            texts.append(definitions[name].text)

    def prepare(name: str) -> None:
        """Add a definition and all that it needs to be called."""
        add(name)
        if name in definitions and name not in ready:
            ready.add(name)
            for other in sorted(definitions[name].names.reads):
                prepare(other)

    for name in sorted(definitions, key=lambda name: not definitions[name].is_import):
        add(name)
    future = sorted({definition.future for definition in definitions.values()} - {""})
    return "".join(f"{text}\n" for text in dict.fromkeys([*future, *texts]))
