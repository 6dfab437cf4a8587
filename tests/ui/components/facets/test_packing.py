"""Columns as files of the browser."""

import json
from typing import Any

import numpy as np
import pytest

from mmclust.columns.column import Column, Groups, Values, grouped
from mmclust.ui.components.facets import packing


def opened(content: bytes) -> tuple[dict[str, Any], np.ndarray]:
    """Header and values of a file, as the browser reads it."""
    length = int.from_bytes(content[:4], "little")
    header = json.loads(content[4 : 4 + length])
    kind, offset, count = header["arrays"]["values"]
    return header, np.frombuffer(content, f"<{kind}", count, offset)


def packed(values: Values, n_ids: int = 5, **about: Any) -> tuple[dict[str, Any], np.ndarray]:
    column = Column(name="x", kind="number", source="run", help="", work=lambda: values, **about)
    n = len(values.codes) if isinstance(values, Groups) else len(values)
    return opened(packing.packed(column, values, np.arange(n), n_ids))


def test_numbers_are_steps_between_their_ends_and_nan_is_none() -> None:
    header, values = packed(np.array([1.0, np.nan, 3.0, 2.0, np.inf]))
    assert (header["low"], header["high"], header["none"], header["whole"]) == (1, 3, 65_535, True)
    assert values.tolist() == [0, 65_535, 65_534, 32_767, 65_535]


def test_ids_without_a_sample_have_no_value() -> None:
    column = Column(name="x", kind="number", source="run", help="", work=lambda: np.zeros(2))
    header, values = opened(packing.packed(column, np.array([0.0, 1.0]), np.array([4, 2]), 6))
    assert values.tolist() == [header["none"], header["none"], 65_534, header["none"], 0, header["none"]]


@pytest.mark.parametrize("values", [np.full(5, 2.5), np.full(5, np.nan), np.full(5, "NaT", "datetime64[ms]")])
def test_a_column_of_one_value_or_none_has_no_width(values: np.ndarray) -> None:
    header, steps = packed(values)
    assert header["low"] == header["high"] and set(steps.tolist()) <= {0, 65_535}


def test_dates_are_milliseconds() -> None:
    header, _ = packed(np.array(["1970-01-01", "1970-01-02", "NaT", "1970-01-03", "1970-01-03"], "datetime64[ms]"))
    assert (header["low"], header["high"]) == (0, 2 * 86_400_000)


def test_groups_are_called_as_pages_call_them() -> None:
    header, values = packed(
        Groups(np.array([0, 1, -1, 1, 0], np.int32), (1, 2)), shown=("one", "two"), colors=("#123456",)
    )
    assert header["names"] == ["one", "two"] and header["colors"] == ["#123456"]
    assert values.tolist() == [0, 1, header["none"], 1, 0]


def test_very_many_words_take_four_bytes_and_all_of_them_a_limited_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "LETTERS_IN_ALL", 800_000)
    words = grouped(np.array([f"{i} {'x' * 40}" for i in range(70_000)], object))
    header, values = packed(words, n_ids=70_000)
    assert values.dtype == np.uint32 and header["none"] == 2**32 - 1
    assert max(map(len, header["names"])) == 11 and header["names"][values[12]] == "12 xxxxxxx…"
