import numpy as np
import pytest

from mmclust.analysis.splitting import split
from mmclust.evaluation.annotation import applied
from mmclust.evaluation.snapshot import Snapshot


@pytest.fixture
def snapshot() -> Snapshot:
    """Cluster 0 has 40 samples near 5 and 20 near -5; cluster 1 is elsewhere."""
    rng = np.random.default_rng(1)
    lumps = np.repeat([5.0, -5.0, 0.0], [40, 20, 30])
    logits = np.where(lumps[:, None] != 0, [[2.0, 0.0]], [[0.0, 2.0]]).astype(np.float32)
    z = (lumps[:, None] + rng.normal(0, 0.5, (90, 3))).astype(np.float32)
    return Snapshot(epoch=1, step=1, index=np.arange(90), spaces={"z": z}, logits=logits)


def test_two_lumps_are_cut_apart_the_larger_one_first(snapshot: Snapshot) -> None:
    step = split(snapshot, 0, "z", 2)
    assert np.allclose(step.centres[0], 5, atol=0.4) and np.allclose(step.centres[1], -5, atol=0.4)
    assert step.variance == pytest.approx(0.25, rel=0.3)
    assert np.array_equal(applied(snapshot, [step]).y_pred, np.repeat([0, 2, 1], [40, 20, 30]))


def test_the_same_cluster_is_cut_in_the_same_way_again(snapshot: Snapshot) -> None:
    assert split(snapshot, 1, "z", 3) == split(snapshot, 1, "z", 3)


def test_what_cannot_be_cut_is_one_sentence(snapshot: Snapshot) -> None:
    with pytest.raises(ValueError, match="space h came; this epoch has z"):
        split(snapshot, 0, "h", 2)
    snapshot.spaces["z"][:] = 0
    with pytest.raises(ValueError, match="has 1 different codes in z"):
        split(snapshot, 0, "z", 2)
