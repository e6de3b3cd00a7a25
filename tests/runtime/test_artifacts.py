"""What is put is durable, private and checked; what is damaged or missing is told."""

from __future__ import annotations

import json
import os
import pickle
import signal
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from twingraph_lab.errors import SerializationError, StoreError
from twingraph_lab.events import INLINE_LIMIT_BYTES, Artifact
from twingraph_lab.runtime.artifacts import CHUNK_BYTES, ArtifactStore, preview
from twingraph_lab.runtime.serializers import Image, Notebook

LARGE = "x" * INLINE_LIMIT_BYTES


@pytest.fixture
def store(tmp_path):
    return ArtifactStore(str(tmp_path / "store"))


def files(store):
    return [path for path in Path(store.url).rglob("*") if path.is_file()]


class TestSmallValues:
    def test_travel_inside_their_artifact(self, store):
        artifact = store.put({"b": 1, "a": [None, 2.5]})
        assert artifact.inline
        assert artifact.data == {"b": 1, "a": [None, 2.5]}
        assert artifact.size == len('{"b":1,"a":[null,2.5]}')
        assert not Path(store.url).exists()

    def test_that_are_not_json_travel_as_base64(self, store):
        artifact = store.put(b"\0\1")
        assert (artifact.media_type, artifact.data, artifact.inline) == ("application/octet-stream", "AAE=", True)
        assert store.get(artifact) == b"\0\1"

    def test_come_back_as_fresh_copies(self, store):
        value = {"rows": [1]}
        artifact = store.put(value)
        value["rows"].append(2)
        store.get(artifact)["rows"].append(3)
        assert store.get(artifact) == {"rows": [1]}

    @pytest.mark.parametrize("value", [None, 0, False, "", [], {}, (1, 2)])
    def test_come_back_from_an_event_that_was_stored(self, store, value):
        artifact = Artifact.model_validate_json(store.put(value).model_dump_json())
        back = store.get(artifact)
        assert (back, type(back)) == (value, type(value))

    def test_that_were_altered_are_damaged(self, store):
        artifact = store.put([1, 2])
        for data in ([1, 3], float("nan"), None):
            altered = artifact.model_copy(update={"data": data})
            assert not verifies(store, altered)
            with pytest.raises(StoreError, match="damaged artifact"):
                store.get(altered)
        with pytest.raises(StoreError, match="damaged artifact"):
            store.get(store.put(b"x").model_copy(update={"data": "%%"}))


def verifies(store, artifact):
    try:
        return store.verify(artifact)
    except StoreError:
        return False


class TestLargeValues:
    def test_are_files_named_by_their_content(self, store):
        artifact = store.put(LARGE)
        hexadecimal = artifact.digest.removeprefix("sha256:")
        assert (artifact.inline, artifact.data) == (False, None)
        assert files(store) == [Path(store.url, "sha256", hexadecimal[:2], hexadecimal[2:])]
        assert store.get(artifact) == LARGE
        assert store.exists(artifact)
        assert store.verify(artifact)

    def test_begin_one_byte_above_the_limit(self, store):
        assert store.put(b"x" * INLINE_LIMIT_BYTES).inline
        assert not store.put(b"x" * (INLINE_LIMIT_BYTES + 1)).inline

    def test_are_written_once(self, store):
        first = store.put(LARGE)
        written = files(store)[0].stat()
        assert store.put(LARGE) == first
        assert len(files(store)) == 1
        assert files(store)[0].stat().st_ino == written.st_ino

    def test_can_be_put_by_many_at_a_time(self, store):
        with ThreadPoolExecutor(8) as pool:
            artifacts = list(pool.map(store.put, [LARGE] * 32))
        assert len(set(map(str, artifacts))) == 1
        assert len(files(store)) == 1

    def test_that_are_damaged_are_told_and_repaired_by_putting_them_again(self, store):
        artifact = store.put(LARGE)
        files(store)[0].write_bytes(b"y" * artifact.size)
        assert store.exists(artifact)
        assert not store.verify(artifact)
        with pytest.raises(StoreError, match=f"damaged artifact {artifact.digest}"):
            store.get(artifact)
        store.put(LARGE)
        assert store.get(artifact) == LARGE

    def test_that_were_cut_short_are_not_there(self, store):
        artifact = store.put(LARGE)
        os.truncate(files(store)[0], 1000)
        assert not store.exists(artifact)
        store.put(LARGE)
        assert store.exists(artifact)

    def test_that_are_missing_are_told(self, store):
        artifact = store.put(LARGE)
        files(store)[0].unlink()
        assert not store.exists(artifact)
        assert not store.verify(artifact)
        with pytest.raises(StoreError, match="missing from"):
            store.get(artifact)

    def test_are_their_owners_alone_whatever_the_umask_is(self, store):
        before = os.umask(0)
        try:
            store.put(LARGE)
            store.write("runs/r1/log", b"x")
        finally:
            os.umask(before)
        for path in [Path(store.url), *Path(store.url).rglob("*")]:
            assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path

    def test_a_digest_is_never_a_path(self, store):
        forged = Artifact(digest="sha256:../../../etc/passwd", media_type="application/octet-stream", size=1)
        with pytest.raises(StoreError, match="not a digest"):
            store.get(forged)

    def test_a_link_in_place_of_a_file_is_not_followed(self, store, tmp_path):
        artifact = store.put(LARGE)
        path = files(store)[0]
        path.rename(tmp_path / "elsewhere")
        path.symlink_to(tmp_path / "elsewhere")
        with pytest.raises(StoreError):
            store.get(artifact)


class TestPieces:
    def test_are_of_a_bounded_size_and_together_the_value(self, store):
        for size in (0, 1, INLINE_LIMIT_BYTES, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES):
            data = os.urandom(size)
            pieces = list(store.chunks(store.put(data)))
            assert b"".join(pieces) == data
            assert max(map(len, pieces)) <= CHUNK_BYTES

    def test_do_not_end_if_the_value_is_damaged_and_do_not_begin_if_it_is_missing(self, store):
        artifact = store.put(os.urandom(2 * CHUNK_BYTES))
        (file,) = files(store)
        file.write_bytes(file.read_bytes()[:-1] + b"?" * 2)
        pieces = store.chunks(artifact)
        assert len(next(pieces)) == CHUNK_BYTES
        with pytest.raises(StoreError, match="damaged artifact"):
            next(pieces)
        file.unlink()
        with pytest.raises(StoreError, match="missing from"):
            next(store.chunks(artifact))


class TestEncodedValues:
    def test_are_kept_as_they_are(self, store):
        artifact = store.put_bytes(b"<svg/>", "image/svg+xml")
        assert store.read_bytes(artifact) == b"<svg/>"
        with pytest.raises(SerializationError, match=r"reads 'image/svg\+xml'"):
            store.get(artifact)

    def test_json_is_the_same_artifact_however_it_was_written(self, store):
        artifact = store.put_bytes(b'{ "a" : [1, 2.0] }\n', "application/json")
        assert artifact == store.put({"a": [1, 2.0]})

    @pytest.mark.parametrize("data", [b"{", b"\xff", b"NaN", b"[" * 100_000, b"[1e999]", b'"\\ud800"'])
    def test_what_is_not_json_is_refused(self, store, data):
        with pytest.raises(SerializationError, match="JSON"):
            store.put_bytes(data, "application/json")


class TestNamedFiles:
    def test_are_replaced_as_a_whole(self, store):
        assert store.read("runs/r1/state") is None
        store.write("runs/r1/state", b"one")
        store.write("runs/r1/state", b"two")
        assert store.read("runs/r1/state") == b"two"
        assert store.list() == ["runs/r1/state"]

    def test_are_listed_and_deleted_by_folder(self, store):
        for name in ("runs/r1/a", "runs/r1/deep/b", "runs/r10/a", "other"):
            store.write(name, b"")
        assert store.list("runs/r1") == ["runs/r1/a", "runs/r1/deep/b"]
        assert store.list("other") == ["other"]
        store.delete("runs/r1")
        store.delete("other")
        store.delete("never/there")
        assert store.list("") == ["runs/r10/a"]

    @pytest.mark.parametrize("name", ["", "/etc/x", "../x", "a/../b", "a//b", "a/", ".hidden", "a\0b", "sha256/ab/cd"])
    def test_never_leave_the_store_or_pose_as_artifacts(self, store, name):
        with pytest.raises(StoreError):
            store.write(name, b"")
        with pytest.raises(StoreError):
            ArtifactStore(store.url).delete("" if name.startswith("sha256") else name)

    def test_a_write_that_is_killed_leaves_the_old_content_and_no_visible_trace(self, store):
        store.write("state", b"old")
        script = """if True:
            import os, sys
            from twingraph_lab.runtime.artifacts import ArtifactStore
            os.rename = lambda *_: print("there", flush=True) or __import__("signal").pause()
            ArtifactStore(sys.argv[1]).write("state", b"new")
        """
        writer = subprocess.Popen([sys.executable, "-c", script, store.url], stdout=subprocess.PIPE)
        with writer:
            assert writer.stdout.readline() == b"there\n"
            writer.kill()
        assert writer.returncode == -signal.SIGKILL
        assert store.read("state") == b"old"
        assert store.list() == ["state"]

    def test_a_write_that_fails_leaves_nothing_behind(self, store, monkeypatch):
        store.write("state", b"old")

        def full(_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(StoreError, match="No space left on device"):
            store.write("state", b"new")
        monkeypatch.undo()
        assert [path.name for path in files(store)] == ["state"]
        assert store.read("state") == b"old"

    def test_are_synced_before_and_after_they_get_their_name(self, store, monkeypatch):
        steps = []
        fsync, rename = os.fsync, os.rename

        def recording_fsync(handle):
            steps.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
            fsync(handle)

        def recording_rename(*paths):
            steps.append("rename")
            rename(*paths)

        store.write("before", b"")
        monkeypatch.setattr(os, "fsync", recording_fsync)
        monkeypatch.setattr(os, "rename", recording_rename)
        store.write("state", b"x")
        assert steps == ["file", "rename", "folder"]


class TestPlaces:
    def test_a_store_says_where_it_is_and_can_be_sent_to_another_process(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        store = ArtifactStore("here")
        assert store.url == str(tmp_path / "here")
        artifact = store.put(LARGE)
        monkeypatch.chdir("/")
        assert pickle.loads(pickle.dumps(store)).get(artifact) == LARGE
        assert ArtifactStore(f"file://{tmp_path}/here").get(artifact) == LARGE

    def test_a_file_in_place_of_the_folder_is_told(self, tmp_path):
        (tmp_path / "store").write_text("")
        with pytest.raises(StoreError, match="NotADirectoryError"):
            ArtifactStore(str(tmp_path / "store")).write("a", b"")

    def test_an_unknown_kind_of_place_is_told(self):
        with pytest.raises(StoreError, match="nowhere"):
            ArtifactStore("nowhere://x").put(LARGE)

    def test_any_fsspec_address_will_do(self):
        store = ArtifactStore("memory://bucket/prefix")
        artifact = store.put(LARGE)
        assert store.put(LARGE) == artifact
        assert store.get(artifact) == LARGE
        assert store.verify(artifact)
        store.write("runs/a", b"1")
        assert store.list("runs") == ["runs/a"]
        assert store.list("runs/a") == ["runs/a"]
        assert store.read("runs/b") is None
        store.delete("runs")
        assert store.list("runs") == []

    def test_constructing_imports_no_library(self):
        script = """if True:
            import sys
            from twingraph_lab.runtime.artifacts import ArtifactStore
            ArtifactStore("s3://bucket/prefix"), ArtifactStore("folder").put({"small": 1})
            print(*sorted({"pandas", "pyarrow", "s3fs", "fsspec", "cloudpickle"} & set(sys.modules)))
        """
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == ""


class TestPreviews:
    def test_json_is_shown_in_short_and_without_control_characters(self, store):
        assert preview(store.put([1, {"a": "ä\x9b2J"}])) == '[1, {"a": "ä·2J"}]'
        assert len(preview(store.put(list(range(1000))))) == 72
        assert preview(store.put(LARGE), store) == "JSON, 66 kB"

    def test_images_are_shown_by_size(self, store):
        data = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + (640).to_bytes(4) + (480).to_bytes(4)
        small, large = store.put(Image(data)), store.put(Image(data + b"\0" * 200_000))
        assert preview(small) == preview(large, store) == "PNG image 640×480"  # noqa: RUF001
        assert preview(large) == "PNG image, 200 kB"

    def test_tables_are_shown_by_rows_and_columns(self, store):
        pd = pytest.importorskip("pandas", reason="needs the extra `tables`")
        np = pytest.importorskip("numpy", reason="needs the extra `tables`")
        small = store.put(pd.DataFrame({"a": [1], "b": ["x"]}, index=["k"]))
        large = store.put(pd.DataFrame(np.random.default_rng(0).random((20_000, 5)), columns=list("abcde")))
        assert preview(small) == "DataFrame 1 × 2"  # noqa: RUF001
        assert preview(large, store) == "DataFrame 20000 × 5"  # noqa: RUF001
        assert preview(large) == "DataFrame 20000 × 5"  # noqa: RUF001
        handed_in = store.put_bytes(b"not one of ours", small.media_type)
        assert preview(handed_in) == "table, 15 B"

    def test_the_rest_is_shown_by_kind_and_size(self, store):
        assert preview(store.put((1, 2))).startswith("tuple of 2, ")
        assert preview(store.put(b"x" * 1200)) == "bytes, 1.2 kB"
        assert preview(store.put(Notebook(b"{}"))) == "notebook, 2 B"
        assert preview(store.put_bytes(b"<svg/>", "image/svg+xml")) == "image/svg+xml, 6 B"
        assert preview(Artifact(digest="", media_type="x/y", size=3_400_000_000)) == "x/y, 3.4 GB"


def test_small_values_take_microseconds(store):
    """The limits are five times what is expected: 15 µs to put, 10 µs to get."""
    value = {"a": 1, "b": [1, 2, 3.5], "c": "text"}
    artifact = store.put(value)

    def best(call):
        def once():
            start = time.perf_counter()
            for _ in range(200):
                call()
            return (time.perf_counter() - start) / 200

        return min(once() for _ in range(5))

    assert best(lambda: store.put(value)) < 75e-6
    assert best(lambda: store.get(artifact)) < 50e-6


def test_inline_data_is_what_a_reader_in_any_language_expects(store):
    stored = json.loads(store.put({"n": 1.0}).model_dump_json())
    assert stored["data"] == {"n": 1.0}
    assert stored["media_type"] == "application/json"
