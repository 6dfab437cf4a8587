import numpy as np
import pytest

from mmclust import specs
from mmclust.evaluation.snapshot import Snapshot
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore
from mmclust.ui.shell import cache


@pytest.fixture
def run() -> Run:
    run = RunStore().create(specs.build_spec("digits", "dccs"))
    labels = cache.dataset("digits").labels
    assert labels is not None
    logits = 5.0 * np.eye(10, dtype=np.float32)[(labels + 1) % 10]
    logits[:7] = 5.0 * np.eye(10, dtype=np.float32)[0]
    Snapshot(epoch=2, step=56, index=np.arange(len(labels)), spaces={"z": logits}, logits=logits).save(
        run.folder / "snapshots" / "epoch_0002.npz"
    )
    return run


def test_a_view_holds_matched_classes_names_and_colours(run: Run) -> None:
    ((epoch, path),) = run.snapshots()
    clustering = cache.clustering(run.record(), epoch, path)
    assert clustering.matched is not None
    assert clustering.right is not None
    assert clustering.matched.tolist() == [9, 0, 1, 2, 3, 4, 5, 6, 7, 8]
    assert clustering.cluster_name(1) == "2 · 0"
    assert clustering.cluster_meaning(1) == "0"
    assert clustering.scores["acc"] == pytest.approx(clustering.right.mean())
    assert len(set(clustering.colors)) == 10
    assert clustering.sizes.sum() == len(clustering.ids)


def test_a_view_is_made_once_and_follows_the_names_users_give(run: Run) -> None:
    ((epoch, path),) = run.snapshots()
    first = cache.clustering(run.record(), epoch, path)
    run.name_clusters({3: "twos"})
    second = cache.clustering(run.record(), epoch, path)
    assert second.snapshot is first.snapshot
    assert second.cluster_name(3) == "twos"


def test_a_data_set_is_read_once_and_a_sample_of_it_is_another_one() -> None:
    assert cache.dataset("digits") is cache.dataset("digits")
    assert cache.dataset("digits", 100).n_samples == 100


def test_prepared_data_are_made_once_and_without_steps_are_those_that_pages_show() -> None:
    plain, flat = specs.build_spec("digits", "dccs"), specs.build_spec("digits", "dccs", preprocessing=["flatten"])
    assert cache.prepared(plain) is cache.dataset("digits")
    assert cache.prepared(flat) is cache.prepared(flat)
    assert cache.prepared(flat).views[0].shape == (1797, 64) and cache.dataset("digits").views[0].ndim == 4
