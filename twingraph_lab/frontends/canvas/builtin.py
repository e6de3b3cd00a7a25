"""What built-in components declare, and what a notebook that one of them runs adds to it."""

from __future__ import annotations

from functools import cache, lru_cache

from twingraph_lab.components import ipynb
from twingraph_lab.errors import NotFoundError, TwinGraphError
from twingraph_lab.registry import Registry
from twingraph_lab.spec.component import Declaration, Slot, declaration_of

NOTEBOOK = "notebook"


def builtin_names() -> list[str]:
    """The built-ins, those of installed packages included."""
    return _registry().names()


@cache
def builtin_declaration(name: str) -> Declaration | None:
    """What a built-in declares; None if it says nothing, or can't be imported here."""
    try:
        return declaration_of(_registry().get(name))
    except (NotFoundError, ImportError):
        return None


@lru_cache(256)
def notebook_declaration(file: str, _changed_ns: int) -> Declaration | None:
    """What running a notebook takes and gives: also its parameters, and what its tagged cells bind."""
    plain = builtin_declaration(NOTEBOOK)
    if plain is None:
        return None
    try:
        document = ipynb.read(file)
        parameters = ipynb.declared_parameters(document, source=file)
        bound = ipynb.outputs(document, source=file).values()
    except TwinGraphError:
        return plain  # whoever runs it will be told
    names = [name for cell in bound for name in cell.names]
    more = [*(["result"] if any(cell.shows for cell in bound) else [])]
    return plain.model_copy(
        update={
            "inputs": {
                **plain.inputs,
                **{
                    each.name: Slot(type=each.type, default=each.default, description=each.description)
                    for each in parameters
                    if each.name not in plain.inputs
                },
            },
            "outputs": {**dict.fromkeys([*names, *more], Slot()), **plain.outputs},
            "takes_more": False,
        }
    )


def _registry() -> Registry[object]:
    return Registry("twingraph_lab.components")
