import json

import pytest

from mmclust.runs.spec import RunSpec


@pytest.mark.parametrize(
    "parent",
    [
        {"run": "x"},
        {"run": "` ![p](http://host)", "epoch": 1.0, "step": 2},
        {"run": "x", "epoch": 1e400, "step": 2},
        [1],
    ],
)
def test_a_fork_of_no_run_is_refused(parent: object) -> None:
    asked = {"dataset": "digits", "method": "dccs", "config": {}, "epochs": 1}
    whole = {"run": "dccs-digits-1a2b3c", "epoch": 1.5, "step": 7}
    assert RunSpec.from_json(json.dumps(asked | {"parent": whole})).parent == whole
    with pytest.raises(ValueError, match="which no run can have"):
        RunSpec.from_json(json.dumps(asked | {"parent": parent}))


PLAN = {
    "start": {"weight": 3.0, "hold": 0.2, "fitted": 0.85, "fade": 0.1, "partner": 0.5},
    "candidates": {"mild": {"rotation": 5.0, "flip": False}, "strong": {"rotation": 15.0}},
    "budget_min": 3.0,
    "fixed": ["width"],
    "clusters": {"n_clusters": 5, "tried": [{"n_clusters": 4, "worth": 0.5}], "note": None},
    "space": "joint",
    "layout": 1,
    "mixture": 0,
}
CHANGE = {"step": 3, "epoch": 1.5, "name": "beta_mi", "before": 0.5, "after": 1, "trial": "mild"}


NO_PLANS = (
    {"candidates": "mild"},
    {"candidates": ["mild"]},
    {"candidates": {"mild": 5}},
    {"candidates": {"mild": {"rotation": [1]}}},
    {"candidates": {"mild": {"rotation": 10**400}}},
    {"candidates": {"\x1b[31m": {}}},
    {"fixed": 5},
    {"fixed": [["width"]]},
    {"budget_min": "long"},
    {"budget_min": float("nan")},
    {"layout": -1},
    {"start": {"weight": "3"}},
    {"start": 7},
    {"space": ["joint"]},
    {"clusters": [5]},
    {"more": 10**400},
    {"more": json.loads("[" * 50 + "]" * 50)},
    {"more": "x" * 5_000},
)


def test_what_auto_cannot_have_decided_is_refused() -> None:
    asked = {"dataset": "digits", "method": "dccs", "config": {}, "epochs": 1}
    views = {"start": "consensus of 10", "start_epochs": 20, "noise": 0.3, "budget_min": None, "fixed": []}
    for plan in ({}, PLAN, views):
        assert RunSpec.from_json(json.dumps(asked | {"auto": plan})).auto == plan
    for values in NO_PLANS:
        with pytest.raises(ValueError, match="auto=.*which no run can have"):
            RunSpec.from_json(json.dumps(asked | {"auto": PLAN | values}))


NO_CHANGES = (
    {"epoch": "1"},
    {"epoch": float("inf")},
    {"before": [1]},
    {"after": {"a": 1}},
    {"after": 10**400},
    {"name": "a\nb"},
    {"trial": 1},
    {"trial": "x" * 300},
)


def test_a_change_that_nobody_can_have_made_is_refused() -> None:
    asked = {"dataset": "digits", "method": "dccs", "config": {}, "epochs": 1}
    assert RunSpec.from_json(json.dumps(asked | {"changes": [CHANGE]})).changes == (CHANGE,)
    for values in NO_CHANGES:
        with pytest.raises(ValueError, match="changes=.*which no run can have"):
            RunSpec.from_json(json.dumps(asked | {"changes": [CHANGE | values]}))
