"""Classes of the notebook that nodes took along: what comes back of them is of the notebook's own class."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from twingraph_lab.frontends.surroundings import Surroundings, UntravelledError
from twingraph_lab.platforms.cells import recognise

NOTEBOOK = "__main__"


@contextmanager
def recognised(around: Surroundings) -> Iterator[None]:
    """Values read meanwhile are of the notebook's classes, where these have the same source as those of the nodes.

    Reading gives a class the methods that came with the value; afterwards it has its own again.
    """
    classes = {
        name: value
        for name, value in around.variables.items()
        if isinstance(value, type) and value.__module__ == NOTEBOOK
    }
    kept = {name: dict(vars(made)) for name, made in classes.items()}
    for name, made in sorted(classes.items(), key=lambda item: len(item[1].__mro__)):  # bases first
        with suppress(UntravelledError, SyntaxError, ValueError):
            if definition := around.definition(name):
                recognise(ast.parse(definition.text), {name: made})
    try:
        yield
    finally:
        for name, made in classes.items():
            for attribute, value in kept[name].items():
                if vars(made).get(attribute) is not value:
                    with suppress(AttributeError, TypeError):  # what Python itself keeps there
                        setattr(made, attribute, value)
