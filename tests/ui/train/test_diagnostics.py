import math
from dataclasses import replace

import numpy as np
import pytest

from mmclust import specs
from mmclust.methods import METHODS, card
from mmclust.methods.card import REMEDIES
from mmclust.runs.record import RunRecord
from mmclust.runs.store import RunStore
from mmclust.ui.shell.curves import Curve, Curves
from mmclust.ui.train.diagnostics import all_clear, diagnose


@pytest.fixture
def record() -> RunRecord:
    store = RunStore()
    run = store.create(specs.build_spec("digits", "dccs"))
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


def test_a_healthy_run_has_no_sign_of_trouble_and_says_that_all_clusters_are_used(record: RunRecord) -> None:
    assert diagnose(record, curves(**HEALTHY), [180] * 10) == []
    assert "all 10 clusters are in use" in all_clear(record, curves(**HEALTHY))


def test_nothing_is_judged_while_clusters_form(record: RunRecord) -> None:
    early = replace(record, step=5)
    assert diagnose(early, curves(**HEALTHY | {"signal__usage_entropy": [0.1]}), [1797] + [0] * 9) == []
    assert all_clear(early, curves(**HEALTHY)) == ""


def test_empty_clusters_are_named_with_what_to_do(record: RunRecord) -> None:
    (one,) = diagnose(record, curves(**HEALTHY), [0, 3] + [224] * 8)
    assert one.level == "warning"
    assert "2 of 10 clusters are almost empty** (1, 2)" in one.text
    assert one.text.endswith(
        "The pull towards the prior is too weak, or the augmentation term took over early: lower *Augmentation "
        "weight*, or raise *Adversarial weight* or *Critic steps*."
    )


def test_uneven_use_is_seen_without_a_snapshot(record: RunRecord) -> None:
    (one,) = diagnose(record, curves(**HEALTHY | {"signal__usage_entropy": [0.5 * math.log(10)]}))
    assert one.text == (
        "**Cluster sizes are uneven**: their entropy is 50% of the maximum. Lower *Augmentation weight*, or raise "
        "*Adversarial weight* or *Critic steps*. If your classes differ much in size, this method splits the large "
        "ones."
    )


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


def test_a_fallen_accuracy_is_a_notice_and_comes_after_warnings(record: RunRecord) -> None:
    falling = {"eval__acc": [0.9] * 8 + [0.6] * 8}
    found = diagnose(record, curves(**HEALTHY | falling), [0] + [200] * 9)
    assert [one.level for one in found] == ["warning", "notice"]
    assert found[1].text == (
        "**ACC has fallen** from 90% to 60%. The augmentation may be too strong (lower *Augmentation weight* or "
        "*Colour jitter*), or *Learning rate* too high."
    )


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
    (one,) = diagnose(replace(record, spec=replace(record.spec, method=method)), curves(**HEALTHY), [0] + [200] * 9)
    assert one.text == f"**1 of 10 clusters are almost empty** (1). {card(method).remedy('empty')}"


def test_a_method_that_is_not_known_here_gets_the_general_advice(record: RunRecord) -> None:
    other = replace(record, spec=replace(record.spec, method="of-another-version"))
    (one,) = diagnose(other, curves(**HEALTHY), [0] + [200] * 9)
    assert one.text.endswith(REMEDIES["empty"])
