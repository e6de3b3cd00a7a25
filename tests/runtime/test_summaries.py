"""What is said of values that only their own code can read."""

from __future__ import annotations

from datetime import date

import pytest

from twingraph_lab.runtime.artifacts import ArtifactStore, preview
from twingraph_lab.runtime.summaries import summary


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ((1, "a"), "tuple of 2"),
        ({3, 4, 5}, "set of 3"),
        (date(2026, 11, 21), "date 2026-11-21"),
        (float("nan"), "float nan"),
        (1 << 20_000, "int"),
        (print, "builtin_function_or_method"),
    ],
    ids=lambda value: str(value)[:20] if isinstance(value, str) else type(value).__name__,
)
def test_values_are_told_by_type_and_size(value, told):
    assert summary(value) == told


def test_arrays_and_series_are_told_by_shape_and_element_type():
    np = pytest.importorskip("numpy", reason="needs the extra `tables`")
    pd = pytest.importorskip("pandas", reason="needs the extra `tables`")
    assert summary(np.zeros((3, 4))) == "ndarray 3 × 4 float64"  # noqa: RUF001
    assert summary(np.float64(1.5)) == "float64 1.5"
    assert summary(pd.Series([1, 2])) == "Series 2 int64"


def test_a_value_that_refuses_every_question_is_still_told():
    class Sulking:
        @property
        def shape(self):
            raise RuntimeError("not now")

    assert summary(Sulking()) == "Sulking"


def test_the_preview_of_a_stored_value_says_what_it_is(tmp_path):
    store = ArtifactStore(str(tmp_path))
    small, large = store.put((1, 2)), store.put(tuple(range(100_000)))
    assert (small.inline, large.inline) == (True, False)
    assert preview(small).startswith("tuple of 2, ")
    assert preview(large, store).startswith("tuple of 100000, ")
    assert preview(store.put([1, 2])) == "[1, 2]"
