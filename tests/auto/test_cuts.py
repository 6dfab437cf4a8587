from types import SimpleNamespace

import numpy as np
import pytest

from mmclust.analysis.tree import tree_of
from mmclust.auto import cuts
from mmclust.auto.cuts import suggest_cut, tried_numbers
from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.evaluation.snapshot import Snapshot

CORNERS = 6 * np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32)


def over_clustered(n_each: int = 60, seed: int = 0) -> tuple[Snapshot, np.ndarray]:
    """Four lumps, each cut into three pieces along its first axis, and their samples' codes."""
    draw = np.random.default_rng(seed)
    lump = np.repeat(np.arange(4), n_each)
    codes = (CORNERS[lump] + draw.normal(size=(len(lump), 3))).astype(np.float32)
    piece = 3 * lump + np.digitize(codes[:, 0] - CORNERS[lump, 0], [-0.4, 0.4])
    logits = (5 * np.eye(12)[piece]).astype(np.float32)
    return Snapshot(epoch=1, step=1, index=np.arange(len(lump)), spaces={"z": codes}, logits=logits), codes


def views_of(codes: np.ndarray) -> MultiViewDataset:
    """Two views that see the lumps."""
    draw = np.random.default_rng(9)
    views = tuple((codes + draw.normal(0, 0.5, codes.shape)).astype(np.float32) for _ in range(2))
    specs = tuple(ViewSpec(name=f"view {i}", kind="vector", shape=(3,)) for i in (1, 2))
    return MultiViewDataset(spec=DataSpec(name="lumps", views=specs, n_clusters=4), views=views)


def test_the_number_of_lumps_is_suggested_from_pieces_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuts, "views_of", lambda dataset, seed: dataset.views)
    snapshot, codes = over_clustered()
    told: list[float] = []
    found = suggest_cut(snapshot, views_of(codes), report=told.append)
    assert found.n_clusters == 4 and 4 in found.plausible
    assert [one.n_clusters for one in found.tried] == list(range(2, 13))
    assert told == sorted(told) and told[-1] == 1.0
    best = max(found.tried, key=lambda one: getattr(one, "silhouette", 0))
    assert best.n_clusters == 4


def test_without_the_data_silhouettes_stand_in_and_other_seeds_bring_the_stability() -> None:
    snapshot, _ = over_clustered()
    order = np.random.default_rng(3).permutation(240)[:200]
    other, _ = over_clustered()
    other = Snapshot(epoch=1, step=1, index=order, spaces={"z": other.spaces["z"][order]}, logits=other.logits[order])
    found = suggest_cut(snapshot, None, others=[other], tree=tree_of(snapshot))
    by_number = {one.n_clusters: one for one in found.tried}
    assert found.n_clusters == 4 and by_number[4].stability == pytest.approx(1.0)
    assert by_number[4].evidence == pytest.approx(getattr(by_number[4], "silhouette", None))


def test_codes_that_are_no_numbers_are_left_out() -> None:
    snapshot, _ = over_clustered()
    snapshot.spaces["z"][:5] = np.nan
    assert suggest_cut(snapshot, None).n_clusters == 4


def test_too_few_clusters_and_seeds_of_other_samples_are_refused() -> None:
    snapshot, _ = over_clustered()
    two = Snapshot(epoch=1, step=1, index=snapshot.index, spaces=snapshot.spaces, logits=snapshot.logits[:, :2])
    with pytest.raises(ValueError, match="2 clusters of 240 samples came; a suggestion needs three clusters or more"):
        suggest_cut(two, None)
    far = SimpleNamespace(index=snapshot.index + 1000, y_pred=snapshot.y_pred)
    with pytest.raises(ValueError, match="the other seeds share no samples with this run"):
        suggest_cut(snapshot, None, others=[far])  # type: ignore[list-item]


@pytest.mark.parametrize("n_used", [3, 20, 35, 900])
def test_all_small_numbers_are_tried_and_few_large_ones(n_used: int) -> None:
    found = tried_numbers(n_used)
    assert found[0] == 2 and found[-1] == n_used and found == sorted(set(found)) and len(found) <= cuts.MOST_TRIED
    assert found[: min(n_used, 20) - 1] == list(range(2, min(n_used, 20) + 1))
