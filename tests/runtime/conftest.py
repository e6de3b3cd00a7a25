from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine, make_url

SCHEMAS = count(1)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of a real server of Debian's package, on a unix socket only, gone after the session."""
    binaries = _binaries()
    if binaries is None:
        pytest.skip("PostgreSQL isn't installed (Debian: apt install postgresql)")
    user = _unprivileged_user()
    folder = Path(tempfile.mkdtemp(prefix="tg-postgresql-", dir="/tmp"))  # a socket's path has at most 107 bytes
    folder.chmod(0o755)
    data = folder / "data"
    try:
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        owner = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        _call([binaries / "initdb", "-D", data, "-U", "twingraph", "-A", "trust", "-E", "UTF8", "-N"], folder, owner)
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -p {_free_port()} -c fsync=off"
        _call([binaries / "pg_ctl", "-D", data, "-o", options, "-l", folder / "log", "-w", "start"], folder, owner)
        try:
            port = next(folder.glob(".s.PGSQL.*[0-9]")).suffix[1:]
            yield f"postgresql+psycopg://twingraph@/postgres?host={folder}&port={port}"
        finally:
            _call([binaries / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"], folder, owner)
    finally:
        shutil.rmtree(folder)


def _binaries() -> Path | None:
    found = shutil.which("pg_ctl")
    folders = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    usable = [folder for folder in folders if (folder / "initdb").exists() and (folder / "pg_ctl").exists()]
    return usable[-1] if usable else None


def _unprivileged_user() -> pwd.struct_passwd | None:
    """The server refuses to run as root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    return known.get("postgres") or known["nobody"]


def _call(command: list[object], folder: Path, owner: dict[str, object]) -> None:
    with (folder / "out").open("ab") as output:  # not a pipe, which the server would keep open
        done = subprocess.run(
            [str(part) for part in command],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=60,
            **owner,
        )
    assert done.returncode == 0, (folder / "out").read_text()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """An empty schema of its own."""
    schema = f"s{next(SCHEMAS)}"
    engine = create_engine(postgresql_server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    url = make_url(postgresql_server).update_query_dict({"options": f"-csearch_path={schema}"})
    yield url.render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP SCHEMA {schema} CASCADE")


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/store/ledger.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger_url(request: pytest.FixtureRequest) -> str:
    """An empty store of either kind: every promise of the ledger holds in both."""
    return request.getfixturevalue(f"{request.param}_url")
