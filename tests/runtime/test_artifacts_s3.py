"""The same promises in a bucket: a real S3 protocol server, reached over HTTP."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from twingraph_lab.errors import MissingExtraError, StoreError
from twingraph_lab.events import INLINE_LIMIT_BYTES
from twingraph_lab.runtime.artifacts import CHUNK_BYTES, ArtifactStore

pytest.importorskip("s3fs", reason="needs the extra `s3`")
pytest.importorskip("moto.server", reason="needs moto[server]")

LARGE = "x" * INLINE_LIMIT_BYTES


@pytest.fixture(scope="module")
def endpoint():
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as server:
        try:
            for line in server.stderr:
                if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                    break
            else:
                pytest.fail("moto_server didn't start")
            threading.Thread(target=server.stderr.read, daemon=True).start()  # its access log mustn't block it
            yield found[0]
        finally:
            server.kill()


@pytest.fixture
def store(endpoint, monkeypatch):
    import s3fs

    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    s3fs.S3FileSystem.clear_instance_cache()
    bucket = s3fs.S3FileSystem(use_listings_cache=False)
    bucket.mkdir("lab")
    yield ArtifactStore("s3://lab/artifacts/")
    bucket.rm("lab", recursive=True)
    s3fs.S3FileSystem.clear_instance_cache()


def test_values_come_back(store):
    artifact = store.put(LARGE)
    assert not artifact.inline
    assert store.url == "s3://lab/artifacts"
    assert store.get(artifact) == LARGE
    assert store.exists(artifact)
    assert store.verify(artifact)
    assert store.head(artifact, 4) == b'"xxx'
    hexadecimal = artifact.digest.removeprefix("sha256:")
    assert store.list() == [f"sha256/{hexadecimal[:2]}/{hexadecimal[2:]}"]


def test_identical_values_are_put_once(store):
    import s3fs

    artifact = store.put(LARGE)
    before = s3fs.S3FileSystem(use_listings_cache=False).info(f"lab/artifacts/{store.list()[0]}")
    assert store.put(LARGE) == artifact
    after = s3fs.S3FileSystem(use_listings_cache=False).info(f"lab/artifacts/{store.list()[0]}")
    assert after["LastModified"] == before["LastModified"]


def test_what_another_process_wrote_is_seen_at_once(store):
    assert store.read("runs/r1/state") is None
    assert store.list("runs") == []
    script = """if True:
        import sys
        from twingraph_lab.runtime.artifacts import ArtifactStore
        ArtifactStore(sys.argv[1]).write("runs/r1/state", b"x")
    """
    subprocess.run([sys.executable, "-c", script, store.url], check=True)
    assert store.read("runs/r1/state") == b"x"
    assert store.list("runs") == ["runs/r1/state"]


def test_named_files_are_listed_and_deleted_by_folder(store):
    for name in ("runs/r1/a", "runs/r1/deep/b", "runs/r10/a"):
        store.write(name, b"x")
    store.write("runs/r1/a", b"two")
    assert store.read("runs/r1/a") == b"two"
    assert store.list("runs/r1") == ["runs/r1/a", "runs/r1/deep/b"]
    store.delete("runs/r1")
    store.delete("never/there")
    assert store.list() == ["runs/r10/a"]


def test_damaged_and_missing_values_are_told(store):
    import s3fs

    artifact = store.put(LARGE)
    path = f"lab/artifacts/{store.list()[0]}"
    s3fs.S3FileSystem().pipe_file(path, b"y" * artifact.size)
    assert not store.verify(artifact)
    with pytest.raises(StoreError, match="damaged artifact"):
        store.get(artifact)
    s3fs.S3FileSystem().rm(path)
    assert not store.exists(artifact)
    with pytest.raises(StoreError, match="missing from s3://lab/artifacts"):
        store.get(artifact)


def test_what_is_large_comes_in_pieces_of_a_bounded_size(store):
    data = os.urandom(2 * CHUNK_BYTES + 1)
    artifact = store.put(data)
    assert [len(piece) for piece in store.chunks(artifact)] == [CHUNK_BYTES, CHUNK_BYTES, 1]
    assert b"".join(store.chunks(artifact)) == data


def test_threads_can_share_a_store(store):
    with ThreadPoolExecutor(4) as pool:
        artifacts = list(pool.map(lambda i: store.put(LARGE + str(i)), range(8)))
        values = list(pool.map(store.get, artifacts))
    assert values == [LARGE + str(i) for i in range(8)]


def test_a_bucket_that_is_not_there_is_told(store):
    with pytest.raises(StoreError, match=r"s3://no-such-bucket: .*bucket does not exist"):
        ArtifactStore("s3://no-such-bucket").put(LARGE)


def test_without_s3fs_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(MissingExtraError, match=r"s3://… artifacts needs .*twingraph-lab\[s3\]"):
        ArtifactStore("s3://lab")


def test_a_run_whose_values_are_in_s3(store, tmp_path):
    from tests.workflows import cell, workflow
    from twingraph_lab.lab import Lab
    from twingraph_lab.settings import Settings

    settings = Settings(home=tmp_path / "home", scheduler="inline", artifacts=store.url, lineage=False)
    with Lab(settings) as lab:
        make = cell("make", "result = bytes(200_000)")
        run = lab.submit(workflow(make, cell("use", "result = len(x)", inputs={"x": {"ref": "make"}})))
        assert run.result(60) == {"use": 200_000}
        assert not run.tasks["make"].outputs["result"].inline
    assert not (tmp_path / "home" / "artifacts").exists()
