from dataclasses import replace

import pytest

from mmclust.data.dataset import ViewSpec
from mmclust.methods import card
from mmclust.methods.automatic import Facts

VECTOR = ViewSpec(name="v", kind="vector", shape=(20,))
FACTS = Facts(n_samples=2000, n_clusters=10, views=(VECTOR, VECTOR))
NAMES = ("dmim", "msdib", "dmid-uic")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("preset", ["auto", "quick", "best-known"])
def test_settings_follow_from_sizes_and_are_allowed(name: str, preset: str):
    about = card(name)
    for facts in (FACTS, replace(FACTS, n_samples=20, n_clusters=3), replace(FACTS, n_samples=7000, n_clusters=100)):
        values = about.resolve("any", preset, {}, facts=facts, n_samples=facts.n_samples)
        assert about.resolve("any", preset, values, facts=facts, n_samples=facts.n_samples) == values
        assert values["batch_size"] <= facts.n_samples
        found = about.preset(preset, "any", facts)
        assert 0 < found.plan["start_epochs"] < found.epochs
        assert found.preprocessing == ("auto",)


@pytest.mark.parametrize("name", NAMES)
def test_a_larger_budget_trains_longer(name: str):
    epochs = [card(name).preset(preset, "any", FACTS).epochs for preset in ("quick", "auto", "best-known")]
    assert epochs == sorted(set(epochs))


def test_over_clusters_need_samples():
    about = card("dmim")
    many = about.preset("auto", "any", replace(FACTS, n_clusters=100)).values
    assert (many["over_factor"], many["over_weight"]) == (1, 0.0)
    assert about.preset("auto", "any", FACTS).values["over_factor"] == 6


@pytest.mark.parametrize("name", NAMES)
def test_nothing_but_the_paper_follows_a_name(name: str):
    about = card(name)
    for preset in ("auto", "quick", "best-known"):
        assert about.preset(preset, "caltech-2v", FACTS) == about.preset(preset, "mine", FACTS)
        assert about.resolve("caltech-2v", preset, {}, facts=FACTS) == about.resolve("mine", preset, {}, facts=FACTS)
    assert set(about.presets["released-demo"]) == {"*"} if "released-demo" in about.presets else True
