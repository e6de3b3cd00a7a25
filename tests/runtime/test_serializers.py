"""A value comes back as it was, or an error says which part of it can't be stored."""

from __future__ import annotations

import math
import pickle
import subprocess
import sys
import threading
from collections import OrderedDict
from dataclasses import dataclass
from importlib.metadata import EntryPoint

import cloudpickle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twingraph_lab import registry
from twingraph_lab.errors import SerializationError
from twingraph_lab.events import Artifact
from twingraph_lab.runtime import serializers
from twingraph_lab.runtime.serializers import Image, Notebook, decode, encode

pd = pytest.importorskip("pandas", reason="needs the extra `tables`")
np = pytest.importorskip("numpy", reason="needs the extra `tables`")
pa = pytest.importorskip("pyarrow", reason="needs the extra `tables`")

JSON = "application/json"
ARROW = "application/vnd.apache.arrow.stream"
PICKLE = "application/x-python-pickle"

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda children: st.lists(children) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), children),
)


def kept_as(value):
    return encode(value)[0]


def round_trip(value):
    return decode(*encode(value))


def shape(value):
    """The value with the type of every part, and with the order of keys."""
    match value:
        case dict():
            return dict, [(key, shape(item)) for key, item in value.items()]
        case list():
            return list, [shape(item) for item in value]
    return type(value), repr(value)


@given(JSON_VALUES)
def test_json_comes_back_the_same_in_every_part(value):
    media_type, data = encode(value)
    assert media_type == JSON
    assert shape(decode(media_type, data)) == shape(value)


@given(JSON_VALUES)
def test_json_survives_the_way_through_an_event(value):
    artifact = Artifact(digest="sha256:", media_type=JSON, size=0, inline=True, data=value)
    assert shape(Artifact.model_validate_json(artifact.model_dump_json()).data) == shape(value)


@pytest.mark.parametrize(
    "value",
    [
        (1, 2),
        [(1, 2)],
        {1: "a"},
        math.inf,
        [-math.inf],
        "\ud800",
        {"\ud800": 1},
        OrderedDict(a=1),
        np.float64(1.5),
        [np.int64(3)],
        np.arange(6).reshape(2, 3),
        {1, 2},
        1 + 2j,
        10**5000,
        bytearray(b"x"),
        pd.Series([1, 2], name="s"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_json_would_change_is_pickled(value):
    assert kept_as(value) == PICKLE
    back = round_trip(value)
    assert type(back) is type(value)
    assert np.array_equal(back, value) if isinstance(value, np.ndarray | pd.Series) else back == value


def test_nan_is_pickled():
    assert kept_as(math.nan) == PICKLE
    assert math.isnan(round_trip(math.nan))


def test_values_nested_too_deep_or_in_themselves_are_pickled():
    deep: list[object] = []
    for _ in range(100):
        deep = [deep]
    assert round_trip(deep) == deep
    endless: list[object] = []
    endless.append(endless)
    back = round_trip(endless)
    assert back[0] is back


def test_bytes_stay_bytes():
    assert encode(b"\0\xff") == ("application/octet-stream", b"\0\xff")
    assert round_trip(b"\0\xff") == b"\0\xff"


def test_lambdas_and_local_classes_go_along_by_value():
    @dataclass
    class Point:
        x: int

    assert round_trip(lambda n: n + 1)(2) == 3
    assert round_trip(Point(3)).x == 3


FRAMES = {
    "plain": pd.DataFrame({"n": [1, 2], "x": [1.5, math.nan], "b": [True, False]}),
    "text": pd.DataFrame({"s": ["a", None], "t": ["ä", "日本"]}),
    "no rows": pd.DataFrame({"n": pd.Series([], dtype="int32"), "s": pd.Series([], dtype="str")}),
    "categories": pd.DataFrame({"c": pd.Categorical(["lo", "hi", None], ["lo", "hi", "never"], ordered=True)}),
    "time zones": pd.DataFrame({"t": pd.to_datetime(["2024-03-31 00:30", None]).tz_localize("Europe/Berlin")}),
    "times": pd.DataFrame({"t": pd.to_datetime(["2024-01-01", "1999-12-31"]), "d": pd.to_timedelta([1, 2], "h")}),
    "nullable": pd.DataFrame({"n": pd.array([1, None], "Int64"), "b": pd.array([True, None], "boolean")}),
    "small types": pd.DataFrame({"i": np.array([1], "int8"), "f": np.array([1], "float32")}),
    "named index": pd.DataFrame({"n": [1, 2]}, index=pd.Index(["a", "b"], name="key")),
    "levels": pd.DataFrame({"n": [1, 2]}, index=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["k", None])),
    "named columns": pd.DataFrame([[1, 2]], columns=pd.Index(["a", "b"], name="metric")),
}
OTHERS = {
    "numbered columns": pd.DataFrame({0: [1], 1: [2]}),
    "no columns at all": pd.DataFrame(),
    "only an index": pd.DataFrame(index=pd.RangeIndex(3)),
    "mixed": pd.DataFrame({"m": [1, "a", None]}, dtype=object),
    "lists": pd.DataFrame({"m": [[1], [2, 3]]}),
    "object text": pd.DataFrame({"s": ["a", math.nan]}, dtype=object),
    "frequency": pd.DataFrame({"n": [1, 2]}, index=pd.date_range("2024", periods=2, freq="D")),
    "same name twice": pd.DataFrame([[1, 2]], columns=["a", "a"]),
    "complex": pd.DataFrame({"z": [1 + 2j]}),
}


class TestTables:
    @pytest.mark.parametrize("name", FRAMES)
    def test_dataframes_are_kept_as_arrow_and_come_back_exactly(self, name):
        frame = FRAMES[name]
        assert kept_as(frame) == ARROW
        pd.testing.assert_frame_equal(round_trip(frame), frame, check_index_type="exact", check_exact=True)

    @pytest.mark.parametrize("name", OTHERS)
    def test_dataframes_that_arrow_would_change_are_pickled(self, name):
        frame = OTHERS[name]
        assert kept_as(frame) == PICKLE
        pd.testing.assert_frame_equal(round_trip(frame), frame, check_index_type="exact", check_exact=True)

    def test_attributes_are_kept(self):
        frame = pd.DataFrame({"n": [1]})
        frame.attrs = {"unit": ("m", "s")}
        assert round_trip(frame).attrs == {"unit": ("m", "s")}

    def test_a_subclass_stays_one(self):
        class Measured(pd.DataFrame):
            pass

        assert kept_as(Measured({"n": [1]})) == PICKLE

    def test_a_table_that_comes_back_can_be_changed(self):
        back = round_trip(pd.DataFrame({"x": [1.0, 2.0]}))
        back.loc[0, "x"] = 5.0
        assert list(back["x"]) == [5.0, 2.0]

    def test_arrow_tables_keep_schema_and_metadata(self):
        table = pa.table({"n": pa.array([1, None]), "l": pa.array([[1], []])}).replace_schema_metadata({"by": "me"})
        assert kept_as(table) == ARROW
        back = round_trip(table)
        assert back.equals(table, check_metadata=True)
        assert round_trip(pa.table({"n": [1]})).schema.metadata is None

    def test_parquet_that_was_handed_in_is_read(self, tmp_path):
        frame = pd.DataFrame({"n": [1, 2]})
        frame.to_parquet(tmp_path / "t.parquet")
        back = decode("application/vnd.apache.parquet", (tmp_path / "t.parquet").read_bytes())
        pd.testing.assert_frame_equal(back, frame)

    def test_without_pyarrow_they_are_pickled_and_reading_arrow_names_the_extra(self):
        script = """if True:
            import sys
            sys.modules["pyarrow"] = None
            import pandas as pd
            from twingraph_lab.runtime.serializers import decode, encode
            media_type, data = encode(pd.DataFrame({"n": [1]}))
            print(media_type, decode(media_type, data)["n"].sum())
            try:
                decode("application/vnd.apache.arrow.stream", b"")
            except Exception as error:
                print(type(error).__name__, error)
        """
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        assert done.stdout.splitlines() == [
            f"{PICKLE} 1",
            "MissingExtraError reading tables needs an optional dependency: pip install 'twingraph-lab[tables]'",
        ]

    @pytest.mark.parametrize("media_type", [ARROW, "application/vnd.apache.parquet"])
    def test_bytes_that_are_no_table_are_told(self, media_type):
        with pytest.raises(SerializationError, match="not a"):
            decode(media_type, b"nonsense")


class TestImages:
    def test_a_figure_becomes_an_image(self):
        figure = pytest.importorskip("matplotlib.figure", reason="needs the extra `demo`").Figure((3, 2), dpi=50)
        figure.subplots().plot([1, 2])
        media_type, data = encode(figure)
        image = decode(media_type, data)
        assert media_type == "image/png"
        assert image._repr_png_() == data
        assert 100 < image.size[0] < 200
        assert repr(image) == "Image({}×{})".format(*image.size)  # noqa: RUF001

    def test_an_image_can_be_saved_and_put_again(self, tmp_path):
        image = Image(b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + (640).to_bytes(4) + (480).to_bytes(4))
        assert round_trip(round_trip(image)) == image
        assert image.size == (640, 480)
        image.save(tmp_path / "i.png")
        assert (tmp_path / "i.png").read_bytes() == image.data

    def test_ipythons_images_are_images(self):
        display = pytest.importorskip("IPython.display", reason="needs the extra `notebook`")
        data = b"\x89PNG\r\n\x1a\n"
        assert round_trip(display.Image(data)) == Image(data)

    def test_data_that_can_also_be_looked_at_stays_data(self):
        pictures = pytest.importorskip("PIL.Image", reason="needs the extra `demo`")
        picture = pictures.new("RGB", (2, 2), "red")
        back = round_trip(picture)
        assert type(back) is pictures.Image
        assert back.tobytes() == picture.tobytes()


def test_notebooks_keep_their_bytes(tmp_path):
    notebook = Notebook(b'{"cells": []}')
    assert kept_as(notebook) == "application/x-ipynb+json"
    assert round_trip(notebook) == notebook
    notebook.save(tmp_path / "n.ipynb")
    assert (tmp_path / "n.ipynb").read_bytes() == notebook.data
    assert repr(notebook) == "Notebook(13 bytes)"


class Session:
    def __init__(self):
        self.name = "s"
        self.lock = threading.Lock()


class TestWhatCannotBeStored:
    def test_the_type_is_named_and_what_to_do(self):
        with pytest.raises(SerializationError, match=r"of type generator can't be stored.*Return data") as caught:
            encode(x for x in [1])
        assert "its" not in str(caught.value)

    def test_the_attribute_or_element_is_named(self):
        with pytest.raises(
            SerializationError, match=r"of type dict .*: its \['model'\]\[1\]\.lock, of type _thread\.lock"
        ):
            encode({"ok": 1, "model": (2, Session())})

    def test_a_variable_that_a_function_closes_over_is_named(self):
        session = Session()
        with pytest.raises(SerializationError, match=r"its \.session\.lock"):
            encode(lambda: session)

    def test_errors_of_the_values_own_pickling_are_told(self):
        class Stubborn:
            def __reduce__(self):
                raise RuntimeError("I stay here")

        with pytest.raises(SerializationError, match="I stay here"):
            encode([Stubborn()])


class TestWhatCannotBeLoaded:
    def test_a_missing_module_is_named(self, tmp_path, monkeypatch):
        (tmp_path / "only_there.py").write_text("class Model: pass\n")
        script = "import sys, only_there, pickle; sys.stdout.buffer.write(pickle.dumps(only_there.Model()))"
        data = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, check=True).stdout
        with pytest.raises(SerializationError, match="needs the module 'only_there'"):
            decode(PICKLE, data)

    def test_an_error_while_loading_is_told(self):
        with pytest.raises(SerializationError, match="UnpicklingError"):
            decode(PICKLE, b"nonsense")

    def test_an_unknown_media_type_is_named(self):
        with pytest.raises(SerializationError, match="nothing installed here reads 'x/y'"):
            decode("x/y", b"")


class Celsius:
    def __init__(self, degrees):
        self.degrees = degrees


class CelsiusSerializer:
    media_type = "application/x-celsius"

    def accepts(self, value):
        return type(value) is Celsius

    def encode(self, value):
        if math.isnan(value.degrees):
            raise SerializationError("no such temperature")
        return str(value.degrees).encode()

    def decode(self, data):
        return Celsius(float(data))


class TestPlugins:
    @pytest.fixture(autouse=True)
    def installed(self, monkeypatch):
        entry = EntryPoint("celsius", "ignored:ignored", "twingraph_lab.serializers")
        monkeypatch.setattr(EntryPoint, "load", lambda _: CelsiusSerializer)
        monkeypatch.setattr(registry, "_entries", lambda _: {"celsius": entry})
        serializers._plugins.cache_clear()
        yield
        serializers._plugins.cache_clear()
        serializers._reader.cache_clear()

    def test_a_plug_in_comes_before_pickle(self):
        assert encode(Celsius(21.5)) == ("application/x-celsius", b"21.5")
        assert round_trip(Celsius(21.5)).degrees == 21.5

    def test_a_value_that_it_gives_back_is_pickled(self):
        assert kept_as(Celsius(math.nan)) == PICKLE


def test_no_library_is_imported_for_values_that_are_not_its_own():
    script = """if True:
        import sys
        from twingraph_lab.runtime.serializers import encode
        for value in ({"a": [1.5, None]}, b"x", "text"):
            encode(value)
        print(*sorted({"pandas", "pyarrow", "numpy", "cloudpickle", "matplotlib", "IPython"} & set(sys.modules)))
    """
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_pickles_are_written_in_a_protocol_that_every_supported_python_reads():
    data = encode(np.arange(3))[1]
    assert data[:2] == pickle.PROTO + bytes([5])
    assert cloudpickle.loads(data).tolist() == [0, 1, 2]
