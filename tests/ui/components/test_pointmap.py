import json

import numpy as np
import pytest

from mmclust.ui.components import pointmap
from mmclust.ui.components.pointmap import Coloring, Frame, Mark
from mmclust.ui.components.pointmap.atlas import Atlas

TYPES = {"u1": np.uint8, "u2": np.uint16, "u4": np.uint32}


def unpack(content: bytes) -> tuple[dict, dict[str, np.ndarray]]:
    """What the browser reads: the header, and the arrays at the offsets that it names."""
    length = int.from_bytes(content[:4], "little")
    header = json.loads(content[4 : 4 + length])
    arrays = {}
    for name, (kind, offset, count) in header["arrays"].items():
        assert offset % 4 == 0, "typed arrays of a browser start at multiples of their size"
        arrays[name] = np.frombuffer(content, TYPES[kind], count, offset)
    return header, arrays


def clusters(values: np.ndarray, n_groups: int = 3) -> Coloring:
    names = [f"group {k}" for k in range(n_groups)]
    return Coloring(key="cluster", title="cluster", help="", values=values, names=names, colors=["#112233"] * 3)


def test_points_groups_and_confidences_arrive_as_they_were_sent():
    random = np.random.default_rng(0)
    xy, groups, sure = random.normal(size=(101, 2)), random.integers(0, 3, 101), random.random(101)
    scale = Coloring(key="confidence", title="", help="", kind="scale", values=sure, colors=["#000000", "#ffffff"])
    ids = random.permutation(70_000)[:101]
    header, arrays = unpack(pointmap.pack(ids=ids, frames=[Frame(epoch=7, xy=xy)], colorings=[clusters(groups), scale]))
    assert header["n"] == 101
    assert header["frames"] == [{"epoch": 7, "xy": "xy0"}]
    np.testing.assert_array_equal(arrays["ids"], ids)
    np.testing.assert_array_equal(arrays["cluster"], groups)
    np.testing.assert_allclose(arrays["confidence"] / 255, sure, atol=1 / 255)
    sent = arrays["xy0"].reshape(-1, 2) / 65535
    assert sent.min() >= 0
    assert sent.max() <= 1
    span = np.ptp(xy, axis=0).max()
    np.testing.assert_allclose(sent - sent[0], (xy - xy[0]) / span, atol=1e-4)  # one scale for both axes


def test_all_frames_and_marks_share_their_axes():
    small, large = np.array([[0.0, 0.0], [1.0, 1.0]]), np.array([[-4.0, 0.0], [4.0, 1.0]])
    frames = [Frame(epoch=0, xy=small), Frame(epoch=1, xy=large, values={"cluster": np.array([1, 1])})]
    header, arrays = unpack(
        pointmap.pack(
            ids=np.arange(2),
            frames=frames,
            colorings=[clusters(np.array([0, 2]))],
            landmarks=[Mark(x=1, y=1, color="#000")],
        )
    )
    xs = [arrays[f"xy{k}"].reshape(-1, 2)[:, 0] / 65535 for k in range(2)]
    np.testing.assert_allclose(xs[0], [0.5, 0.625], atol=1e-4)
    np.testing.assert_allclose(xs[1], [0.0, 1.0], atol=1e-4)
    assert header["marks"][0]["x"] == pytest.approx(0.625)
    assert header["frames"][1]["cluster"] == "cluster1"
    np.testing.assert_array_equal(arrays["cluster1"], [1, 1])


def test_more_than_256_groups_and_equal_points_are_no_trouble():
    groups = np.arange(300)
    header, arrays = unpack(
        pointmap.pack(ids=groups, frames=[Frame(epoch=0, xy=np.ones((300, 2)))], colorings=[clusters(groups, 300)])
    )
    np.testing.assert_array_equal(arrays["cluster"], groups)
    np.testing.assert_allclose(arrays["xy0"] / 65535, 0.5, atol=1e-4)
    assert header["atlas"] is None


def test_the_atlas_is_named_in_the_file():
    atlas = Atlas(url="/thumbnails/abc", cell=28)
    header, _ = unpack(
        pointmap.pack(
            ids=np.arange(2),
            frames=[Frame(epoch=0, xy=np.eye(2))],
            colorings=[clusters(np.array([0, 1]))],
            atlas=atlas,
        )
    )
    assert header["atlas"] == {"url": "/thumbnails/abc", "cell": 28, "columns": 32, "rows": 32, "pages": []}


def test_points_may_have_their_thumbnails_elsewhere_than_at_their_id():
    _, arrays = unpack(
        pointmap.pack(
            ids=np.array([5, 5]),
            frames=[Frame(epoch=0, xy=np.eye(2))],
            colorings=[clusters(np.array([0, 1]))],
            places=np.array([5, 1029]),
        )
    )
    np.testing.assert_array_equal(arrays["ids"], [5, 5])
    np.testing.assert_array_equal(arrays["places"], [5, 1029])


def test_a_map_of_70_000_points_is_smaller_than_a_megabyte():
    groups = np.arange(70_000) % 10
    content = pointmap.pack(
        ids=np.arange(70_000),
        frames=[Frame(epoch=0, xy=np.random.default_rng(0).random((70_000, 2)))],
        colorings=[clusters(groups, 10)],
    )
    assert len(content) < 1_000_000


@pytest.mark.parametrize("n", [1, 7, 8, 9, 1000])
def test_a_selection_comes_back_as_it_was(n: int):
    chosen = np.flatnonzero(np.random.default_rng(n).random(n) < 0.5)
    np.testing.assert_array_equal(pointmap.decode(pointmap.encode(chosen, n), n), chosen)


@pytest.mark.parametrize("text", ["", "not base64!", "AAAA"])
def test_a_selection_that_does_not_fit_selects_nothing(text: str):
    assert len(pointmap.decode(text, 9)) == 0
