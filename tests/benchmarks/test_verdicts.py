from dataclasses import replace
from pathlib import Path

import pytest
from auto.families import blobs

from benchmarks import verdicts
from mmclust.auto import starts
from mmclust.auto.verdict import LIMITS, Measured, verdict
from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec

ROOT = Path(__file__).resolve().parents[2]
GOOD = verdicts.Case(
    dataset="a",
    what="dmim",
    measured=Measured(
        n_samples=500,
        n_clusters=5,
        evidence=0.6,
        evidence_by_view=(0.6, 0.6),
        alone=(0.5, 0.5),
        chance=0.2,
        simple={"k-means, all views": 0.5},
        noise=0.005,
        use=0.98,
        views=("text", "image"),
        related=(True, True),
    ),
    gain=0.1,
    alone=(0.4, 0.5),
)


def case(dataset: str, what: str = "dmim", *, gain: float = 0.1, known: float = 0.4, **measured: object):
    return replace(
        GOOD,
        dataset=dataset,
        what=what,
        gain=gain,
        alone=(known, 0.5),
        measured=replace(GOOD.measured, **measured),  # pyright: ignore[reportArgumentType]
    )


CASES = [
    case("a"),
    case("a", gain=0.0, evidence=0.5),
    case("a", "shuffled", evidence=0.2),
    case("b", evidence=0.58),
    case("b", gain=0.01, evidence=0.51),
    case("b", "shuffled", evidence=0.2),
    case("c", known=0.01, alone=(0.1, 0.6)),
    case("d", known=0.01, alone=(0.12, 0.6)),
]


def test_limits_follow_from_cases_by_fixed_rules():
    found = verdicts.limits(CASES)
    assert found.beyond_chance == pytest.approx(1.02 * 0.2 / 0.2)
    assert found.silent_view == pytest.approx((0.2 + 1) / 2)
    assert 1.02 < found.better < 1.1


def test_a_narrow_gap_between_two_cases_decides_nothing():
    """One result of little gain is ahead of one of much; the limit stays in the wide gap below both."""
    gains = [(0.507, 0.0), (0.53, 0.1), (0.532, 0.0), (0.533, 0.1), (0.545, 0.1), (0.556, 0.1)]
    cases = [case("a", gain=gain, evidence=evidence) for evidence, gain in gains]
    found = verdicts.limits([*cases, case("a", "shuffled", evidence=0.2), case("c", known=0.01, alone=(0.1, 0.6))])
    assert found.better == pytest.approx((0.507 + 0.53) / 2 / 0.5)


def test_a_data_set_is_judged_with_limits_from_the_others():
    found = verdicts.calibrate(CASES)
    assert (found["n_cases"], found["n_right"], found["n_right_left_out"]) == (8, 8, 8)
    wrong = verdicts.calibrate([*CASES, case("e", gain=-0.2, evidence=0.9)])
    assert wrong["left_out"]["as good as a simple method", "better than simple methods"] == 1
    assert any("8 of 9 with the data set left out" in line for line in verdicts.table(wrong))


def test_the_programs_limits_are_those_of_the_stored_cases():
    found = verdicts.calibrate(verdicts.read(ROOT / "benchmarks" / "results" / "verdicts-2026-11-30.jsonl"))
    for name in ("beyond_chance", "silent_view", "better"):
        assert getattr(found["limits"], name) == pytest.approx(getattr(LIMITS, name), abs=0.005)
    assert found["n_right_left_out"] / found["n_cases"] >= 0.9


def test_shuffled_rows_of_a_data_set_are_a_case_of_nothing_found(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(starts, "ALIGN_NOISE", ())
    views, labels = blobs(n_samples=120)
    specs = tuple(ViewSpec(name=f"v{i}", kind="vector", shape=view.shape[1:]) for i, view in enumerate(views))
    data = MultiViewDataset(spec=DataSpec(name="x", views=specs, n_clusters=5), views=tuple(views), labels=labels)
    found = verdicts.shuffled("x", data, 5)
    assert found.truth == verdict(found.measured).word == "nothing found"
    assert found.alone[0] > 0.3 and len(found.alone) == 2
