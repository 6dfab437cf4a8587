import numpy as np
import pytest

from mmclust.evaluation.snapshot import Snapshot


@pytest.fixture
def snapshot():
    rng = np.random.default_rng(0)
    return Snapshot(
        epoch=3,
        step=120,
        index=np.arange(20, 60),
        spaces={"z": rng.normal(size=(40, 6)).astype(np.float32), "z_c": rng.random((40, 4)).astype(np.float32)},
        logits=rng.normal(size=(40, 4)).astype(np.float32) * 40,
        view_logits=(rng.normal(size=(40, 4)).astype(np.float32), rng.normal(size=(40, 4)).astype(np.float32)),
        landmarks={"z": rng.normal(size=(4, 6)).astype(np.float32)},
    )


def test_a_snapshot_comes_back_as_it_was_saved(snapshot, tmp_path):
    snapshot.save(tmp_path / "epoch_0003.npz")
    again = Snapshot.load(tmp_path / "epoch_0003.npz")
    assert (again.epoch, again.step, again.n_clusters) == (3, 120, 4)
    np.testing.assert_array_equal(again.index, snapshot.index)
    np.testing.assert_array_equal(again.logits, snapshot.logits)
    for saved, read in zip(snapshot.view_logits, again.view_logits, strict=True):
        np.testing.assert_array_equal(saved, read)
    np.testing.assert_array_equal(again.landmarks["z"], snapshot.landmarks["z"])
    assert list(again.spaces) == ["z", "z_c"]
    for name, values in again.spaces.items():
        assert values.dtype == np.float32
        np.testing.assert_allclose(values, snapshot.spaces[name], rtol=1e-3, atol=1e-4)


def test_saving_leaves_no_other_file(snapshot, tmp_path):
    snapshot.save(tmp_path / "epoch_0003.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["epoch_0003.npz"]


def test_rows_of_probabilities_sum_to_one_and_agree_with_the_assignment(snapshot):
    np.testing.assert_allclose(snapshot.probs.sum(axis=1), 1)
    np.testing.assert_array_equal(snapshot.probs.argmax(axis=1), snapshot.y_pred)


def test_log_probabilities_stay_apart_where_probabilities_vanish():
    sure = Snapshot(epoch=1, step=1, index=np.arange(2), spaces={}, logits=np.array([[900.0, 0], [800.0, 0]]))
    assert sure.probs[0, 1] == sure.probs[1, 1] == 0.0
    assert sure.log_probs[:, 1].tolist() == [-900.0, -800.0]


def test_a_pickled_array_is_refused(tmp_path):
    path = tmp_path / "bad.npz"
    np.savez(path, epoch=1, step=1, index=np.arange(1), logits=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match="is damaged"):
        Snapshot.load(path)
