import numpy as np

from mmclust.analysis import spaces

VIEWS = ("mnist", "usps")


def arrays(**dims):
    return {name: np.zeros((4, dim)) for name, dim in dims.items()}


def test_spaces_of_views_are_named_after_their_view_and_come_after_the_fused_ones():
    found = spaces.choices(arrays(z_1=3, z=6, z_2=3), VIEWS)
    assert [(space.name, space.title) for space in found] == [
        ("z", "Z, fused"),
        ("z_1", "Z of view 1 (mnist)"),
        ("z_2", "Z of view 2 (usps)"),
        ("z_views", "Z of every view, in one picture"),
    ]
    assert found[2].views == (1,)
    assert found[3].members == ("z_1", "z_2") and found[3].views == (0, 1)


def test_a_view_whose_name_says_no_more_than_its_number_has_no_name():
    assert [spaces.view_title(0, name) for name in ("pixels", "view 1", "View 1", "1", "")] == [
        "view 1 (pixels)",
        *["view 1"] * 4,
    ]
    assert spaces.view_title(1, "view 1") == "view 2 (view 1)"


def test_views_of_different_width_have_no_common_picture():
    assert [space.name for space in spaces.choices(arrays(z=6, z_1=3, z_2=4), VIEWS)] == ["z", "z_1", "z_2"]


def test_a_run_of_one_view_has_no_word_of_views():
    found = spaces.choices(arrays(z=6, z_c=3, z_s=3), ("image",))
    assert [space.title for space in found] == ["Z", "Z_c, category", "Z_s, style"]
    assert spaces.choices(arrays(part_1=2), ("image",))[0].title == "part 1"


def test_a_number_beyond_the_views_is_part_of_the_name():
    assert spaces.of_view("block_3", 2) == ("block_3", None)
    assert spaces.of_view("hidden_2", 2) == ("hidden", 1)
