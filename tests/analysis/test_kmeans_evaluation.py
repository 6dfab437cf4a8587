import numpy as np
import pytest

from mmclust.analysis.kmeans_evaluation import evaluate_kmeans, kmeans
from mmclust.evaluation.snapshot import Snapshot


@pytest.fixture
def labelled():
    rng = np.random.default_rng(0)
    y_true = np.repeat(np.arange(3), 40)
    centres = np.array([[0, 0], [10, 0], [0, 10]])
    spaces = {
        "z_c": (centres[y_true] + rng.normal(size=(120, 2))).astype(np.float32),
        "z_s": rng.normal(size=(120, 4)).astype(np.float32),
        "none": np.zeros((120, 0), np.float32),
    }
    logits = np.eye(3, dtype=np.float32)[(y_true + 1) % 3]
    return Snapshot(epoch=1, step=1, index=np.arange(120), spaces=spaces, logits=logits), y_true


def test_k_means_finds_classes_where_the_space_has_them(labelled):
    figures = evaluate_kmeans(*labelled)
    assert set(figures) == {"assignment", "z_c", "z_s"}
    assert figures["assignment"]["acc"] == 1.0
    assert figures["z_c"]["acc"] == 1.0
    assert figures["z_s"]["nmi"] < 0.2


def test_the_same_seed_gives_the_same_groups(labelled):
    values = labelled[0].spaces["z_s"]
    np.testing.assert_array_equal(kmeans(values, 3, seed=4), kmeans(values, 3, seed=4))


def test_an_unknown_space_is_named_with_the_known_ones(labelled):
    with pytest.raises(ValueError, match="space 'h' is not in this snapshot; known are z_c, z_s"):
        evaluate_kmeans(*labelled, spaces=["h"])


def test_a_collapsed_space_is_one_group():
    assert set(kmeans(np.ones((20, 3)), 4)) == {0}
