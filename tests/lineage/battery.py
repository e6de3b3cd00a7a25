"""Traversals with their answers, for whatever claims to be Gremlin: the embedded evaluator and the real server alike.

The graph is TinkerPop's "modern" toy graph with text ids. `CASES` have the answers that TinkerPop defines; a case may
be several traversals, of which the last one's answer counts. `parity.jsonl` has further traversals, with the answers
that Gremlin Server 3.8 gave.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path as File
from typing import Any

from aenum import Enum as GremlinEnum
from gremlin_python.process.graph_traversal import __
from gremlin_python.process.traversal import Cardinality, Direction, T
from gremlin_python.structure.graph import Edge, Path, Property, Vertex, VertexProperty

from twingraph_lab.lineage.query import evaluate

PARITY_FILE = File(__file__).with_name("parity.jsonl")
PEOPLE = {"marko": 29, "vadas": 27, "josh": 32, "peter": 35}
SOFTWARE = ("lop", "ripple")
EDGES = (
    ("marko", "knows", "vadas", 0.5),
    ("marko", "knows", "josh", 1.0),
    ("marko", "created", "lop", 0.4),
    ("josh", "created", "ripple", 1.0),
    ("josh", "created", "lop", 0.4),
    ("peter", "created", "lop", 0.2),
)

Question = str | Callable[[Any], Any]


@dataclass(frozen=True)
class Case:
    """`asked` in order; `answer` is that of the last one, a list in any order unless `ordered`.

    `reference`: why the server doesn't say the same, where it doesn't.
    """

    name: str
    asked: tuple[Question, ...]
    answer: Any
    ordered: bool = False
    writes: bool = False
    reference: str = ""


def case(name: str, *asked: Question, answer: Any, **more: Any) -> Case:
    """A case."""
    return Case(name, asked, answer, **more)


def path(*objects: Any) -> Path:
    """A path without labels."""
    return Path([set() for _ in objects], list(objects))


def load(g: Any) -> None:
    """Nothing but the modern graph."""
    g.V().drop().iterate()
    for name, age in PEOPLE.items():
        g.add_v("person").property(T.id, name).property("name", name).property("age", age).iterate()
    for name in SOFTWARE:
        g.add_v("software").property(T.id, name).property("name", name).property("lang", "java").iterate()
    for source, label, target, weight in EDGES:
        edge = g.V(source).add_e(label).to(__.V(target)).property(T.id, f"{source}-{target}")
        edge.property("weight", weight).iterate()


def copy(source: Any, target: Any) -> None:
    """Make `target` the same graph as `source`."""
    target.V().drop().iterate()
    for vertex in source.V().element_map().to_list():
        new = target.add_v(vertex[T.label]).property(T.id, vertex[T.id])
        for key, value in vertex.items():
            new = new.property(key, value) if isinstance(key, str) else new
        new.iterate()
    for edge in source.E().element_map().to_list():
        new = target.V(edge[Direction.OUT][T.id]).add_e(edge[T.label]).to(__.V(edge[Direction.IN][T.id]))
        for key, value in edge.items():
            new = new.property(key, value) if isinstance(key, str) else new
        new.iterate()


def ask(g: Any, question: Question) -> Any:
    """The answer of `g`."""
    return question(g) if callable(question) else evaluate(g, question, read_only=False)


def plain(value: Any, *, ordered: bool = False) -> Any:
    """An answer as JSON, the same for equal answers. Lists are sorted unless `ordered`; sets and maps always are."""

    def inner(item: Any) -> Any:
        return plain(item, ordered=ordered)

    match value:
        case bool():
            return f"boolean {value}"
        case int() | float():
            return round(float(value), 9)
        case Path():
            return {"path": [plain(item, ordered=True) for item in value.objects]}
        case Vertex() | Edge():
            return str(value)
        case VertexProperty() | Property():
            return {"property": [value.key, inner(value.value)]}
        case list() | tuple():
            items = [inner(item) for item in value]
            return items if ordered else sorted(items, key=_text)
        case set() | frozenset():
            return {"set": sorted((inner(item) for item in value), key=_text)}
        case dict():
            return {"map": sorted(([inner(key), inner(item)] for key, item in value.items()), key=_text)}
        case Enum() | GremlinEnum():
            return f"{type(value).__name__}.{value.name.rstrip('_')}"
        case datetime():
            return value.isoformat()
        case _:
            return value


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def parity() -> list[tuple[str, Any]]:
    """(traversal, the server's answer as `plain` shows it)."""
    lines = PARITY_FILE.read_text("utf-8").splitlines()
    return [(entry["ask"], entry["answer"]) for entry in map(json.loads, lines)]


def is_ordered(traversal: str) -> bool:
    """Whether the order of the answer is part of it."""
    return "order(" in traversal


GONE = "Gremlin 3.8 has no such form any more; 3.7 answers like this"
UNREADABLE = "gremlinpython can't read the server's answer"
CASES = (
    case("load", "g.V().count()", answer=[6]),
    case("load edges", "g.E().count()", answer=[6]),
    case("hasLabel and values", "g.V().hasLabel('person').values('name')", answer=["marko", "vadas", "josh", "peter"]),
    case("P.gt", "g.V().has('age', P.gt(30)).values('name')", answer=["josh", "peter"]),
    case("P.between", "g.V().has('age', between(27, 32)).values('name')", answer=["marko", "vadas"]),
    case("P.within", "g.V().has('name', within('lop', 'josh')).count()", answer=[2]),
    case("P and P", "g.V().has('age', gt(27).and(lt(33))).values('name')", answer=["marko", "josh"]),
    case("P.neq", "g.V().has('name', neq('lop')).count()", answer=[5]),
    case("TextP.startingWith", "g.V().has('name', startingWith('m')).values('name')", answer=["marko"]),
    case("TextP.regex", "g.V().has('name', regex('^m.*o$')).values('name')", answer=["marko"]),
    case("has label, key, value", "g.V().has('person', 'name', 'josh').values('age')", answer=[32]),
    case("hasNot", "g.V().hasNot('age').values('name')", answer=["lop", "ripple"]),
    case("has key, traversal", "g.V().has('age', __.is(gt(33))).values('name')", answer=["peter"], reference=GONE),
    case("hasId", "g.V().hasId('lop').values('name')", answer=["lop"]),
    case("has T.id", "g.V().has(T.id, 'lop').values('name')", answer=["lop"]),
    case("V of a vertex", lambda g: g.V(g.V("lop").next()).values("name").to_list(), answer=["lop"]),
    case(
        "repeat, emit, path",
        "g.V('marko').repeat(out()).emit().path().by('name')",
        answer=[
            path("marko", "vadas"),
            path("marko", "josh"),
            path("marko", "lop"),
            path("marko", "josh", "ripple"),
            path("marko", "josh", "lop"),
        ],
    ),
    case(
        "repeat until a leaf",
        "g.V('marko').repeat(out()).until(not(out())).id()",
        answer=["vadas", "lop", "ripple", "lop"],
    ),
    case(
        "repeat in until has",
        "g.V('ripple').repeat(__.in()).until(has('name', 'marko')).path().by('name')",
        answer=[path("ripple", "josh", "marko")],
    ),
    case("repeat times", "g.V('marko').repeat(out()).times(2).values('name')", answer=["ripple", "lop"]),
    case(
        "emit before repeat",
        "g.V('marko').emit().repeat(out()).times(1).id()",
        answer=["marko", "vadas", "josh", "lop"],
    ),
    case("emit if", "g.V('marko').repeat(out()).emit(hasLabel('software')).id().dedup()", answer=["lop", "ripple"]),
    case("until loops", "g.V('marko').repeat(out()).until(loops().is(2)).values('name')", answer=["ripple", "lop"]),
    case(
        "simplePath",
        "g.V('marko').repeat(both().simplePath()).times(3).path().by('name')",
        answer=[
            path("marko", "lop", "josh", "ripple"),
            path("marko", "josh", "lop", "peter"),
        ],
    ),
    case(
        "path with edges",
        "g.V('peter').outE().inV().path().by('name').by('weight')",
        answer=[path("peter", 0.2, "lop")],
    ),
    case(
        "path labels",
        lambda g: [sorted(x) for x in g.V("peter").as_("a").out().path().next().labels],
        answer=[["a"], []],
    ),
    case(
        "project",
        "g.V('marko').project('n', 'd').by('name').by(outE().count())",
        answer=[{"n": "marko", "d": 3}],
    ),
    case("project T", "g.V('marko').project('l').by(T.label)", answer=[{"l": "person"}]),
    case("group, count", "g.V().group().by(label).by(count())", answer=[{"person": 4, "software": 2}]),
    case("group, values", "g.V().has('lang').group().by('lang').by('name')", answer=[{"java": ["lop", "ripple"]}]),
    case("groupCount", "g.V().groupCount().by(T.label)", answer=[{"person": 4, "software": 2}]),
    case("order, limit", "g.V().order().by('name', desc).limit(2).id()", answer=["vadas", "ripple"], ordered=True),
    case(
        "order by a traversal",
        "g.V().order().by(outE().count(), desc).limit(2).id()",
        answer=["marko", "josh"],
        ordered=True,
    ),
    case(
        "order within a map",
        lambda g: list(evaluate(g, "g.V().groupCount().by(label).order(local).by(values, asc)")[0]),
        answer=["software", "person"],
        ordered=True,
    ),
    case("range", "g.V().range(1, 3).count()", answer=[2]),
    case("skip", "g.V().skip(2).count()", answer=[4]),
    case("tail", "g.V().tail(2).count()", answer=[2]),
    case("valueMap", "g.V('marko').valueMap()", answer=[{"name": ["marko"], "age": [29]}]),
    case("valueMap unfolded", "g.V('marko').valueMap('name').by(unfold())", answer=[{"name": "marko"}]),
    case(
        "valueMap with tokens",
        "g.V('marko').valueMap(true)",
        answer=[{T.id: "marko", T.label: "person", "name": ["marko"], "age": [29]}],
    ),
    case(
        "elementMap",
        "g.V('marko').elementMap()",
        answer=[{T.id: "marko", T.label: "person", "name": "marko", "age": 29}],
    ),
    case("elementMap of an edge", "g.E('peter-lop').elementMap().select('weight')", answer=[0.2]),
    case("where a traversal", "g.V().where(out('created')).dedup().values('name')", answer=["marko", "josh", "peter"]),
    case("where P", "g.V('marko').as('a').out('created').in('created').where(neq('a')).id()", answer=["josh", "peter"]),
    case(
        "select", "g.V('peter').as('a').out().as('b').select('a', 'b').by('name')", answer=[{"a": "peter", "b": "lop"}]
    ),
    case("coalesce", "g.V().coalesce(values('age'), constant(-1))", answer=[29, 27, -1, 32, -1, 35]),
    case("union", "g.V('josh').union(out(), __.in()).values('name')", answer=["ripple", "lop", "marko"]),
    case("choose", "g.V().choose(has('age'), constant('p'), constant('s'))", answer=["p", "p", "s", "p", "s", "p"]),
    case("optional", "g.V('lop').optional(out()).values('name')", answer=["lop"]),
    case("and, not", "g.V().and(has('age'), not(out())).values('name')", answer=["vadas"]),
    case("aggregate, cap", "g.V().hasLabel('person').aggregate('x').cap('x').count(local)", answer=[4]),
    case(
        "aggregate as it passes",
        "g.V().aggregate(local, 'x').by('name').cap('x')",
        answer=[["marko", "vadas", "lop", "josh", "ripple", "peter"]],
        reference=GONE,
    ),
    case("sum", "g.V().values('age').sum()", answer=[123]),
    case("mean", "g.V().values('age').mean()", answer=[30.75]),
    case("max", "g.V().values('age').max()", answer=[35]),
    case("min", "g.V().values('age').min()", answer=[27]),
    case("fold, count", "g.V().fold().count(local)", answer=[6]),
    case("fold, unfold", "g.V().fold().unfold().count()", answer=[6]),
    case("bothE, otherV", "g.V('josh').bothE().otherV().values('name')", answer=["marko", "ripple", "lop"]),
    case(
        "ends of edges",
        "g.E().hasLabel('knows').project('f', 't').by(outV().values('name')).by(inV().values('name'))",
        answer=[{"f": "marko", "t": "vadas"}, {"f": "marko", "t": "josh"}],
    ),
    case("sideEffect", "g.V('lop').sideEffect(property('z', 1)).values('z')", answer=[1], writes=True),
    case("property twice", "g.V('lop').property('z', 1).property('z', 2).values('z')", answer=[2], writes=True),
    case(
        "list cardinality",
        "g.V('lop').property(list, 'm', 1).property(list, 'm', 2).iterate()",
        "g.V('lop').values('m')",
        answer=[1, 2],
        writes=True,
    ),
    case(
        "kinds of values",
        lambda g: g.V("lop").property("b", True).property("f", 1.5).property("u", 'é"\\\n$x').iterate(),
        "g.V('lop').values('b', 'f', 'u')",
        answer=[True, 1.5, 'é"\\\n$x'],
        writes=True,
    ),
    case(
        "a date",
        lambda g: g.V("lop").property("d", datetime.fromisoformat("2026-01-02T03:04:05+00:00")).iterate(),
        "g.V('lop').values('d')",
        answer=[datetime.fromisoformat("2026-01-02T03:04:05+00:00")],
        writes=True,
    ),
    case(
        "properties from a map",
        "g.V('lop').property({'d1': 1, 'd2': 2}).values('d1', 'd2')",
        answer=[1, 2],
        writes=True,
    ),
    case(
        "drop a property", "g.V('lop').properties('lang').drop()", "g.V('lop').values('lang')", answer=[], writes=True
    ),
    case("addV with T.id", "g.addV('run').property(T.id, 'r-1').property('k', 1).id()", answer=["r-1"], writes=True),
    case(
        "mergeV",
        "g.mergeV([(T.label): 'run', k: 'm']).option(onCreate, [ts: 1])",
        "g.mergeV([(T.label): 'run', k: 'm']).option(onMatch, [ts: 2])",
        "g.V().hasLabel('run').valueMap()",
        answer=[{"k": ["m"], "ts": [2]}],
        writes=True,
    ),
    case(
        "mergeE",
        "g.mergeE([(T.label): 'x', (OUT): 'lop', (IN): 'marko']).option(onCreate, [c: 1])",
        "g.mergeE([(T.label): 'x', (OUT): 'lop', (IN): 'marko'])",
        "g.E().hasLabel('x').valueMap()",
        answer=[{"c": 1}],
        writes=True,
    ),
    case(
        "fold-coalesce upsert",
        "g.V().has('q', 'name', 'u').fold().coalesce(unfold(), addV('q').property('name', 'u'))",
        "g.V().has('q', 'name', 'u').fold().coalesce(unfold(), addV('q').property('name', 'u'))",
        "g.V().hasLabel('q').values('name')",
        answer=["u"],
        writes=True,
    ),
    case(
        "addE from a label",
        "g.V('vadas').as('a').V('peter').addE('k').from('a').inV().id()",
        answer=["peter"],
        writes=True,
    ),
    case(
        "addE from V to V",
        "g.addE('k').from(__.V('vadas')).to(__.V('peter')).outV().id()",
        answer=["vadas"],
        writes=True,
    ),
    case(
        "a batch in one chain",
        "g.addV('c').as('c1').addV('c').as('c2').addE('ce').from('c1').to('c2').iterate()",
        "g.E().hasLabel('ce').count()",
        answer=[1],
        writes=True,
    ),
    case(
        "inject, unfold, addV",
        "g.inject([[n: 1], [n: 2]]).unfold().as('m').addV('i').property('n', select('m').select('n')).values('n')",
        answer=[1, 2],
        writes=True,
    ),
    case("drop an edge", "g.E('peter-lop').drop()", "g.E().count()", answer=[5], writes=True),
    case("drop a vertex and its edges", "g.V('lop').drop()", "g.E().count()", answer=[3], writes=True),
    case("hasNext of nothing", "g.V().has('name', 'zzz').hasNext()", answer=[False]),
    case(
        "tree", "g.V('marko').out('created').tree().by('name')", answer=[{"marko": {"lop": {}}}], reference=UNREADABLE
    ),
    case(
        "subgraph",
        lambda g: sorted(str(edge.id) for edge in g.V("marko").out_e("knows").subgraph("s").cap("s").next().edges),
        answer=["marko-josh", "marko-vadas"],
        reference=UNREADABLE,
    ),
    case(
        "match",
        "g.V().match(__.as('a').out('created').as('b'), __.as('b').has('name', 'ripple')).select('a').id()",
        answer=["josh"],
    ),
    case("local", "g.V('marko').local(out().limit(1)).count()", answer=[1]),
    case(
        "shortest path",
        "g.V('ripple').repeat(__.in().simplePath()).until(hasId('marko').or().loops().is(5)).limit(1).path().by(id)",
        answer=[path("ripple", "josh", "marko")],
    ),
    case("evaluationTimeout", "g.with('evaluationTimeout', 5000).V().count()", answer=[6]),
    case("math", "g.V('marko').values('age').math('_ + 1')", answer=[30]),
    case("a property called id", "g.addV('p').property('id', 'abc').values('id')", answer=["abc"], writes=True),
    case(
        "set cardinality",
        lambda g: g.V("lop").property(Cardinality.set_, "m", 1).property(Cardinality.set_, "m", 1).iterate(),
        "g.V('lop').values('m')",
        answer=[1],
        writes=True,
    ),
)
