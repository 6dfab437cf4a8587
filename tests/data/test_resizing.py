import numpy as np
import pytest

from mmclust.data import preprocessing
from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.data.resizing import resized, size_after


def test_each_pixel_is_the_mean_of_those_it_stands_for() -> None:
    images = np.arange(2 * 1 * 4 * 6, dtype=np.uint8).reshape(2, 1, 4, 6)
    expected = images.reshape(2, 1, 2, 2, 3, 2).astype(float).mean(axis=(3, 5))
    assert resized(images, 2).shape == (2, 1, 2, 3)
    assert np.abs(resized(images.astype(np.float32), 2) - expected).max() < 1e-5
    assert (resized(images, 2) == np.rint(expected)).all()


@pytest.mark.parametrize("side", [5, 7, 31])
def test_a_plain_image_stays_plain_at_any_size(side: int) -> None:
    assert (resized(np.full((3, 3, 50, 37), 200, np.uint8), side) == 200).all()


def test_smaller_images_keep_their_size() -> None:
    images = np.zeros((2, 1, 20, 30), np.uint8)
    assert resized(images, 32) is images
    assert size_after((96, 64), 32) == (48, 32)


def test_the_step_changes_images_spec_and_unlabelled_images_alike() -> None:
    spec = DataSpec(name="x", views=(ViewSpec(name="image", kind="image", shape=(3, 96, 96)),), n_clusters=2)
    images = np.random.default_rng(0).integers(0, 256, (4, 3, 96, 96), dtype=np.uint8)
    dataset = MultiViewDataset(spec=spec, views=(images,), unlabelled=(images[:2],))
    prepared = preprocessing.prepare(dataset, preprocessing.parse(["resize-32"]))
    assert prepared.spec == preprocessing.spec_after(spec, ["resize-32"])
    assert prepared.views[0].shape == (4, 3, 32, 32) and prepared.unlabelled[0].shape == (2, 3, 32, 32)
    assert preprocessing.spec_after(prepared.spec, ["resize-32"]) == prepared.spec
