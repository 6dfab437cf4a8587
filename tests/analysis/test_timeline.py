import numpy as np
import pytest

from mmclust.analysis import timeline
from mmclust.evaluation.snapshot import Snapshot


def snapshot(index: np.ndarray) -> Snapshot:
    logits = np.zeros((len(index), 2), np.float32)
    return Snapshot(epoch=0, step=0, index=index, spaces={"z": index[:, None].astype(np.float32)}, logits=logits)


def turned(xy: np.ndarray, angle: float) -> np.ndarray:
    return xy @ np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def test_a_turned_mirrored_and_moved_layout_falls_onto_the_other_one():
    xy = np.random.default_rng(0).normal(size=(50, 2))
    moved = turned(xy * [1, -1], 2.0) + [5, -3]
    np.testing.assert_allclose(timeline.aligned(moved, xy), xy, atol=1e-4)


def test_alignment_never_stretches():
    random = np.random.default_rng(1)
    xy, other = random.normal(size=(30, 2)), 7 * random.normal(size=(30, 2))
    found = timeline.aligned(xy, other)
    distances = np.linalg.norm(found[:, None] - found[None], axis=2)
    np.testing.assert_allclose(distances, np.linalg.norm(xy[:, None] - xy[None], axis=2), atol=1e-4)


def test_samples_of_a_timeline_are_those_that_every_snapshot_holds():
    snapshots = [snapshot(np.array([9, 1, 5, 7])), snapshot(np.array([1, 7, 9, 3])), snapshot(np.arange(10))]
    ids = timeline.common_samples(snapshots)
    assert ids.tolist() == [1, 7, 9]
    for one in snapshots:
        assert one.index[timeline.rows_of(one, ids)].tolist() == [1, 7, 9]


def test_slow_projections_get_a_fixed_part_of_many_samples():
    many = [snapshot(np.arange(6000))]
    ids = timeline.common_samples(many, timeline.MOST)
    assert len(ids) == timeline.MOST
    np.testing.assert_array_equal(ids, timeline.common_samples(many, timeline.MOST))
    assert len(timeline.common_samples(many)) == 6000


@pytest.mark.parametrize("kind", ["pca", "tsne"])
def test_an_epoch_that_changes_nothing_moves_nothing_and_what_was_laid_out_stays_on_disk(tmp_path, kind: str):
    random = np.random.default_rng(0)
    codes = np.concatenate([random.normal(3 * k, 0.3, (40, 5)) for k in range(3)]).astype(np.float32)
    heard: list[float] = []
    frames = timeline.lay_out(
        [codes, codes @ np.diag([1, 1, 1, 1, -1]).astype(np.float32), codes],
        kind,
        folder=tmp_path,
        progress=heard.append,
        seed=0,
    )
    assert [frame.shape for frame in frames] == [(120, 2)] * 3
    span = np.ptp(frames[-1], axis=0).max()
    between = np.linalg.norm(frames[1] - frames[2], axis=1)
    assert np.median(between) < 0.1 * span
    assert heard == sorted(heard)
    assert heard[-1] == 1.0
    n_files = len(list(tmp_path.iterdir()))
    timeline.lay_out([codes], kind, folder=tmp_path, seed=0)
    assert len(list(tmp_path.iterdir())) == n_files


def test_frames_of_pca_take_the_same_room_however_long_the_codes_are(tmp_path):
    codes = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    frames = timeline.lay_out([40 * codes, codes], "pca", folder=tmp_path, seed=0)
    np.testing.assert_allclose(frames[0], frames[1], atol=1e-4)


def test_a_timeline_of_many_epochs_shows_an_even_choice_with_the_first_and_the_last():
    kept = list(range(100))
    shown = timeline.shown_epochs(kept)
    assert (shown[0], shown[-1], len(shown)) == (0, 99, timeline.FRAMES)
    assert max(np.diff(shown)) - min(np.diff(shown)) <= 1
    assert timeline.shown_epochs(kept[:5]) == kept[:5]
