import base64
from io import BytesIO

import numpy as np
from PIL import Image

from mmclust.data import catalogue
from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.ui.components import sample_cards


def decoded(address: str) -> np.ndarray:
    head, _, content = address.partition(",")
    assert head == "data:image/png;base64"
    return np.asarray(Image.open(BytesIO(base64.b64decode(content))))


def test_an_image_is_shown_by_its_pixels_and_a_vector_by_a_profile():
    data = catalogue.load("digits-2view")
    ids = np.array([3, 700])
    image, profile = (sample_cards.sources(data, view, ids, size=(144, 40)) for view in (0, 1))
    pixels = np.clip(np.rint(data.views[0][3, 0] * (255 / 16)), 0, 255)
    assert np.array_equal(decoded(image[0])[..., 0], pixels)
    assert decoded(profile[0]).shape == (40, 144, 4) and profile[0] != profile[1]
    columns = (decoded(profile[0])[..., 3] > 0).sum(axis=0).reshape(72, 2)[:, 0]
    high = np.argsort(data.views[1][3] - data.views[1].mean(axis=0))
    assert columns[high[-5:]].mean() > columns[high[:5]].mean(), "larger numbers have higher bars"


def test_large_images_are_made_smaller():
    images = np.random.default_rng(0).integers(0, 256, (4, 3, 300, 200), np.uint8)
    view = ViewSpec(name="photo", kind="image", shape=(3, 300, 200))
    data = MultiViewDataset(spec=DataSpec(name="x", views=(view,), n_clusters=2), views=(images,))
    assert decoded(sample_cards.sources(data, 0, np.array([1]))[0]).shape[:2] == (160, 107)
    assert sample_cards.shown_size(view, 60) == (40, 60)


def test_a_card_has_every_view_with_an_alt_text_its_class_and_its_colour():
    data = catalogue.load("digits-2view")
    html = sample_cards.cards(
        data, np.array([5, 9]), height=48, labels=["<five>", "nine"], colors=["#111111", "#222222"]
    )
    assert html.count("<li>") == 2 and html.count("<img") == 4
    for sample in (5, 9):
        assert f'alt="pixels of sample {sample}"' in html and f'alt="strokes of sample {sample}"' in html
    assert "&lt;five&gt;" in html and "<five>" not in html and html.count("border-bottom:3px solid #222222") == 1
    assert "width:48px;height:48px" in html and "width:96px;height:48px" in html


def test_as_many_cards_are_shown_as_fill_the_rows():
    data = catalogue.load("digits-2view")  # a card of 48 + 6 + 96 pixels, 14 between cards
    assert sample_cards.fitting(data, height=48, width=3 * 150 + 2 * 14, rows=4) == 12
    assert sample_cards.fitting(data, height=48, width=3 * 150 + 2 * 14 - 1, rows=4) == 8
    assert sample_cards.fitting(data, height=48, width=10, rows=4) == 4


def test_a_mean_is_drawn_as_a_sample_is():
    data = catalogue.load("digits-2view")
    mean = data.views[0][:2].mean(axis=0)
    found = decoded(sample_cards.picture(data, 0, mean))[..., 0]
    assert np.abs(found - mean[0] * (255 / 16)).max() <= 1
