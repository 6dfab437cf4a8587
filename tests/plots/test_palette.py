from itertools import combinations

import numpy as np

from mmclust.plots import palette


def linear(color):
    value = np.array(palette.rgb(color)) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def oklab(light):
    lms = light @ np.array([[0.4122, 0.5363, 0.0514], [0.2119, 0.6807, 0.1074], [0.0883, 0.2817, 0.6300]]).T
    return (
        np.cbrt(np.clip(lms, 0, None))
        @ np.array([[0.2105, 0.7936, -0.0041], [1.9780, -2.4286, 0.4506], [0.0259, 0.7828, -0.8087]]).T
    )


DEUTERANOPIA = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
)


def test_there_are_at_least_twenty_colours_and_all_are_far_apart():
    assert len(set(palette.CLUSTER_COLORS)) >= 20
    points = [oklab(linear(color)) for color in palette.CLUSTER_COLORS]
    assert min(np.linalg.norm(a - b) for a, b in combinations(points, 2)) > 0.08
    assert min(np.linalg.norm(a - b) for a, b in combinations(points[:10], 2)) > 0.14


def test_the_first_ten_stay_apart_without_green_receptors():
    points = [oklab(np.clip(DEUTERANOPIA @ linear(color), 0, 1)) for color in palette.CLUSTER_COLORS[:10]]
    assert min(np.linalg.norm(a - b) for a, b in combinations(points, 2)) > 0.08


def test_every_colour_stands_out_on_white_and_on_near_black():
    dark = 0.0058  # relative luminance of #0e1117
    for color in (*palette.CLUSTER_COLORS, palette.NEUTRAL, palette.RIGHT, palette.WRONG):
        luminance = float(linear(color) @ [0.2126, 0.7152, 0.0722])
        assert 1.05 / (luminance + 0.05) > 2, color
        assert (luminance + 0.05) / (dark + 0.05) > 2, color


def test_colours_repeat_after_the_last():
    assert palette.cluster_color(len(palette.CLUSTER_COLORS) + 3) == palette.cluster_color(3)
    assert palette.cluster_colors(40)[25] == palette.cluster_color(1)


def test_renamed_clusters_keep_their_colours():
    before = np.array([0, 0, 1, 1, 2, 2])
    after = np.array([2, 2, 0, 0, 1, 1])
    assert palette.match_colors(before, after, 3).tolist() == [1, 2, 0]


def test_colours_are_handed_on_over_several_epochs():
    first, second, third = np.array([0, 0, 1, 1]), np.array([1, 1, 0, 0]), np.array([0, 0, 1, 1])
    colors = palette.match_colors(first, second, 2)
    assert palette.match_colors(second, third, 2, colors).tolist() == [0, 1]


def test_new_and_empty_clusters_get_colours_of_their_own():
    colors = palette.match_colors(np.array([0, 0, 0, 1]), np.array([2, 2, 3, 0]), 5)
    assert colors[2] == 0
    assert colors[0] == 1
    assert len(set(colors.tolist())) == 5


def test_rgba_keeps_the_colour():
    assert palette.rgba("#3c78e4", 0.5) == "rgba(60, 120, 228, 0.5)"


def test_a_ramp_passes_through_its_stops():
    assert palette.ramp(((0.0, "#000000"), (0.25, "#ff0000"), (1.0, "#ffffff")), 5) == [
        "#000000",
        "#ff0000",
        "#ff5555",
        "#ffaaaa",
        "#ffffff",
    ]
