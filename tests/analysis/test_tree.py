import numpy as np
import pytest
from scipy.cluster.hierarchy import cut_tree, is_valid_linkage

from mmclust.analysis import tree as room
from mmclust.analysis.tree import Tree, build, joint_probabilities, merge, tree_of
from mmclust.evaluation.metrics import ari
from mmclust.evaluation.snapshot import Snapshot

CENTRES = np.array([[0, 0], [1, 0], [10, 0], [11, 0], [30, 30]], np.float32)


def lumps(n_each: int = 30, spread: float = 0.6, sharp: float = 2.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Codes, scores of five clusters, and the lump of each sample: two pairs of lumps that touch, and one far off."""
    draw = np.random.default_rng(0)
    lump = np.repeat(np.arange(5), n_each)
    codes = (CENTRES[lump] + draw.normal(0, spread, (len(lump), 2))).astype(np.float32)
    logits = -sharp * np.square(codes[:, None] - CENTRES).sum(axis=2)
    return codes, logits.astype(np.float32), lump


def test_lumps_that_touch_merge_first() -> None:
    codes, logits, _ = lumps()
    found = build(codes, logits)
    assert found.n_used == 5 and is_valid_linkage(found.linkage)
    assert found.cut(3).groups.tolist()[:2] in ([0, 0], [1, 1])
    cut = found.cut(3).groups
    assert cut[0] == cut[1] != cut[2] == cut[3] != cut[4]
    assert (np.diff(found.linkage[:, 2]) >= 0).all(), "heights never fall"


def test_cuts_are_those_of_scipy() -> None:
    codes, logits, _ = lumps()
    found = build(codes, logits)
    for k in range(1, 6):
        expected = cut_tree(found.linkage, k)[:, 0]
        assert ari(expected, found.cut(k).groups) == 1.0 and found.cut(k).n_clusters == k


def test_the_distance_is_the_chance_of_a_pair_over_its_probability() -> None:
    joint = np.array([[0.20, 0.06, 0.01], [0.06, 0.20, 0.02], [0.01, 0.02, 0.42]])
    found = merge(joint, np.array([4, 3, 9]))
    share = joint.sum(axis=1)
    assert found[0].tolist() == pytest.approx([0, 1, share[0] * share[1] / 0.06, 2])
    assert found[1].tolist() == pytest.approx([2, 3, (share[0] + share[1]) * share[2] / 0.03, 3])


def test_probabilities_of_pairs_are_those_of_drawing_a_sample_and_a_neighbour() -> None:
    codes, logits, _ = lumps()
    probs = np.exp(logits - logits.max(axis=1, keepdims=True))
    probs /= probs.sum(axis=1, keepdims=True)
    joint = joint_probabilities(codes, probs)
    assert joint.sum() == pytest.approx(1.0, abs=1e-6) and np.allclose(joint, joint.T)
    slow = np.zeros((5, 5))
    order = np.square(codes[:, None] - codes).sum(axis=2).argsort(axis=1, kind="stable")[:, : room.N_NEIGHBOURS + 1]
    near = [set(row.tolist()) for row in order]
    for i, row in enumerate(near):
        weights = {j: len(row & near[j]) / len(row | near[j]) for j in row - {i}}
        for j, weight in weights.items():
            slow += weight / sum(weights.values()) / len(codes) * np.outer(probs[i], probs[j])
    assert joint == pytest.approx((slow + slow.T) / 2, abs=1e-6)


def test_a_merged_cluster_is_led_by_its_largest_part_and_splitting_brings_the_parts_back() -> None:
    sizes, linkage = np.array([5, 9, 7]), np.array([[0, 1, 0.1, 2], [2, 3, 0.5, 3.0]])
    found = Tree(linkage=linkage, sizes=sizes)
    assert found.cut(2).leads.tolist() == [1, 2] and found.cut(2).groups.tolist() == [0, 0, 1]
    assert found.cut(2).parts(0) == (0, 1)
    assert found.cut(1).leads.tolist() == [1]
    assert found.cut(3).leads.tolist() == [0, 1, 2] and found.cut(3).groups.tolist() == [0, 1, 2]


def test_empty_clusters_join_others_before_any_merge() -> None:
    codes, logits, _ = lumps()
    logits = np.column_stack([logits, np.full((len(logits), 2), -1e4, np.float32)])
    found = build(codes, logits)
    assert found.n_used == 5 and found.linkage[:2, 2].tolist() == [0, 0] and (found.linkage[2:, 2] > 0).all()
    assert len(found.cut(5).leads) == 5 and found.sizes[found.cut(5).leads].min() > 0
    with pytest.raises(ValueError, match="k = 6 came; clusters of this run can be merged to 1 to 5"):
        found.cut(6)


def test_clusters_that_no_neighbours_connect_merge_by_their_centres() -> None:
    codes = np.repeat(np.array([[0.0], [1e4], [1.4e4], [9e4]], np.float32), 20, axis=0)
    codes += np.random.default_rng(0).normal(size=codes.shape).astype(np.float32)
    found = build(codes, 1e4 * np.repeat(np.eye(4, dtype=np.float32), 20, axis=0))
    assert sorted(found.linkage[0, :2].tolist()) == [1, 2]


@pytest.mark.parametrize("n_clusters", [1, 40])
def test_one_cluster_and_as_many_as_samples_have_a_tree(n_clusters: int) -> None:
    codes = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
    logits = np.eye(40, dtype=np.float32)[:, :n_clusters] * 9
    found = build(codes, logits)
    assert len(found.linkage) == n_clusters - 1 and found.cut(1).groups.tolist() == [0] * n_clusters


def test_identical_codes_and_values_that_are_no_numbers_give_a_tree() -> None:
    logits = np.eye(3, dtype=np.float32)[np.arange(30) % 3] * 5
    same = build(np.ones((30, 2), np.float32), logits)
    assert np.isfinite(same.linkage).all() and same.cut(2).n_clusters == 2
    codes, logits, _ = lumps()
    whole = build(codes[3:], logits[3:])
    codes[:2] = np.nan
    logits[2] = np.nan
    assert np.allclose(build(codes, logits).linkage, whole.linkage, rtol=1e-5)
    nothing = build(np.full((6, 2), np.nan, np.float32), np.eye(3, dtype=np.float32)[np.arange(6) % 3])
    assert np.isfinite(nothing.linkage).all() and nothing.n_used == 3


def test_many_samples_are_drawn_of_each_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_SAMPLES", 50)
    codes, logits, lump = lumps()
    rows = room._some(codes, logits)
    assert len(rows) == 50 and np.ptp(np.bincount(lump[rows])) <= 2
    assert ari(build(codes, logits).cut(3).groups, np.array([0, 0, 1, 1, 2])) == 1.0


def test_a_snapshot_brings_the_codes_that_clusters_are_read_from() -> None:
    codes, logits, _ = lumps()
    spaces = {"z": codes.reshape(-1, 2, 1), "z_s": codes[::-1]}
    snapshot = Snapshot(epoch=0, step=0, index=np.arange(len(codes)), spaces=spaces, logits=logits)
    assert np.allclose(tree_of(snapshot).linkage, build(codes, logits).linkage)
