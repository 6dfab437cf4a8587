"""The advice on signs of trouble: a method's own where its card has some, else the general one."""

from dataclasses import replace

import pytest

from mmclust.methods import METHODS, card
from mmclust.methods.card import REMEDIES


@pytest.mark.parametrize("method", METHODS)
def test_every_sign_has_advice_that_names_hyperparameters_by_their_titles(method: str):
    titles = {one.words for one in card(method).hyperparameters}
    for sign in REMEDIES:
        advice = card(method).remedy(sign)
        named = advice.split("*")[1::2]
        assert advice.endswith(".") and "{" not in advice
        assert set(named) <= titles and bool(named) == (sign in card(method).remedies)


@pytest.mark.parametrize("method", METHODS)
def test_no_two_hyperparameters_of_a_method_have_one_title(method: str):
    titles = [one.words for one in card(method).hyperparameters]
    assert len(set(titles)) == len(titles)


def test_a_card_without_advice_of_its_own_gives_the_general_one():
    bare = replace(card(next(iter(METHODS))), remedies={})
    assert {sign: bare.remedy(sign) for sign in REMEDIES} == REMEDIES


def test_advice_that_names_no_hyperparameter_of_the_method_is_an_error():
    wrong = replace(card(next(iter(METHODS))), remedies={"soft": "Raise {no_such_name}."})
    with pytest.raises(KeyError):
        wrong.remedy("soft")
