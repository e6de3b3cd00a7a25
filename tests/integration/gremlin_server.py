"""Apache TinkerPop's own Gremlin Server, from Maven, with graphs in memory on a free loopback port: the reference.

The jars are kept in the user's cache, so they are downloaded once.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

VERSIONS = ("3.8.1", "3.8.0")
"""Tried in this order. They must be of the series of the installed gremlinpython: 3.7 doesn't know all its steps."""
DOWNLOAD_TIMEOUT_S = 300
START_TIMEOUT_S = 60

_POM = """<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>twingraph</groupId><artifactId>reference</artifactId><version>1</version><dependencies><dependency>
<groupId>org.apache.tinkerpop</groupId><artifactId>gremlin-server</artifactId><version>{version}</version>
</dependency></dependencies></project>
"""
_SERVER = """host: 127.0.0.1
port: {port}
evaluationTimeout: 30000
channelizer: org.apache.tinkerpop.gremlin.server.channel.WebSocketChannelizer
graphs: {{graph: {folder}/graph.properties, tx: {folder}/tx.properties}}
scriptEngines: {{gremlin-groovy: {{plugins: {{
  org.apache.tinkerpop.gremlin.server.jsr223.GremlinServerGremlinPlugin: {{}},
  org.apache.tinkerpop.gremlin.tinkergraph.jsr223.TinkerGraphGremlinPlugin: {{}},
  org.apache.tinkerpop.gremlin.jsr223.ScriptFileGremlinPlugin: {{files: [{folder}/graphs.groovy]}}}}}}}}
serializers:
  - {{className: org.apache.tinkerpop.gremlin.util.ser.GraphBinaryMessageSerializerV1}}
"""
_GRAPH = """gremlin.graph=org.apache.tinkerpop.gremlin.tinkergraph.structure.{kind}
gremlin.tinkergraph.vertexIdManager=ANY
gremlin.tinkergraph.edgeIdManager=ANY
gremlin.tinkergraph.vertexPropertyIdManager=ANY
"""
_SOURCES = """def globals = [:]
globals << [g: traversal().withEmbedded(graph), gtx: traversal().withEmbedded(tx)]
globals
"""


class UnavailableError(Exception):
    """Why there is no server here."""


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """The address of a server with its files in `folder`, stopped at the end. Raises `UnavailableError`.

    Its traversal sources are `g`, and `gtx` on a graph with transactions.
    """
    jars = _jars()
    port = _free_port()
    (folder / "server.yaml").write_text(_SERVER.format(port=port, folder=folder))
    (folder / "graph.properties").write_text(_GRAPH.format(kind="TinkerGraph"))
    (folder / "tx.properties").write_text(_GRAPH.format(kind="TinkerTransactionGraph"))
    (folder / "graphs.groovy").write_text(_SOURCES)
    main = "org.apache.tinkerpop.gremlin.server.GremlinServer"
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            ["java", "-Xmx512m", "-cp", f"{jars}/*", main, str(folder / "server.yaml")],
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    try:
        _wait_until_open(port, process, folder / "server.log")
        yield f"ws://127.0.0.1:{port}/gremlin"
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _jars() -> Path:
    """The folder of jars, downloaded if they aren't there."""
    for program in ("java", "mvn"):
        if shutil.which(program) is None:
            raise UnavailableError(f"{program} is not installed")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "twingraph-lab" / "gremlin-server"
    for version in VERSIONS:
        if (cache / version / "complete").exists():
            return cache / version / "jars"
    reasons = []
    for version in VERSIONS:
        reason = _download(version, cache / version)
        if reason is None:
            return cache / version / "jars"
        reasons.append(f"{version}: {reason}")
    raise UnavailableError(f"gremlin-server can't be had from Maven ({'; '.join(reasons)})")


def _download(version: str, folder: Path) -> str | None:
    """None if it worked, else why not."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "pom.xml").write_text(_POM.format(version=version))
    command = ["mvn", "-q", "-B", "dependency:copy-dependencies", f"-DoutputDirectory={folder / 'jars'}"]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=DOWNLOAD_TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        return "the download took too long"
    if done.returncode:
        errors = [line for line in done.stdout.splitlines() if line.startswith("[ERROR]")]
        return errors[0][:200] if errors else f"mvn ended with {done.returncode}"
    (folder / "complete").touch()
    return None


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_until_open(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < end:
        if process.poll() is not None:
            raise UnavailableError(f"gremlin-server ended at once: {log.read_text(errors='replace')[-500:]}")
        with socket.socket() as client:
            client.settimeout(1)
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise UnavailableError(f"gremlin-server didn't open its port within {START_TIMEOUT_S} s")
