from dataclasses import replace

import numpy as np
import pytest

from mmclust import specs
from mmclust.methods import METHODS, card
from mmclust.methods.card import REMEDIES
from mmclust.runs.record import RunRecord
from mmclust.runs.store import RunStore
from mmclust.ui.shell.curves import Curve, Curves
from mmclust.ui.train.diagnostics import diagnose, found_so_far


@pytest.fixture
def record() -> RunRecord:
    store = RunStore()
    run = store.create(specs.build_spec("digits", "dccs", preset="paper"))
    return replace(run.record(), status="running", step=50, total_steps=100, n_clusters=10)


def curves(**values: list[float]) -> Curves:
    steps = {name: np.arange(len(points)) for name, points in values.items()}
    return {
        name.replace("__", "/"): Curve(steps[name], steps[name].astype(float), np.array(points))
        for name, points in values.items()
    }


HEALTHY = {
    "signal__usage_entropy": [2.2, 2.28],
    "signal__confidence": [0.9, 0.95],
    "loss__penalty": [0.02] * 6,
    "signal__wasserstein": [0.2] * 6,
}


def test_a_healthy_run_has_no_sign_of_trouble_and_says_that_all_clusters_are_found(record: RunRecord) -> None:
    assert diagnose(record, curves(**HEALTHY), [180] * 10) == []
    assert found_so_far(record, curves(**HEALTHY), [180] * 10) == "All 10 clusters found."


def test_early_in_a_run_clusters_are_counted_and_nothing_is_judged(record: RunRecord) -> None:
    early, sizes = replace(record, step=5), [590, 600, 607] + [0] * 7
    assert diagnose(early, curves(**HEALTHY), sizes) == []
    assert found_so_far(early, curves(**HEALTHY), sizes) == "3 of 10 clusters found so far."
    assert found_so_far(early, curves(**HEALTHY, signal__clusters_found=[4.0])) == "4 of 10 clusters found so far."
    assert found_so_far(early, curves(**HEALTHY)) == ""


def test_clusters_that_fill_up_are_no_alarm_and_those_that_stay_empty_are(record: RunRecord) -> None:
    sizes = [0, 3, 0] + [256] * 7
    filling = curves(**HEALTHY, signal__clusters_found=[4.0, 5.0, 7.0])
    assert diagnose(record, filling, sizes) == []
    staying = {"signal__clusters_found": [7.0, 7.0, 7.0]}
    (one,) = diagnose(record, curves(**HEALTHY, **staying), sizes)
    assert one.level == "warning" and "3 of 10 clusters are empty** (1, 2, 3)" in one.text
    rising = curves(**HEALTHY, **staying, signal__evidence=[0.2, 0.25, 0.3, 0.35, 0.4, 0.45])
    assert diagnose(record, rising, sizes) == [], "the evidence is for the run"


def test_a_run_with_a_start_to_fall_back_on_is_judged_late(record: RunRecord) -> None:
    staying, sizes = curves(**HEALTHY, signal__clusters_found=[7.0] * 3), [0, 0, 0] + [256] * 7
    automatic = replace(record, spec=replace(record.spec, auto={"start": "joint"}))
    assert diagnose(automatic, staying, sizes) == []
    assert len(diagnose(replace(automatic, step=80), staying, sizes)) == 1


def test_empty_clusters_are_named_late_with_what_to_do(record: RunRecord) -> None:
    (one,) = diagnose(replace(record, step=70), curves(**HEALTHY), [0, 3] + [224] * 8)
    assert one.text.endswith(
        "The pull towards the prior is too weak, or the augmentation term took over early: lower *Augmentation "
        "weight*, or raise *Adversarial weight* or *Critic steps*."
    )


def test_uneven_sizes_are_told_late_by_hard_counts(record: RunRecord) -> None:
    late, sizes = replace(record, step=70), [1200] + [60] * 9
    (one,) = diagnose(late, curves(**HEALTHY), sizes)
    assert one.text.startswith("**Cluster sizes are uneven**: the entropy of their counts is 57% of the maximum. Lower")
    soft = HEALTHY | {"signal__usage_entropy": [0.1]}
    assert diagnose(late, curves(**soft), [180] * 10) == [], "probabilities say nothing of counts"


def test_clusters_that_do_not_follow_the_images_are_told(record: RunRecord) -> None:
    (one,) = diagnose(record, curves(**HEALTHY, signal__augmentations=[0.3, 0.26, 0.25, 0.26, 0.27, 0.26]), [180] * 10)
    assert "two augmentations of an image get the same cluster for only 26%" in one.text
    assert diagnose(record, curves(**HEALTHY, signal__augmentations=[0.1, 0.2, 0.3, 0.4]), [180] * 10) == []
    assert diagnose(record, curves(**HEALTHY, signal__augmentations=[0.8, 0.9, 0.9]), [180] * 10) == []


def test_a_critic_out_of_control_is_seen(record: RunRecord) -> None:
    found = diagnose(record, curves(**HEALTHY | {"loss__penalty": [5.0] * 6}), [180] * 10)
    assert [one.text for one in found] == [
        "**The critic is unstable**: its gradient norm is far from 1 (penalty 5). Lower *Learning rate* or raise "
        "*Gradient penalty weight*; with bf16, try float32."
    ]


def test_a_critic_that_sees_no_difference_is_seen(record: RunRecord) -> None:
    weak = {"signal__wasserstein": [0.001] * 6, "signal__confidence": [0.2]}
    found = diagnose(record, curves(**HEALTHY | weak), [180] * 10)
    assert [one.text for one in found] == [
        "**The critic cannot tell codes from the prior**, although assignments are far from one-hot. "
        "Raise *Critic steps*."
    ]


def test_soft_assignments_late_in_training_are_a_notice(record: RunRecord) -> None:
    late = replace(record, step=90)
    (one,) = diagnose(late, curves(**HEALTHY | {"signal__confidence": [0.6]}), [180] * 10)
    assert one.level == "notice"
    assert one.text == (
        "**Assignments are still soft**: mean confidence 60%. Train longer, or raise *Adversarial weight*."
    )


def test_a_fallen_score_without_labels_is_a_notice_and_comes_after_warnings(record: RunRecord) -> None:
    falling = {"signal__augmentations": [0.9] * 8 + [0.6] * 8}
    found = diagnose(replace(record, step=70), curves(**HEALTHY | falling), [0] + [200] * 9)
    assert [one.level for one in found] == ["warning", "notice"]
    assert found[1].text == (
        "**Agreement of augmentations has fallen** from 0.90 to 0.60. The augmentation may be too strong (lower "
        "*Augmentation weight* or *Colour jitter*), or *Learning rate* too high."
    )
    assert diagnose(record, curves(**HEALTHY, eval__acc=[0.9] * 8 + [0.6] * 8), [180] * 10) == []


def test_views_that_disagree_late_in_a_training_are_a_notice(record: RunRecord) -> None:
    late = replace(record, step=80)
    (one,) = diagnose(late, curves(**HEALTHY, signal__agreement=[0.9, 0.31]), [180] * 10)
    assert one.text == (
        "**The views disagree**: they give the same cluster for only 31% of the samples. The Views page shows which "
        f"clusters differ. {REMEDIES['disagree']}"
    )
    assert diagnose(late, curves(**HEALTHY, signal__agreement=[0.31, 0.9]), [180] * 10) == []
    six = {f"view__acc_{i}": [0.8] for i in range(1, 7)}
    assert diagnose(late, curves(**HEALTHY, **six, signal__agreement=[0.31]), [180] * 10) == []


@pytest.mark.parametrize("method", METHODS)
def test_advice_is_that_of_the_methods_card(record: RunRecord, method: str) -> None:
    late = replace(record, step=70, spec=replace(record.spec, method=method))
    (one,) = diagnose(late, curves(**HEALTHY), [0] + [200] * 9)
    assert one.text == f"**1 of 10 clusters are empty** (1). {card(method).remedy('empty')}"
