"""The embedded evaluator says what Apache TinkerPop's Gremlin Server says."""

from __future__ import annotations

import logging

import pytest
from gremlin_python.driver.driver_remote_connection import DriverRemoteConnection
from gremlin_python.process.anonymous_traversal import traversal

from tests.integration import gremlin_server
from tests.lineage import battery
from tests.lineage.battery import CASES, ask, is_ordered, plain
from tests.lineage.toy_run import toy_graph
from twingraph_lab.lineage.embedded.connection import open_graph

pytestmark = pytest.mark.timeout(600)  # the first time, the server is downloaded


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    try:
        with gremlin_server.running(tmp_path_factory.mktemp("gremlin-server")) as url:
            yield url
    except gremlin_server.UnavailableError as reason:
        pytest.skip(f"no Gremlin Server to compare with: {reason}")


def connected(server, source):
    logging.getLogger("gremlinpython").setLevel(logging.CRITICAL)  # it prints every error of the server twice
    return DriverRemoteConnection(server, source)


@pytest.fixture(scope="module")
def connection(server):
    connection = connected(server, "g")
    yield connection
    connection.close()


@pytest.fixture
def reference(connection):
    """The server's graph, with the toy graph and nothing else."""
    g = traversal().with_(connection)
    battery.load(g)
    return g


@pytest.fixture
def embedded(tmp_path):
    g = open_graph(tmp_path / "graph.db")
    battery.load(g)
    return g


@pytest.mark.parametrize("case", [case for case in CASES if not case.reference], ids=lambda case: case.name)
def test_the_server_gives_the_answers_of_the_battery(reference, case):
    *_, answer = [ask(reference, question) for question in case.asked]

    assert plain(answer, ordered=case.ordered) == plain(case.answer, ordered=case.ordered)


def test_the_answers_on_file_are_those_of_the_server(reference):
    different = [
        (traversal, given, answer)
        for traversal, answer in battery.parity()
        if (given := plain(ask(reference, traversal), ordered=is_ordered(traversal))) != answer
    ]

    assert different == []


def test_transactions_do_what_they_do_on_a_server(server, embedded):
    remote = connected(server, "gtx")
    try:
        answers = [_transactions(g) for g in (embedded, traversal().with_(remote))]
    finally:
        remote.close()

    assert answers[0] == answers[1] == [0, 1, 1]


def _transactions(g):
    undone = g.tx()
    undone.begin().add_v("tx").iterate()
    undone.rollback()
    after_rollback = g.V().has_label("tx").count().next()
    kept = g.tx()
    inside = kept.begin()
    inside.add_v("tx").iterate()
    seen_inside = inside.V().has_label("tx").count().next()
    kept.commit()
    return [after_rollback, seen_inside, g.V().has_label("tx").count().next()]


LINEAGE = (
    "g.V().groupCount().by(label)",
    "g.E().groupCount().by(label)",
    "g.V().hasLabel('Execution').has('status', 'failed').values('node', 'error')",
    "g.V().hasLabel('Execution').has('node', 'plot').repeat(__.in('DEPENDS_ON')).emit().dedup().values('node')",
    "g.V().hasLabel('Artifact').where(__.in('PRODUCED').has('node', 'clean')).in('CONSUMED').values('node')",
    "g.V().hasLabel('Execution').order().by('wall_s', desc).limit(1).values('node')",
    "g.V().hasLabel('Execution').group().by('node').by(values('attempt').fold())",
    "g.V().hasLabel('Execution').as('later').out('RETRY_OF').as('before').select('later', 'before').by('attempt')",
    "g.V().hasLabel('Run').project('name', 'steps').by('name').by(out('RAN').count())",
    "g.V().hasLabel('Execution').outE('CONSUMED').project('by', 'as').by(outV().values('node')).by('input')",
    "g.V().has('Compute Platform', 'Local without Containers').values('Name').dedup()",
    "g.V().has('Name', 'load').has('Hash').values('Output')",
    "g.V().hasLabel('Execution').has('cpu_s', gt(0.1)).count()",
    "g.V().match(__.as('a').out('PRODUCED').as('x'), __.as('x').in('CONSUMED').as('b')).select('a', 'b').by('node')",
)


@pytest.mark.parametrize("question", LINEAGE)
def test_questions_about_lineage_have_the_same_answers(connection, tmp_path, question):
    embedded, reference = toy_graph(tmp_path), traversal().with_(connection)
    battery.copy(embedded, reference)

    answer = plain(ask(embedded, question), ordered=is_ordered(question))

    assert answer not in ([], [{"map": []}])
    assert plain(ask(reference, question), ordered=is_ordered(question)) == answer
