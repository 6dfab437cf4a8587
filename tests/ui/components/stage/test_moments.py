import json
from dataclasses import replace

import numpy as np
import pytest

from mmclust.clustering import Clustering
from mmclust.evaluation import metrics
from mmclust.ui.components.stage import moments
from mmclust.ui.shell import cache, hidden


@pytest.fixture
def example(home) -> Clustering:
    record = next(record for record in cache.store().list() if record.example)
    return cache.clustering(record, *cache.store().get(record.run_id).snapshots()[-1])


def read(content: bytes) -> dict:
    return json.loads(content[4 : 4 + int.from_bytes(content[:4], "little")])


def test_a_moment_tells_sizes_names_and_samples_of_its_own_epoch(example: Clustering):
    layout = moments.assignments(example)
    first, *_, last = moments.prepare(example, layout, None)
    told, early = read(last.content), read(first.content)
    assert [row["size"] for row in told["rows"]] == example.sizes.tolist() == last.sizes.tolist()
    assert early["epoch"] == layout.epochs[0] < told["epoch"] == example.epoch
    assert told["scores"]["eval/acc"] == pytest.approx(example.scores["acc"])
    assert early["scores"]["eval/acc"] < told["scores"]["eval/acc"]
    for row in told["rows"]:
        rows = np.flatnonzero(np.isin(example.ids, row["samples"]))
        assert (example.y_pred[rows] == row["cluster"]).all(), "samples of a row lie in its cluster"
        name = " · ".join(part for part in (row["name"], row["meaning"]) if part)
        assert name == example.cluster_name(row["cluster"])
    assert first.sheet != last.sheet
    assert len(moments.known(example, layout, None)) == len(layout.epochs)


def test_the_browser_gets_what_all_epochs_share_once(example: Clustering):
    told = read(moments.base(example, moments.assignments(example), None))
    assert told["n"] == len(example.ids)
    assert {coloring["key"] for coloring in told["colorings"]} >= {"cluster", "class", "correctness", "confidence"}
    assert len(told["marks"]) == len(example.sizes)


def test_without_classes_nothing_of_them_is_told(example: Clustering):
    data = hidden.without_labels(example.data)
    blind = replace(example, dataset=data, y_true=None, counts=None, matched=None, right=None, scores={}, derived={})
    layout = moments.assignments(blind)
    told = read(moments.prepare(blind, layout, None)[-1].content)
    assert told["scores"] == {}
    assert all(row["meaning"] == "" for row in told["rows"])
    assert "correctness" not in told["arrays"]
    keys = {coloring["key"] for coloring in read(moments.base(blind, layout, None))["colorings"]}
    assert keys == {"cluster", "confidence", "margin", "entropy"}


def test_every_epoch_says_how_sure_it_is(example: Clustering):
    layout = moments.assignments(example)
    content = moments.prepare(example, layout, None)[2].content
    log_probs = example.snapshot_at(layout.epochs[2]).log_probs
    two = np.sort(np.exp(log_probs), axis=1)[:, -2:]
    entropy = -(np.exp(log_probs) * log_probs).sum(axis=1) / np.log(log_probs.shape[1])
    for name, expected in (("confidence", two[:, 1]), ("margin", two[:, 1] - two[:, 0]), ("entropy", entropy)):
        _, offset, count = read(content)["arrays"][name]
        np.testing.assert_allclose(np.frombuffer(content, np.uint8, count, offset) / 255, expected, atol=0.003)


def test_correctness_is_that_of_the_epochs_own_matching(example: Clustering):
    layout = moments.assignments(example)
    content = moments.prepare(example, layout, None)[2].content
    kind, offset, count = read(content)["arrays"]["correctness"]
    wrong = np.frombuffer(content, np.uint8, count, offset)
    snapshot = example.snapshot_at(layout.epochs[2])
    labels = example.data.labels[snapshot.index]  # type: ignore[index]
    assert kind == "u1"
    assert 1 - wrong.mean() == pytest.approx(metrics.acc(labels, snapshot.y_pred))
