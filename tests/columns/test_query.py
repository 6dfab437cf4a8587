"""Queries are answered from the table of the run alone."""

from pathlib import Path

import numpy as np
import pytest
from columns.of_letters import N, clustering, data

from mmclust.columns import query, table
from mmclust.columns.table import RunTable
from mmclust.columns.wording import QueryError


@pytest.fixture(scope="module")
def letters() -> RunTable:
    weights = np.arange(N, dtype=float)
    weights[5] = np.nan
    dates = np.datetime64("2024-01-01") + np.arange(N)
    return table.of(clustering(data(**{"net weight": weights, "taken": dates.astype("datetime64[ms]")})))


def test_an_expression_gives_the_samples_for_which_it_is_true(letters: RunTable) -> None:
    found = query.select(letters, 'confidence < 0.6 and font == "serif"')
    expected = np.flatnonzero((letters.clustering.confidence < 0.6) & (np.arange(N) % 3 == 1))
    assert len(expected) and found.tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("cluster == 1 or cluster != 1", list(range(N))),
        ("class == '字' and sample < 4", [1, 3]),
        ("`net weight` >= 37", [37, 38, 39]),
        ("`net weight` is null", [5]),
        ("part == 'test' and sample in [1, 31]", [31]),
        ("caption ilike '%LETTER 3 says ''ü''%'", [3]),
        ("caption is null", [0]),
        ("taken < date '2024-01-03'", [0, 1]),
        ("sample < 2 and (correct or not correct)", [0, 1]),
        ("select sample from run order by sample desc limit 2", [39, 38]),
        ("with a as (select sample, size from run) select sample from a where size < 1.02", [0]),
        ("select sample from run where font = 'mono' and sample < 6", [2, 5]),
        ("sample > 1000", []),
    ],
)
def test_what_is_found(letters: RunTable, asked: str, expected: list[int]) -> None:
    assert query.select(letters, asked).tolist() == expected


@pytest.mark.parametrize(
    ("asked", "said", "place"),
    [
        ("confidence <", "the query ends too early", 12),
        ("font < 3", "Cannot compare", 0),
        ("confidence <<< 3", r"^syntax error \(at character 13", 12),
        ("select font from run", "the first column is font; select sample first", None),
        ("select sample from elsewhere", "elsewhere does not exist", 19),
        ("select font as sample from run", "no numbers of samples", None),
        ("select sample, map([1], [2]) from run", "values that no table shows; cast them", None),
        ("confidence " * 1000, "at most 4,000 are read", None),
    ],
)
def test_errors_of_the_database_are_told_with_their_place(
    letters: RunTable, asked: str, said: str, place: int | None
) -> None:
    with pytest.raises(QueryError, match=said) as caught:
        query.select(letters, asked)
    assert caught.value.place == place


def test_no_file_is_read_or_written(letters: RunTable, tmp_path: Path) -> None:
    secret, written = tmp_path / "secret.csv", tmp_path / "written.csv"
    secret.write_text("sample\n7\n")
    for asked in (
        f"select sample from '{secret}'",
        f"select sample from read_csv('{secret}')",
        f"select sample from \"read_csv\"('{secret}')",
        f"select sample from /**/ read_csv('{secret}')",
        f"with a as (from '{secret}') select * from a",
        f"copy run to '{written}'",
        f"select 1 as sample; copy run to '{written}'",
        f"sample in (select sample from '{secret}')",
        f"attach '{written}'",
        "set threads = 8",
    ):
        with pytest.raises(QueryError):
            query.select(letters, asked)
    assert not written.exists()


def test_objects_of_this_process_are_out_of_reach(letters: RunTable) -> None:
    import pandas as pd

    frame = pd.DataFrame({"sample": [1]})
    with pytest.raises(QueryError, match="frame does not exist"):
        query.select(letters, "select sample from frame")
    assert len(frame) == 1


def test_a_query_that_never_ends_is_stopped(letters: RunTable) -> None:
    endless = "select a.sample from run a, run b, run c, run d, run e, run f order by random() limit 1"
    with pytest.raises(QueryError, match="took too long|needs more than"):
        query.select(letters, endless, time_s=0.2)


@pytest.mark.parametrize(
    "asked",
    ["select range as sample from range(9000000000)", "select repeat('x', 10000000) as sample from run, range(1000)"],
)
def test_a_query_takes_no_more_memory_than_it_may(letters: RunTable, asked: str) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(QueryError, match="needs more than 1GB|took too long"):
        query.select(letters, asked, time_s=2)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000, "KiB, here and not in its process"


def test_where_the_system_sets_no_limits_queries_are_answered_without(monkeypatch: pytest.MonkeyPatch) -> None:
    resource, asked = pytest.importorskip("resource"), []

    def refuse(kind: int, limits: tuple[int, int]) -> None:
        asked.append(kind)
        raise ValueError("current limit exceeds maximum limit")

    monkeypatch.setattr(resource, "setrlimit", refuse)
    query.room._take_no_more(1.0)
    assert asked == [resource.RLIMIT_AS, resource.RLIMIT_CPU]


def test_only_what_may_grow_is_answered_by_a_process_of_its_own(
    letters: RunTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("started a process")

    monkeypatch.setattr(query.apart, "answer_apart", refuse)
    assert len(query.select(letters, "upper(font) == 'SERIF' and confidence in [0.1, 2]")) == 0
    for asked in ("repeat(font, 3) == 'x'", "font || 'x' == 'x'", "select sample from run"):
        with pytest.raises(AssertionError, match="started a process"):
            query.select(letters, asked)


def test_chained_comparisons_within_each_other_are_refused_before_they_fill_the_memory(letters: RunTable) -> None:
    asked = "confidence"
    for _ in range(200):
        asked = f"1 < ({asked}) < 3"
    with pytest.raises(QueryError, match="too often"):
        query.select(letters, asked)
