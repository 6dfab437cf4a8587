"""Boxes offer the newest runs; the others are found by words."""

from dataclasses import replace

import pytest

from mmclust.runs.record import RunRecord
from mmclust.runs.store import RunStore
from mmclust.specs import build_spec
from mmclust.ui.components import run_search


@pytest.fixture
def records() -> list[RunRecord]:
    run = RunStore().create(build_spec("digits", "dccs", preset="paper")).record()
    return [
        replace(run, run_id=f"dccs-digits-{number:03d}", spec=replace(run.spec, seed=number), title=f"Number {number}")
        for number in range(300)
    ]


def test_a_box_offers_the_newest_and_the_chosen(records: list[RunRecord]):
    offered = run_search.few(records, [records[5], records[250]])
    assert list(offered) == [*(one.run_id for one in records[: run_search.MOST]), records[250].run_id]
    assert list(run_search.few(records[:3])) == [one.run_id for one in records[:3]]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("number 277", 1),
        ("277 NUMBER", 1),
        ("dccs-digits-29", 10),
        ("digits paper", 300),
        ("imc-swav", 0),
        ("sigma=", 300),
        (" ", 300),
    ],
)
def test_all_words_must_occur(records: list[RunRecord], text: str, count: int):
    assert len(run_search.matching(records, text)) == count
