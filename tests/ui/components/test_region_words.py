from types import SimpleNamespace
from typing import Any

import numpy as np

from mmclust.ui.components import pointmap
from mmclust.ui.components.pointmap import Coloring, Frame, Words, region_words

from .test_pointmap import unpack

THINGS = np.array(["red rose", "green grass", "blue sea"])


def captioned(texts: np.ndarray | None, order: np.ndarray, **columns: np.ndarray) -> Any:
    return SimpleNamespace(data=SimpleNamespace(texts=texts, columns=columns), ids=order)


def lumps() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Captions, ids in another order than the captions, and positions: a lump for each thing."""
    draw = np.random.default_rng(0)
    thing = np.repeat(np.arange(3), 60)
    texts = np.array([f"a {THINGS[k]} here" for k in thing], object)
    order = draw.permutation(180)
    xy = 10 * np.stack([thing[order], thing[order] % 2], axis=1) + draw.normal(0, 0.4, (180, 2))
    return texts, order, xy


def test_words_stand_on_the_densest_place_of_their_captions() -> None:
    texts, order, xy = lumps()
    found = region_words.of_map(captioned(texts, order), xy, np.arange(180))
    coarse = {one.text: (one.x, one.y) for one in found if one.level == 0}
    assert {frozenset(text.split(", ")) for text in coarse} == {frozenset(thing.split()) for thing in THINGS}
    for text, (x, y) in coarse.items():
        thing = next(k for k in range(3) if set(text.split(", ")) == set(THINGS[k].split()))
        assert abs(x - 10 * thing) < 1.5 and abs(y - 10 * (thing % 2)) < 1.5
    assert [one.level for one in found] == sorted(one.level for one in found)


def test_without_captions_there_are_no_words() -> None:
    _, order, xy = lumps()
    assert region_words.of_map(captioned(None, order), xy, np.arange(180)) == []
    assert region_words.of_map(captioned(np.full(180, "", object), order), xy, np.arange(180)) == []


def test_without_captions_columns_of_words_name_the_regions() -> None:
    texts, order, xy = lumps()
    plant = np.array([text.split()[2] if "blue" not in text else "" for text in texts], object)
    other = np.random.default_rng(1).choice(np.array(["left", "right"], object), 180)
    files = np.array([f"{number}.png" for number in range(180)], object)
    shown = captioned(None, order, plant=plant, side=other, file=files, weight=np.arange(180.0))
    found = region_words.of_map(shown, xy, np.arange(180))
    coarse = {one.text: (one.x, one.y) for one in found if one.level == 0}
    assert set(coarse) == {"rose", "grass"}  # the third has no plant; sides and files are typical of none
    assert abs(coarse["rose"][0]) < 1.5 and abs(coarse["grass"][0] - 10) < 1.5


def test_words_are_sent_in_the_coordinates_of_the_points() -> None:
    xy = np.array([[0.0, 0.0], [4.0, 2.0]])
    coloring = Coloring(key="cluster", title="", help="", values=np.array([0, 0]), names=["a"], colors=["#112233"])
    words = [Words(x=4.0, y=2.0, text="red, rose", level=1)]
    header, arrays = unpack(
        pointmap.pack(ids=np.arange(2), frames=[Frame(epoch=1, xy=xy)], colorings=[coloring], words=words)
    )
    (sent,) = header["words"]
    assert (sent["text"], sent["level"]) == ("red, rose", 1)
    place = arrays["xy0"].reshape(-1, 2)[1] / 65535
    np.testing.assert_allclose([sent["x"], sent["y"]], place, atol=1e-4)
