from dataclasses import replace

import numpy as np

from mmclust.data import catalogue
from mmclust.plots.corners import corner_map, corners
from mmclust.ui.components import pictures


def test_an_image_travels_in_its_own_size_and_is_encoded_once() -> None:
    digits = catalogue.load("digits")
    address = pictures.source(digits, 5)
    assert address.startswith("data:image/png;base64,")
    assert len(address) < 400
    assert pictures.source(digits, 5) is address


def test_two_data_sets_do_not_share_images() -> None:
    digits = catalogue.load("digits")
    other = replace(digits, views=(digits.views[0][::-1],))
    assert pictures.source(digits, 0) != pictures.source(other, 0)


def test_every_image_has_an_alt_text_that_cannot_break_out_of_it() -> None:
    html = pictures.grid(["data:,a"], ['class "<script>"'])
    assert "<script>" not in html
    assert 'alt="class &#34;&lt;script&gt;&#34;"' in html


def test_sure_samples_lie_in_their_corner_and_undecided_ones_in_the_middle() -> None:
    logits = np.vstack([60 * np.eye(4), np.zeros((4, 4))])
    xy = corner_map(logits, spread=0.1)
    assert np.linalg.norm(xy[:4] - corners(4), axis=1).max() < 0.15
    assert np.linalg.norm(xy[4:], axis=1).max() < 0.35


def test_a_sample_keeps_its_place_in_its_corner_through_epochs() -> None:
    logits = np.random.default_rng(0).normal(size=(50, 3))
    np.testing.assert_array_equal(corner_map(logits), corner_map(logits.copy()))
