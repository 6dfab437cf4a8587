from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import image_verdicts
from mmclust.auto.verdict import IMAGE_LIMITS, Measured

ROOT = Path(__file__).resolve().parents[2]
GOOD = image_verdicts.Case(
    dataset="a",
    what="dccs, seed 0",
    measured=Measured(
        n_samples=500,
        n_clusters=5,
        evidence=0.6,
        evidence_by_view=(0.6, 0.6),
        alone=(0.5, 0.1),
        chance=0.2,
        simple={"k-means on pixels": 0.5, "UMAP and mixture on edges": 0.7},
        noise=0.005,
        use=0.98,
        views=("pixels", "edges"),
        related=(True, True),
        of_images=True,
    ),
    gain=0.1,
)


def case(dataset: str, what: str = "dccs, seed 0", *, gain: float = 0.1, **measured: object) -> image_verdicts.Case:
    changed = replace(GOOD.measured, **measured)  # pyright: ignore[reportArgumentType]
    return replace(GOOD, dataset=dataset, what=what, gain=gain, measured=changed)


CASES = [
    case("a"),
    case("b", gain=0.01, evidence=0.5),
    case("b", gain=-0.1, evidence=0.4),
    case("c", image_verdicts.NOTHING, gain=0.0, evidence=0.2),
    case("d", image_verdicts.NOTHING, gain=0.0, evidence=0.1),
]


def test_the_limit_lies_between_images_with_and_without_classes() -> None:
    assert image_verdicts.limits(CASES).beyond_chance == pytest.approx((0.2 + 0.4) / 2 / 0.2)


def test_a_data_set_is_judged_with_the_limit_from_the_others() -> None:
    found = image_verdicts.calibrate(CASES)
    assert (found["n_cases"], found["n_right"], found["n_right_left_out"]) == (5, 5, 5)
    wrong = image_verdicts.calibrate([*CASES, case("e", gain=0.0)])
    assert wrong["left_out"]["as good as a simple method", "better than k-means"] == 1
    assert any("5 of 6 with the data set left out" in line for line in image_verdicts.table(wrong))


def test_the_programs_limit_is_that_of_the_stored_cases() -> None:
    cases = image_verdicts.read(ROOT / "benchmarks" / "results" / "image-verdicts-2026-11-30.jsonl")
    found = image_verdicts.calibrate(cases)
    assert found["limits"].beyond_chance == pytest.approx(IMAGE_LIMITS.beyond_chance, abs=0.005)
    assert found["n_right_left_out"] / found["n_cases"] >= 0.8


@pytest.mark.parametrize("name", image_verdicts.EMPTY)
def test_images_without_classes_are_drawn_alike_each_time(name: str) -> None:
    first, second = (image_verdicts.EMPTY[name](np.random.default_rng(0)) for _ in range(2))
    assert first.dtype == np.uint8 and first.ndim == 4 and len(first) == image_verdicts.N_EMPTY
    assert (first == second).all()
