import base64
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from mmclust.plots import images


def test_source_ranges_map_to_black_and_white():
    gray = np.array([[[[0, 16], [8, 4]]]], dtype=np.uint8)
    assert images.to_rgb(gray, high=16)[0, :, :, 0].tolist() == [[0, 255], [128, 64]]
    signed = np.array([[[[-1.0, 1.0]]]], dtype=np.float32)
    assert images.to_rgb(signed, low=-1, high=1)[0, 0, :, 2].tolist() == [0, 255]


def test_bytes_in_colour_are_only_turned_round():
    source = np.random.default_rng(0).integers(0, 256, (2, 3, 5, 4), dtype=np.uint8)
    np.testing.assert_array_equal(images.to_rgb(source), source.transpose(0, 2, 3, 1))


def test_other_channel_counts_show_their_mean_and_nan_is_black():
    source = np.array([[[[0.0]], [[1.0]]], [[[np.nan]], [[1.0]]]])
    shown = images.to_rgb(source, high=1)
    assert shown.shape == (2, 1, 1, 3)
    assert shown[:, 0, 0, 0].tolist() == [128, 0]


def test_small_images_are_enlarged_with_hard_pixels():
    source = np.zeros((1, 8, 8, 3), np.uint8)
    source[0, 0, 0] = 255
    large = images.resize(source, 48)
    assert large.shape == (1, 48, 48, 3)
    assert set(np.unique(large)) == {0, 255}
    assert large[0, :6, :6].min() == 255


@pytest.mark.parametrize(("shape", "expected"), [((96, 96), (48, 48)), ((100, 50), (48, 24)), ((48, 48), (48, 48))])
def test_the_longer_side_gets_the_wanted_size(shape, expected):
    assert images.resize(np.zeros((2, *shape, 3), np.uint8), 48).shape == (2, *expected, 3)


def test_a_sheet_places_images_row_by_row_with_clear_gaps():
    source = np.stack([np.full((4, 4, 3), value, np.uint8) for value in (10, 20, 30)])
    page = images.sheet(source, 2, gap=1)
    assert page.shape == (9, 9, 4)
    assert (page[0, 0, 0], page[0, 5, 0], page[5, 0, 0]) == (10, 20, 30)
    assert page[4].max() == 0
    assert page[5, 5, 3] == 0


def test_borders_take_the_given_colour_only_where_one_is_given():
    source = np.zeros((2, 4, 4, 3), np.uint8)
    page = images.strip(source, gap=2, borders=["#f0840c", None])
    assert page.shape == (10, 22, 4)
    assert page[0, 0].tolist() == [240, 132, 12, 255]
    assert page[0, 12].tolist() == [0, 0, 0, 0]
    assert page[3, 15].tolist() == [0, 0, 0, 255]


def test_an_empty_sheet_is_still_a_picture():
    assert images.png(images.sheet(np.zeros((0, 4, 4, 3), np.uint8), 5)).startswith(b"\x89PNG")


def test_heat_shows_where_the_map_is_high():
    source = np.full((1, 6, 6, 3), 100, np.uint8)
    cams = np.zeros((1, 6, 6), np.float32)
    cams[0, 2, 3] = 1
    mixed = images.overlay(source, cams).astype(int).sum(axis=3)[0]
    assert np.unravel_index(mixed.argmax(), mixed.shape) == (2, 3)


def test_heat_grows_brighter_with_its_value():
    assert (np.diff(images.saliency_colors(np.linspace(0, 1, 50)).astype(int).sum(axis=1)) >= 0).all()


def test_pictures_come_back_from_their_bytes():
    picture = np.random.default_rng(0).integers(0, 256, (5, 7, 4), dtype=np.uint8)
    np.testing.assert_array_equal(np.asarray(Image.open(BytesIO(images.png(picture)))), picture)
    assert Image.open(BytesIO(images.jpeg(picture))).size == (7, 5)


def test_a_data_address_names_its_kind_and_holds_the_file():
    picture = np.zeros((2, 2, 3), np.uint8)
    head, body = images.data_uri(images.jpeg(picture)).split(",")
    assert head == "data:image/jpeg;base64"
    assert base64.b64decode(body) == images.jpeg(picture)
    assert images.data_uri(images.png(picture)).startswith("data:image/png;base64,")


def test_thumbnails_come_from_any_source_type():
    source = np.random.default_rng(0).random((3, 1, 16, 16)).astype(np.float32) * 2 - 1
    small = images.thumbnails(source, 32, low=-1, high=1)
    assert small.shape == (3, 32, 32, 3)
    assert small.dtype == np.uint8


def test_enlarging_is_smooth_on_request():
    source = np.zeros((1, 4, 4, 3), np.uint8)
    source[0, 2:] = 255
    assert len(np.unique(images.resize(source, 32, smooth=True))) > 4
