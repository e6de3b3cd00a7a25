"""What a traversal source asks for before its first step: `g.with_(…)`, `g.with_sack(…)`, strategies."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

from twingraph_lab.lineage.embedded.gremlin import Bytecode, OptionsStrategy, ReadOnlyStrategy
from twingraph_lab.lineage.errors import QueryError

_OPTIMISATIONS = frozenset(
    {
        "AdjacentToIncidentStrategy",
        "ByModulatorOptimizationStrategy",
        "CountStrategy",
        "EarlyLimitStrategy",
        "FilterRankingStrategy",
        "IdentityRemovalStrategy",
        "IncidentToAdjacentStrategy",
        "InlineFilterStrategy",
        "LazyBarrierStrategy",
        "MatchPredicateStrategy",
        "OrderLimitStrategy",
        "PathProcessorStrategy",
        "PathRetractionStrategy",
        "RepeatUnrollStrategy",
    }
)
"""Strategies that change how fast an answer comes, not what it is."""


@dataclass(slots=True)
class Source:
    """The source's instructions, understood."""

    effects: dict[str, Any] = field(default_factory=dict)
    sack: Any = None
    timeout_s: float | None = None
    read_only: bool = False


def source_of(bytecode: Bytecode) -> Source:
    """Read the source instructions. Raises `QueryError` for one that would change the answer and isn't supported."""
    source = Source()
    for name, *arguments in bytecode.source_instructions:
        match name, arguments:
            case "withStrategies", strategies:
                for strategy in strategies:
                    _apply(source, strategy)
            case "withoutStrategies", _:
                pass
            case "withSideEffect", [str() as key, value]:
                source.effects[key] = copy.copy(value)  # aggregate() may add to it
            case "withSideEffect", _:
                raise QueryError("withSideEffect() takes a name and a value; reducers are not supported")
            case "withSack", [value]:
                source.sack = value
            case "withSack", _:
                raise QueryError("withSack() takes one value; split and merge operators are not supported")
            case "withPath", _:
                pass
            case _:
                raise QueryError(f"the source step {name}() is not supported")
    return source


def _apply(source: Source, strategy: Any) -> None:
    if isinstance(strategy, OptionsStrategy):
        timeout_ms = strategy.configuration.get("evaluationTimeout")
        if timeout_ms is not None:
            source.timeout_s = timeout_ms / 1000
    elif isinstance(strategy, ReadOnlyStrategy):
        source.read_only = True
    elif strategy.strategy_name not in _OPTIMISATIONS:
        raise QueryError(f"the strategy {strategy.strategy_name} is not supported")
