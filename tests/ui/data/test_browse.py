from dataclasses import replace

import numpy as np
import pytest

from mmclust.data import catalogue
from mmclust.data.catalogue import DATASETS
from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.ui.components import descriptions
from mmclust.ui.data import about, statistics


def test_a_data_set_is_summed_up_in_a_line():
    assert descriptions.summary(DATASETS["mnist"]) == "70,000 images of 28 × 28 pixels, 10 classes"
    assert descriptions.summary(DATASETS["mfeat"]).startswith(
        "2,000 samples in 6 views (profiles 216 numbers, Fourier 76"
    )
    assert "pixels 15 × 16" in descriptions.summary(DATASETS["mfeat"])


def test_citation_source_and_licence_stand_where_they_are_known():
    assert about.origin(DATASETS["digits"]).count("..") == 0
    entry = replace(DATASETS["digits"], citation="", source="my.csv", licence="CC0")
    assert about.origin(entry) == "Source: my.csv. Licence: CC0."


def test_the_table_of_views_has_sizes_ranges_and_constant_columns():
    image, features = np.zeros((4, 1, 3, 2), np.uint8), np.full((4, 3), 7, np.float32)
    image[1, 0, 2, 1], features[:, 0] = 200, [0, 1, 2, 5000]
    views = (
        ViewSpec(name="photo", kind="image", shape=(1, 3, 2)),
        ViewSpec(name="<text>", kind="vector", shape=(3,)),
    )
    data = MultiViewDataset(spec=DataSpec(name="x", views=views, n_clusters=2), views=(image, features))
    html = statistics.views_table(data)
    assert "<td>2 × 3 pixels</td><td>0 to 200</td><td>8.33 ± 40</td><td></td>" in html
    assert "&lt;text&gt;" in html and "<td>3 numbers</td><td>0 to 5,000</td>" in html
    assert "<td>2</td>" in html and 'alt="Mean of photo over all samples"' in html
    only_images = MultiViewDataset(spec=DataSpec(name="x", views=views[:1], n_clusters=2), views=(image,))
    assert "Constant columns" not in statistics.views_table(only_images)


def test_a_view_is_summed_up_in_blocks(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(statistics, "BLOCK", 13)
    values = (1000 + np.random.default_rng(0).normal(size=(50, 2, 3))).astype(np.float32)
    found = statistics.summary(values)
    np.testing.assert_array_equal(found.low, values.min(axis=0))
    np.testing.assert_array_equal(found.high, values.max(axis=0))
    np.testing.assert_allclose(found.mean, values.mean(axis=0, dtype=np.float64))
    assert abs(found.deviation - values.std(dtype=np.float64)) < 1e-6


def test_classes_without_names_are_numbered_from_one():
    data = catalogue.load("digits-2view")
    assert descriptions.class_name(data, 0) == "0"
    nameless = MultiViewDataset(
        spec=DataSpec(name="x", views=data.spec.views, n_clusters=10), views=data.views, labels=data.labels
    )
    assert descriptions.class_name(nameless, 0) == "class 1"
    unlabelled = MultiViewDataset(spec=nameless.spec, views=data.views)
    assert descriptions.class_name(unlabelled, 0) == ""
