import numpy as np
import pytest

from mmclust.analysis.choosing import Candidate, Criterion, choices
from mmclust.analysis.stability import on_shared, with_others

LOSS = Criterion(name="loss", title="Loss", lowest=True, about="")
TIGHT = Criterion(name="tight", title="Tightness", lowest=False, about="")


def run(number: int, group: str, loss: float, tight: float, acc: float | None) -> Candidate:
    return Candidate(run_id=f"run-{number}", group=group, values={"loss": loss, "tight": tight}, metric=acc)


RUNS = [
    run(0, "a", 0.1, 0.9, 0.6),
    run(1, "a", 0.2, 0.1, 0.9),
    run(2, "a", 0.3, 0.5, 0.3),
    run(3, "b", 0.5, 0.2, 0.5),
    run(4, "b", 0.4, 0.3, 0.7),
]


def test_each_group_gives_its_own_choice_and_the_oracle_is_what_labels_would_have_chosen():
    loss, tight = choices(RUNS, [LOSS, TIGHT])
    assert loss.run_ids == ("run-0", "run-4") and tight.run_ids == ("run-0", "run-4")
    assert loss.metric == pytest.approx((0.6 + 0.7) / 2)
    assert loss.average == pytest.approx((0.6 + 0.6) / 2)
    assert loss.oracle == pytest.approx((0.9 + 0.7) / 2)
    # of the first group alone, whose losses order the runs 0, 1, 2 and whose ACC orders them 1, 0, 2
    assert loss.correlation == pytest.approx(0.5)
    assert tight.correlation == pytest.approx(-0.5)


def test_labels_never_choose():
    changed = [
        run(i, "a", one.values["loss"], one.values["tight"], 1 - (one.metric or 0)) for i, one in enumerate(RUNS)
    ]
    same = [run(i, "a", one.values["loss"], one.values["tight"], None) for i, one in enumerate(RUNS)]
    for found in (choices(changed, [LOSS]), choices(same, [LOSS])):
        assert found[0].run_ids == ("run-0",)
    without = choices(same, [LOSS])[0]
    assert (without.metric, without.average, without.oracle, without.correlation) == (None, None, None, None)


def test_a_criterion_that_no_run_has_is_left_out_and_runs_without_it_are_no_candidates():
    half = [*RUNS[:2], Candidate(run_id="x", group="a", values={"loss": float("nan")}, metric=1.0)]
    assert choices(half, [Criterion(name="other", title="", lowest=True, about="")]) == []
    found = choices(half, [LOSS])[0]
    assert found.n_candidates == 2 and found.oracle == pytest.approx(0.9) and found.correlation is None


def test_runs_are_compared_on_the_samples_that_all_have():
    ids, (left, right) = on_shared(
        [(np.array([3, 1, 2]), np.array([0, 1, 2])), (np.array([2, 3, 9]), np.array([5, 6, 7]))]
    )
    assert ids.tolist() == [2, 3] and left.tolist() == [2, 0] and right.tolist() == [5, 6]
    assert not len(on_shared([(np.array([1]), np.array([0])), (np.array([2]), np.array([0]))])[0])


def test_a_run_that_differs_from_the_others_is_the_least_stable():
    one, other = np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 2, 0, 1, 2])
    found = with_others([one, (one + 1) % 3, other])
    assert found.argmin() == 2 and found[0] == pytest.approx(found[1])
    assert np.isnan(with_others([one])[0])
