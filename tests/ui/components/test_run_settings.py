from dataclasses import replace
from typing import Any

import pytest

from mmclust import specs
from mmclust.runs.record import RunRecord
from mmclust.runs.store import RunStore
from mmclust.ui.components import run_descriptions
from mmclust.ui.components.run_descriptions import run_settings
from mmclust.ui.train.cluster_count import impossible


def record(preset: str = "paper", **asked: Any) -> RunRecord:
    return RunStore().create(specs.build_spec("digits", "dccs", preset=preset, **asked)).record()


def test_a_run_of_a_preset_is_called_by_method_and_data(home) -> None:
    assert run_descriptions.title(record()) == "DCCS on Digits 8x8"
    assert run_settings.differences(record()) == {}


def test_a_name_says_what_differs_from_the_preset(home) -> None:
    found = record(clusters=12, changes={"learning_rate": 0.005, "beta_aug": 4})
    assert run_settings.differences(found) == {"K": (10, 12), "learning_rate": (1e-4, 0.005), "beta_aug": (2.0, 4.0)}
    assert run_descriptions.with_seed(found) == "DCCS on Digits 8x8 · K=12, β_Aug=4, η=0.005, seed 0"
    automatic = record("quick", changes={"style_dim": 5})
    assert run_descriptions.title(automatic) == "DCCS on Digits 8x8 · S=5"


def test_what_was_changed_in_training_is_in_the_name_once(home) -> None:
    change = {"step": 3, "epoch": 0.5, "name": "beta_aug", "before": 2.0, "after": 4.0, "trial": ""}
    found = record()
    spec = replace(found.spec, changes=(change, change | {"step": 9, "before": 4.0, "after": 1.0}))
    assert run_descriptions.title(replace(found, spec=spec)) == "DCCS on Digits 8x8 · β_Aug→1"


def test_names_that_users_give_stay(home) -> None:
    assert run_descriptions.title(record(title="Mine", clusters=7)) == "Mine"


@pytest.mark.parametrize(("latex", "plain"), [(r"\beta_{Aug}", "β_Aug"), ("S", "S"), (r"\mathcal{L}", ""), ("", "")])
def test_symbols_of_papers_are_written_in_letters(latex: str, plain: str) -> None:
    assert run_settings.plain_symbol(latex) == plain


@pytest.mark.parametrize(("n_clusters", "allowed"), [(2, True), (1, False), (0, False), (75, True), (76, False)])
def test_a_number_of_clusters_that_cannot_be_is_told_in_words(n_clusters: int, allowed: bool) -> None:
    said = impossible(n_clusters, 150)
    assert said == ("" if allowed else f"K = {n_clusters} is not possible here; give a whole number from 2 to 75.")


def test_too_few_samples_for_any_clusters_are_told() -> None:
    assert impossible(2, 3) == "3 samples are too few to cluster; 4 are needed at least."
