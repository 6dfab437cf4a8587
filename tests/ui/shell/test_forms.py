from collections.abc import Mapping
from typing import Any

import pytest

from mmclust.methods import METHODS, card
from mmclust.methods.card import Hyperparameter
from mmclust.ui.shell.forms import label, log_stops, same
from mmclust.ui.train import method_card


def test_log_stops_hold_both_ends_and_the_values_in_use() -> None:
    assert log_stops(1e-5, 1e-3, (3e-4,)) == [1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 3e-4, 5e-4, 1e-3]


def test_values_of_sliders_are_compared_with_their_rounding() -> None:
    assert same(0.1 + 0.2, 0.3)
    assert not same(0.3, 0.31)
    assert same(True, True)
    assert not same("gray", "rgb")


def test_a_label_carries_the_paper_symbol_where_there_is_one() -> None:
    assert (
        label(Hyperparameter(name="beta_aug", kind=float, default=1.0, help="", symbol=r"\beta")) == r"Beta aug $\beta$"
    )
    assert label(Hyperparameter(name="crop_area", kind=float, default=1.0, help="")) == "Crop area"


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("changes", [{}, {"beta_aug": 7.25}])
def test_the_objective_shows_the_weights_of_the_moment(name: str, changes: Mapping[str, Any]) -> None:
    about = card(name)
    known = {hyperparameter.name for hyperparameter in about.hyperparameters}
    values = about.resolve("digits", "quick", {k: v for k, v in changes.items() if k in known})
    lines = method_card.objective(about, values)
    assert lines
    assert not any("\x00" in line for line in lines)
    for term in about.terms:
        if (
            term.weight
            and next(
                hyperparameter for hyperparameter in about.hyperparameters if hyperparameter.name == term.weight
            ).symbol
        ):
            assert any(rf"\textstyle {method_card.number(values[term.weight])}" in line for line in lines)


def test_terms_that_are_switched_off_say_so() -> None:
    about = card("dccs")
    off = method_card.terms(about, about.resolve("digits", "quick", {"beta_mi": 0}))
    assert off.count(":gray-badge[off]") == 1
    assert ":gray-badge[off]" not in method_card.terms(about, about.resolve("digits", "quick", {}))


@pytest.mark.parametrize(("value", "text"), [(2.0, "2"), (0.5, "0.5"), (1e-5, "10^{-5}"), (2e-5, r"2\cdot 10^{-5}")])
def test_numbers_in_equations_are_short(value: float, text: str) -> None:
    assert method_card.number(value) == text
