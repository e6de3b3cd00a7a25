"""Questions to the lineage graph: a traversal as text, its results as a table, and where something came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twingraph_lab.errors import ConflictError
from twingraph_lab.lineage.embedded.compile import supported_steps
from twingraph_lab.lineage.embedded.gremlin import Bytecode, Edge, P, Path, T, TextP, Vertex, __
from twingraph_lab.lineage.errors import QueryError
from twingraph_lab.lineage.syntax import Faults, Step, Steps, Word, converted, parse, suggestion
from twingraph_lab.lineage.vocabulary import CONSTANTS, ENUMERATIONS, PREDICATES, TEXT_PREDICATES, canonical

MUTATING = frozenset({"addV", "addE", "property", "drop", "mergeV", "mergeE"})
_SOURCE_STEPS = {
    "with": "with_",
    "withSideEffect": "with_side_effect",
    "withSack": "with_sack",
    "withPath": "with_path",
}
_ALL_PREDICATES = {**PREDICATES, **TEXT_PREDICATES}
_WIDEST = 8
"""A single map of more entries is shown with one entry a row."""


def evaluate(g: Any, query: str, *, read_only: bool = True) -> list[Any]:
    """The results of a traversal that a person typed, such as `g.V().has('status', 'failed').values('node')`.

    A traversal that doesn't end in `toList()`, `next()` or the like is run as if it did. Raises `QueryError` for what
    isn't Gremlin, showing the place, and `ConflictError` for a step that changes the graph, unless `read_only=False`.
    """
    steps = list(parse(query).steps)
    ending = _ENDINGS.get(canonical(steps[-1].name))
    if ending is not None:
        *steps, last = steps
        arguments = last.arguments
    else:
        ending, arguments = _to_list, ()
    builder = _Builder(Faults(query), read_only=read_only)
    traversal = builder.root(g, steps)
    return ending(traversal, *arguments)


def rows(results: list[Any]) -> tuple[list[str], list[list[Any]]]:
    """Column names and rows to show results in: maps by their keys, elements by id and label, paths by place.

    >>> rows([{"node": "a", "n": 1}, {"node": "b"}])
    (['node', 'n'], [['a', 1], ['b', None]])
    """
    if len(results) == 1 and isinstance(results[0], Mapping) and _is_list_of_entries(results[0]):
        return ["key", "value"], [[_name(key), value] for key, value in results[0].items()]
    records = [_record(result) for result in results]
    columns = list(dict.fromkeys(name for record in records for name in record))
    return columns, [[record.get(name) for name in columns] for record in records]


def ancestry(g: Any, execution: str) -> Any:
    """A traversal to everything upstream of an execution, nearest first: its `hash`, or `run/node`."""
    run_id, slash, node = execution.rpartition("/")
    start = g.V().has_label("Execution")
    start = start.has("run_id", run_id).has("node", node) if slash else start.has("hash", execution)
    return start.repeat(__.in_("DEPENDS_ON").dedup()).emit()


def _to_list(traversal: Any) -> list[Any]:
    return list(traversal.to_list())


def _next(traversal: Any, amount: int = 1) -> list[Any]:
    return list(traversal.next(amount))


def _iterate(traversal: Any) -> list[Any]:
    traversal.iterate()
    return []


_ENDINGS: dict[str, Callable[..., list[Any]]] = {
    "toList": _to_list,
    "toSet": lambda traversal: list(traversal.to_set()),
    "next": _next,
    "tryNext": _next,
    "hasNext": lambda traversal: [traversal.has_next()],
    "iterate": _iterate,
}


class _Builder:
    """Parsed steps → gremlinpython traversals."""

    def __init__(self, faults: Faults, *, read_only: bool) -> None:
        self._faults = faults
        self._read_only = read_only
        self._steps = {*supported_steps(), "none"}

    def root(self, g: Any, steps: list[Step]) -> Any:
        """The whole traversal, from `g`."""
        place = 0
        while place < len(steps) and canonical(steps[place].name) in _SOURCE_STEPS:
            method = getattr(g, _SOURCE_STEPS[canonical(steps[place].name)])
            g = method(*self._arguments(steps[place]))
            place += 1
        traversal = g.get_graph_traversal()
        self._add(traversal.bytecode, steps[place:])
        return traversal

    def _add(self, bytecode: Bytecode, steps: list[Step] | tuple[Step, ...]) -> None:
        for step in steps:
            name = canonical(step.name)
            if name not in self._steps:
                hint = suggestion(name, [*self._steps, *_ENDINGS])
                raise self._faults.at(step.place, f"there is no step {step.name!r}{hint}", sorted(self._steps))
            if name in MUTATING and self._read_only:
                raise ConflictError(f"{step.name}() would change the lineage graph, which is read-only here")
            bytecode.add_step(name, *self._arguments(step))

    def _arguments(self, step: Step) -> list[Any]:
        return [converted(argument, self._convert) for argument in step.arguments]

    def _convert(self, found: Word | Steps) -> Any:
        return self._word(found) if isinstance(found, Word) else self._chain(found)

    def _word(self, word: Word) -> Any:
        if len(word.names) == 1 and word.names[0] in CONSTANTS:
            return CONSTANTS[word.names[0]]
        if len(word.names) == 2 and word.names[0] in ENUMERATIONS:
            members = ENUMERATIONS[word.names[0]]
            if canonical(word.names[1]) in members:
                return members[canonical(word.names[1])]
            hint = suggestion(word.names[1], members)
            raise self._faults.at(word.place, f"{word.names[0]} has no {word.names[1]!r}{hint}", members)
        shown = ".".join(word.names)
        hint = suggestion(shown, [*CONSTANTS, *ENUMERATIONS]) or "; text needs quotes, a step parentheses"
        raise self._faults.at(word.place, f"{shown!r} stands for nothing{hint}")

    def _chain(self, chain: Steps) -> Any:
        name = canonical(chain.steps[0].name)
        if chain.owner in ("P", "TextP") or (not chain.owner and self._is_predicate(chain.steps[0])):
            return self._predicate(chain)
        if chain.owner not in ("", "__"):
            what = (
                "only the whole query begins with g; here, begin with __." if chain.owner == "g" else "begin with __."
            )
            raise self._faults.at(chain.place, f"{chain.owner}.{name}(): {what}")
        traversal = __.start()
        self._add(traversal.bytecode, chain.steps)
        return traversal

    def _is_predicate(self, step: Step) -> bool:
        """`not` is a predicate if it is given one, else a step."""
        name = canonical(step.name)
        if name == "not":
            return len(step.arguments) == 1 and isinstance(self._arguments(step)[0], P)
        return name in _ALL_PREDICATES

    def _predicate(self, chain: Steps) -> P:
        """`gt(1)`, `P.gt(1).and(lt(5))`, `TextP.startingWith('a').negate()`."""
        first, *more = chain.steps
        name = canonical(first.name)
        arguments = self._arguments(first)
        if name not in _ALL_PREDICATES:
            hint = suggestion(name, _ALL_PREDICATES)
            raise self._faults.at(first.place, f"there is no predicate {first.name!r}{hint}", _ALL_PREDICATES)
        least, most = _ALL_PREDICATES[name]
        if not least <= len(arguments) <= most:
            raise self._faults.at(first.place, f"{first.name}() takes {least} values, not {len(arguments)}")
        if name in ("within", "without"):
            predicate = P(name, arguments[0] if len(arguments) == 1 and isinstance(arguments[0], list) else arguments)
        else:
            predicate = (TextP if name in TEXT_PREDICATES else P)(name, *arguments)
        for step in more:
            match canonical(step.name), self._arguments(step):
                case "and" | "or" as word, [P() as other]:
                    predicate = P(word, predicate, other)
                case "negate", []:
                    predicate = P("not", predicate)
                case _:
                    raise self._faults.at(
                        step.place, "a predicate is followed by and(predicate), or(predicate) or negate()"
                    )
        return predicate


def _name(key: Any) -> str:
    return str(getattr(key, "name", key)).rstrip("_") if not isinstance(key, (Vertex, Edge)) else str(key)


def _is_list_of_entries(result: Mapping[Any, Any]) -> bool:
    keyed_by_names = all(isinstance(key, (str, T)) for key in result)
    return T.id not in result and (not keyed_by_names or len(result) > _WIDEST)


def _record(result: Any) -> dict[str, Any]:
    match result:
        case Vertex():
            return {"id": result.id, "label": result.label}
        case Edge():
            return {"id": result.id, "label": result.label, "out": result.outV.id, "in": result.inV.id}
        case Path():
            return {str(place): value for place, value in enumerate(result.objects)}
        case dict():
            return {_name(key): value for key, value in result.items()}
        case _:
            return {"value": result}


__all__ = ["QueryError", "ancestry", "evaluate", "rows"]
