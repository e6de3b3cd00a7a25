"""What a stored value looks like: bounded, and never anything that could act."""

from __future__ import annotations

import base64
import json
import struct
import zlib

import pytest

from twingraph_lab.events import Artifact
from twingraph_lab.frontends.inspection.previews import (
    IMAGE_LIMIT_BYTES,
    PARSED_LIMIT_BYTES,
    literal,
    preview,
    previews,
)
from twingraph_lab.frontends.inspection.texts import LIMIT
from twingraph_lab.runtime.artifacts import ArtifactStore
from twingraph_lab.runtime.serializers import Image, Notebook

SCRIPT = "<script>alert('x')</script>"


@pytest.fixture
def store(tmp_path):
    return ArtifactStore(str(tmp_path / "artifacts"))


def png(across=1, down=1, padding=0):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", across, down, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\xff\0\0" * across) * down) if across * down < 10**6 else b""
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [chunk(b"IHDR", header), chunk(b"tEXt", b"\0" * padding), chunk(b"IDAT", rows), chunk(b"IEND", b"")]
    )


class TestJson:
    def test_it_is_laid_out(self, store):
        seen = preview("x", store.put({"a": [1, 2], "b": {"c": None}}), store)
        assert (seen.kind, seen.truncated) == ("json", False)
        assert json.loads(seen.text) == {"a": [1, 2], "b": {"c": None}}
        assert seen.text.startswith('{\n  "a": [')

    def test_a_list_of_plain_values_is_a_line(self, store):
        assert preview("x", store.put([1, "a", None]), store).text == '[1, "a", null]'

    def test_a_text_is_text(self, store):
        seen = preview("x", store.put("two\nlines"), store)
        assert (seen.kind, seen.text) == ("text", "two\nlines")

    def test_a_script_stays_a_text(self, store):
        seen = preview("x", store.put({"page": SCRIPT}), store)
        assert (seen.kind, seen.media_type, seen.data) == ("json", "application/json", "")

    def test_a_large_value_is_cut(self, store):
        seen = preview("x", store.put(list(range(100_000))), store)
        assert seen.truncated
        assert len(seen.text) == LIMIT

    def test_a_very_large_value_is_not_read_whole(self, store):
        seen = preview("x", store.put({"text": "a" * 20_000_000}), store)
        assert (seen.kind, seen.truncated) == ("text", True)
        assert len(seen.text) <= LIMIT


class TestTables:
    @pytest.fixture(autouse=True)
    def pandas(self):
        self.pd = pytest.importorskip("pandas")
        self.pa = pytest.importorskip("pyarrow")

    def test_a_frame_has_columns_types_and_rows_as_text(self, store):
        frame = self.pd.DataFrame({"n": [1, 2], "name": ["a", SCRIPT], "share": [0.5, None]})
        seen = preview("x", store.put(frame), store)
        assert (seen.kind, seen.columns, seen.row_count, seen.truncated) == ("table", ("n", "name", "share"), 2, False)
        assert seen.types == ("int64", "string", "double")
        assert seen.rows == (("1", "a", "0.5"), ("2", SCRIPT, ""))

    def test_an_index_with_names_comes_first(self, store):
        frame = self.pd.DataFrame({"n": [1, 2]}, index=self.pd.Index(["a", "b"], name="key"))
        seen = preview("x", store.put(frame), store)
        assert (seen.columns, seen.rows) == (("key", "n"), (("a", "1"), ("b", "2")))

    def test_a_large_frame_shows_its_beginning_without_being_read(self, store, monkeypatch):
        frame = self.pd.DataFrame({f"c{number}": range(200_000) for number in range(60)})
        artifact = store.put(frame)
        monkeypatch.setattr(store, "read_bytes", lambda _: pytest.fail("it was read"))
        seen = preview("x", artifact, store)
        assert (seen.row_count, len(seen.rows), len(seen.columns), seen.truncated) == (200_000, 100, 50, True)
        assert seen.rows[99][:2] == ("99", "99")

    def test_parquet_of_others_is_shown_too(self, store, tmp_path):
        path = tmp_path / "x.parquet"
        self.pd.DataFrame({"n": range(1000)}).to_parquet(path)
        seen = preview("x", store.put_bytes(path.read_bytes(), "application/vnd.apache.parquet"), store)
        assert (seen.kind, seen.row_count, len(seen.rows), seen.columns) == ("table", 1000, 100, ("n",))

    def test_columns_may_have_the_same_name(self, store):
        table = self.pa.table([[1], [2]], names=["a", "a"])
        assert preview("x", store.put(table), store).rows == (("1", "2"),)

    def test_nothing_deceives_in_a_field(self, store):
        table = self.pa.table({"a\x1b": ["x\ny\u202e" + "z" * 1000], "bytes": [b"\0" * 5]})
        seen = preview("x", store.put(table), store)
        assert seen.columns == ("a␛", "bytes")
        assert seen.rows[0][0].startswith("x␊y\\u202ezzz")
        assert len(seen.rows[0][0]) < 220
        assert seen.rows[0][1] == "5 bytes"

    def test_moments_that_python_cannot_hold_are_shown(self, store):
        table = self.pa.table(
            {"t": self.pa.array([1], self.pa.timestamp("ns")), "f": self.pa.array([10**15], "date64")}
        )
        assert preview("x", store.put(table), store).kind == "table"

    def test_an_empty_table_has_columns(self, store):
        seen = preview("x", store.put(self.pd.DataFrame({"n": self.pd.Series([], dtype="int64")})), store)
        assert (seen.columns, seen.rows, seen.row_count) == (("n",), (), 0)

    def test_damage_is_told(self, store):
        for media_type in ("application/vnd.apache.arrow.stream", "application/vnd.apache.parquet"):
            seen = preview("x", store.put_bytes(b"PAR1 nonsense", media_type), store)
            assert (seen.kind, seen.rows) == ("binary", ())
            assert "not a table" in seen.summary


class TestImages:
    def test_a_png_is_an_image(self, store):
        seen = preview("plot", store.put(Image(png(2, 3))), store)
        assert (seen.kind, seen.media_type, seen.summary) == ("image", "image/png", "PNG image 2×3")  # noqa: RUF001
        assert base64.b64decode(seen.data) == png(2, 3)

    def test_an_image_is_told_by_its_first_bytes_whatever_it_is_called(self, store):
        assert preview("x", store.put(png()), store).media_type == "image/png"
        jpeg = store.put_bytes(b"\xff\xd8\xff\xe0" + b"\0" * 20, "text/html")
        assert (preview("x", jpeg, store).kind, preview("x", jpeg, store).media_type) == ("image", "image/jpeg")
        page = store.put_bytes(SCRIPT.encode(), "image/png")
        assert (preview("x", page, store).kind, preview("x", page, store).data) == ("text", "")

    @pytest.mark.parametrize("media_type", ["image/svg+xml", "text/html", "application/xhtml+xml"])
    def test_what_could_act_is_text(self, store, media_type):
        drawing = f"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'>{SCRIPT}</svg>"
        seen = preview("x", store.put_bytes(drawing.encode(), media_type), store)
        assert (seen.kind, seen.text, seen.data) == ("text", drawing, "")

    def test_a_large_image_is_only_described(self, store):
        for image in (png(padding=IMAGE_LIMIT_BYTES), png(100_000, 100_000)):
            seen = preview("x", store.put(Image(image)), store)
            assert (seen.kind, seen.data, seen.truncated) == ("binary", "", True)
            assert "too large to show" in seen.summary


class Trap:
    opened = 0

    def __setstate__(self, state):
        Trap.opened += 1


class TestOthers:
    def test_a_pickle_is_described_and_never_opened(self, store):
        value = Trap()
        value.n = 1
        seen = preview("x", store.put({"a": value}), store)
        assert (seen.kind, seen.text) == ("binary", "")
        assert seen.summary.startswith("dict of 1")
        assert Trap.opened == 0

    def test_bytes_that_are_text_are_text(self, store):
        assert preview("x", store.put(b"a,b\n1,2\n"), store).text == "a,b\n1,2\n"
        assert preview("x", store.put(b"\0\1\2"), store).kind == "binary"

    def test_a_notebook_is_told_cell_by_cell(self, store):
        cells = [
            {"cell_type": "markdown", "source": ["# Title\n", SCRIPT]},
            {
                "cell_type": "code",
                "execution_count": 2,
                "source": "plot()",
                "outputs": [
                    {"output_type": "stream", "name": "stdout", "text": ["\x1b[31mred\x1b[0m\n"]},
                    {"output_type": "display_data", "data": {"image/png": "A" * 4000, "text/html": SCRIPT}},
                    {"output_type": "execute_result", "data": {"text/plain": "7"}},
                    {"output_type": "error", "traceback": ["Boom", "at line 1"]},
                ],
            },
        ]
        seen = preview("x", store.put(Notebook(json.dumps({"cells": cells}).encode())), store)
        assert seen.kind == "text"
        assert seen.text == f"# Title\n{SCRIPT}\n\n[2] plot()\nred\n(image/png, about 3.0 kB)\n7\nBoom\nat line 1"

    @pytest.mark.parametrize("data", [b"", b"[]", b'{"cells": 3}', b'{"cells": [1, {"outputs": 5}]}', b"{" * 99_999])
    def test_what_only_claims_to_be_a_notebook_does_no_harm(self, store, data):
        assert preview("x", store.put(Notebook(data)), store).kind == "text"

    def test_what_is_missing_or_damaged_says_so(self, store):
        gone = Artifact(digest=f"sha256:{'0' * 64}", media_type="application/octet-stream", size=10)
        assert "is missing" in preview("x", gone, store).summary
        for media_type in ("application/json", "application/vnd.apache.arrow.stream", "image/png"):
            seen = preview("x", gone.model_copy(update={"media_type": media_type, "size": 10**5}), store)
            assert (seen.kind, "is missing" in seen.summary) == ("binary", True), media_type

    def test_what_is_secret_by_its_name_is_hidden(self, store):
        seen = preview("api_key", store.put("abcdef"), store)
        assert (seen.text, seen.summary) == ("***", "***")
        assert "abcdef" not in literal("password", "abcdef").model_dump_json()

    @pytest.mark.parametrize("more", [0, 5_000, PARSED_LIMIT_BYTES])
    def test_what_is_secret_deep_in_a_value_is_hidden(self, store, more):
        value = {"services": [{"url": "http://here", "api_key": "abcdef"}], "more": "x" * more}
        seen = preview("config", store.put(value), store)
        assert "http://here" in seen.text
        assert "abcdef" not in seen.model_dump_json()
        assert "abcdef" not in literal("config", value).model_dump_json()

    def test_many_values_are_bounded_together(self, store):
        image = Image(png(padding=IMAGE_LIMIT_BYTES - 200))
        seen = previews({f"plot{number}": store.put(image) for number in range(20)}, store)
        assert [each.kind for each in seen].count("image") == 4
        assert all(each.truncated for each in seen[4:])

    def test_a_literal_is_shown_like_a_stored_value(self):
        assert literal("n", {"a": 1}).text == '{\n  "a": 1\n}'
        assert (literal("s", "x\x00").kind, literal("s", "x\x00").text) == ("text", "x␀")

    def test_any_of_it_is_json(self, store):
        values = {"bad": "half \ud83d", "n": 1, "raw": b"\xff"}
        for each in previews({name: store.put(value) for name, value in values.items()}, store):
            json.loads(each.model_dump_json())


def test_a_large_value_is_shown_by_its_beginning(store):
    artifact = store.put_bytes(b"x" * 200_000_000, "text/plain")
    assert preview("x", artifact, store).truncated
