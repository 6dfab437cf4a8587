import math
import re
from dataclasses import replace

import numpy as np
import pytest

from mmclust import specs
from mmclust.methods import card
from mmclust.runs.record import RunRecord
from mmclust.runs.store import RunStore
from mmclust.ui.shell.curves import Curve, Curves
from mmclust.ui.train.diagnostics import REMEDIES, alarms, calm


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


def test_a_healthy_run_raises_no_alarm_and_says_that_all_clusters_are_used(record: RunRecord) -> None:
    assert alarms(record, curves(**HEALTHY), [180] * 10) == []
    assert "all 10 clusters are in use" in calm(record, curves(**HEALTHY))


def test_nothing_is_judged_while_clusters_form(record: RunRecord) -> None:
    early = replace(record, step=5)
    assert alarms(early, curves(**HEALTHY | {"signal__usage_entropy": [0.1]}), [1797] + [0] * 9) == []
    assert calm(early, curves(**HEALTHY)) == ""


def test_empty_clusters_are_named_with_what_to_do(record: RunRecord) -> None:
    (alarm,) = alarms(record, curves(**HEALTHY), [0, 3] + [224] * 8)
    assert alarm.level == "warning"
    assert "2 of 10 clusters are almost empty** (1, 2)" in alarm.text
    assert "lower beta aug" in alarm.text


def test_uneven_use_is_seen_without_a_snapshot(record: RunRecord) -> None:
    (alarm,) = alarms(record, curves(**HEALTHY | {"signal__usage_entropy": [0.5 * math.log(10)]}))
    assert "unevenly" in alarm.text


def test_a_critic_out_of_control_is_seen(record: RunRecord) -> None:
    found = alarms(record, curves(**HEALTHY | {"loss__penalty": [5.0] * 6}), [180] * 10)
    assert any("critic is out of control" in alarm.text for alarm in found)


def test_a_critic_that_sees_no_difference_is_seen(record: RunRecord) -> None:
    weak = {"signal__wasserstein": [0.001] * 6, "signal__confidence": [0.2]}
    found = alarms(record, curves(**HEALTHY | weak), [180] * 10)
    assert any("sees no difference" in alarm.text for alarm in found)


def test_soft_assignments_late_in_training_are_a_notice(record: RunRecord) -> None:
    late = replace(record, step=90)
    (alarm,) = alarms(late, curves(**HEALTHY | {"signal__confidence": [0.6]}), [180] * 10)
    assert alarm.level == "notice"
    assert "60%" in alarm.text


def test_a_fallen_accuracy_is_a_notice_and_comes_after_warnings(record: RunRecord) -> None:
    falling = {"eval__acc": [0.9] * 8 + [0.6] * 8}
    found = alarms(record, curves(**HEALTHY | falling), [0] + [200] * 9)
    assert [alarm.level for alarm in found] == ["warning", "notice"]
    assert "from 90% to 60%" in found[1].text


def test_views_that_disagree_late_in_a_training_are_named_with_a_remedy_of_the_method(record: RunRecord) -> None:
    several = replace(record, spec=replace(record.spec, method="msdib"), step=80)
    (alarm,) = alarms(several, curves(**HEALTHY, signal__agreement=[0.9, 0.31]), [180] * 10)
    assert "only 31% of the samples" in alarm.text
    assert "alpha" in alarm.text
    assert alarms(several, curves(**HEALTHY, signal__agreement=[0.31, 0.9]), [180] * 10) == []
    six = {f"view__acc_{i}": [0.8] for i in range(1, 7)}
    assert alarms(several, curves(**HEALTHY, **six, signal__agreement=[0.31]), [180] * 10) == []


@pytest.mark.parametrize("method", sorted(REMEDIES))
def test_remedies_name_sliders_that_the_method_has(method: str) -> None:
    names = {hyperparameter.name.replace("_", " ") for hyperparameter in card(method).hyperparameters}
    for text in REMEDIES[method].values():
        asked = re.findall(r"(?:[Rr]aise|[Ll]ower|[Kk]eep) (?:the )?([a-z ]+?)(?=,| or | and | on|\.|$)", text)
        assert not asked or any(name in names for phrase in asked for name in (phrase, *phrase.split(" "))), text
