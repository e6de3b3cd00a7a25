"""Jinja, cut down: JSON data in, text out, and nothing that grows without bound."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar

from jinja2 import StrictUndefined, Undefined, filters, nodes
from jinja2 import TemplateError as JinjaError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from twingraph_lab.planning.paths import UnresolvedError
from twingraph_lab.planning.template import OUTPUT_LIMIT, Lookup, TemplateError, as_text, plain
from twingraph_lab.spec.expressions import FILTERS, PREFIX, parse, shown

LOOP_LIMIT = 100_000
"""How often the loops of one template may turn, all together."""
NUMBER_LIMIT_BITS = 4096

METHODS: dict[type, frozenset[str]] = {
    str: frozenset(
        """
        capitalize casefold count endswith find index isalnum isalpha isdecimal isdigit islower isspace isupper join
        lower lstrip partition removeprefix removesuffix replace rfind rindex rpartition rsplit rstrip split splitlines
        startswith strip swapcase title upper
        """.split()  # noqa: SIM905  (a list would take forty lines)
    ),
    list: frozenset(("count", "index")),
    dict: frozenset(("get", "items", "keys", "values")),
}
"""What may be called on JSON data: nothing that takes a width or a format, nothing that changes it."""


class TooMuchError(Exception):
    """A template asked for more than its limits allow."""


class Sandbox(ImmutableSandboxedEnvironment):
    """One for each rendering, since it counts the turns of its loops."""

    intercepted_binops: ClassVar[frozenset[str]] = frozenset(("+", "-", "*", "/", "//", "%", "**"))  # type: ignore[misc]

    def __init__(self) -> None:
        super().__init__(
            undefined=StrictUndefined, autoescape=False, optimized=False, keep_trailing_newline=True, finalize=_finalize
        )
        self.globals = {"range": _range}
        self.filters = {name: self.filters[name] for name in FILTERS} | GUARDED | {"_counted": self._counted}
        self._turns = 0

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Keys come before methods, as they do in a plain path."""
        if isinstance(obj, dict) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Only the methods in `METHODS`, and what `loop` offers."""
        if type(obj) in METHODS:
            return attr in METHODS[type(obj)]
        return super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:  # noqa: ARG002
        """`str.format` is not offered: its widths have no bound."""
        return None

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Refuse what would be too large before it is computed."""
        match operator:
            case "*":
                _check_product(left, right)
            case "+" if isinstance(left, str | list) and isinstance(right, str | list):
                _check_length(len(left) + len(right))
            case "%" if isinstance(left, str):
                _check_format(left)
        return super().call_binop(context, operator, left, right)

    def _counted(self, items: Iterable[Any]) -> Iterator[Any]:
        for item in items:
            self._turns += 1
            if self._turns > LOOP_LIMIT:
                raise TooMuchError(f"its loops turn more than {LOOP_LIMIT} times")
            yield item


def evaluate(text: str, lookup: Lookup) -> Iterator[str]:
    """Render chunk by chunk. Raises `TemplateError`; `MemoryError` is left to the caller."""
    expression = parse(text)
    for loop in expression.tree.find_all(nodes.For):
        loop.iter = nodes.Filter(loop.iter, "_counted", [], [], None, None, lineno=loop.lineno)
    sandbox = Sandbox()
    expression.tree.set_environment(sandbox)
    values = {f"{PREFIX}{number}": _value(text, lookup, path) for number, path in enumerate(expression.paths)}
    try:
        yield from sandbox.from_string(expression.tree).generate(values)
    except JinjaError as error:
        raise TemplateError(f"template {shown(text)}: {error.message}") from error
    except RecursionError:
        raise TemplateError(f"template {shown(text)} is nested too deeply") from None
    except (TooMuchError, ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise TemplateError(f"template {shown(text)}: {error}") from error


def _value(text: str, lookup: Lookup, path: tuple[str, ...]) -> Any:
    """What `path` leads to; what can't be found is undefined, so that `default` and `is defined` work."""
    try:
        return plain(lookup(path))
    except UnresolvedError as error:
        return StrictUndefined(f"{'.'.join(path)!r} is undefined: {error}")
    except ValueError as error:
        raise TemplateError(f"template {shown(text)}: {error}") from error


def _finalize(value: Any) -> str:
    return str(value) if isinstance(value, Undefined) else as_text(value)


def _range(*bounds: int) -> range:
    numbers = range(*bounds)
    if len(numbers) > LOOP_LIMIT:
        raise TooMuchError(f"a range of more than {LOOP_LIMIT}")
    return numbers


def _check_product(left: Any, right: Any) -> None:
    for value, times in ((left, right), (right, left)):
        if isinstance(value, str | list) and isinstance(times, int):
            _check_length(len(value) * times)
    if isinstance(left, int) and isinstance(right, int) and _bits(left) + _bits(right) > NUMBER_LIMIT_BITS:
        raise TooMuchError(f"a number of more than {NUMBER_LIMIT_BITS} bits")


def _check_length(length: int) -> None:
    if length > OUTPUT_LIMIT:
        raise TooMuchError(f"more than {OUTPUT_LIMIT} characters or items")


def _check_format(text: str) -> None:
    for width in re.findall(r"%[^%a-zA-Z]*?(\*|\d{5,})", text):
        raise TooMuchError(f"the width {width[:20]} in a format")


def _bits(number: int) -> int:
    return int(number).bit_length()


def _center(value: str, width: int = 80) -> str:
    _check_length(width)
    return filters.do_center(value, width)


def _format(value: str, *args: Any, **kwargs: Any) -> str:
    _check_format(value)
    return filters.do_format(value, *args, **kwargs)


def _indent(value: str, width: int | str = 4, first: bool = False, blank: bool = False) -> str:  # noqa: FBT001, FBT002
    _check_length((len(width) if isinstance(width, str) else width) * (value.count("\n") + 1))
    return filters.do_indent(value, width, first, blank)


def _round(value: float, precision: int = 0, method: Any = "common") -> float:
    if abs(precision) > 300:
        raise TooMuchError(f"the precision {precision}")
    return filters.do_round(value, precision, method)


def _slice(value: Any, slices: int, fill_with: Any = None) -> Any:
    _check_length(slices)
    return filters.sync_do_slice(value, slices, fill_with)


GUARDED: dict[str, Callable[..., Any]] = {
    "center": _center,
    "format": _format,
    "indent": _indent,
    "round": _round,
    "slice": _slice,
}
