import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mmclust.cli.main import main
from mmclust.data import catalogue
from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.prediction import EXACT_SEARCH, NEIGHBOURS, Predictor, check, nearest
from mmclust.runs.run import Run
from mmclust.specs import build_spec

IMAGES = {"preset": "paper", "changes": {"width": 0.125}, "limit": 192, "epochs": 2}
VIEWS = {"preset": "paper", "limit": 256, "epochs": 2}

pytestmark = pytest.mark.slow
Make = Callable[..., Run]


@pytest.mark.parametrize(
    "method, dataset, about",
    [("dccs", "digits", IMAGES), *((name, "digits-2view", VIEWS) for name in ("dmim", "msdib", "dmid-uic"))],
)
def test_the_runs_own_samples_get_their_clusters_and_are_their_own_nearest(
    finished_run: Make, method: str, dataset: str, about: dict
):
    predictor = Predictor(finished_run(method, dataset, **about))
    found, snapshot = predictor(predictor.trained_on), predictor.snapshot
    assert found.by == "network"
    np.testing.assert_allclose(found.probs[snapshot.index], snapshot.probs, atol=1e-4)
    assert (found.clusters[snapshot.index] == snapshot.y_pred).mean() > 0.99
    assert (found.neighbours[snapshot.index, 0] == snapshot.index).mean() > 0.95


def test_new_samples_are_prepared_like_the_runs_and_the_order_of_them_is_free(finished_run: Make):
    predictor = Predictor(finished_run("dmim", "digits-2view", **VIEWS))
    new = catalogue.load("digits-2view").take(np.arange(1500, 1540))
    alone = [predictor(new.take(np.array([row]))).probs[0] for row in range(40)]
    np.testing.assert_allclose(predictor(new).probs, alone, atol=1e-4)


def test_where_the_start_was_kept_the_most_similar_samples_vote(finished_run: Make):
    run = finished_run("dmim", "digits-2view", **VIEWS)
    snapshot = run.snapshot()
    labels = catalogue.load("digits-2view", limit=256).labels
    assert labels is not None
    given = np.eye(10, dtype=np.float32)[labels[snapshot.index]] * 5
    replace(snapshot, logits=given).save(dict(run.snapshots())[snapshot.epoch])
    (run.folder / "auto.json").write_text(json.dumps({"kept": "start"}))
    predictor = Predictor(run)
    new = catalogue.load("digits-2view").take(np.arange(900, 1100))
    found = predictor(new)
    assert found.by == "neighbours"
    np.testing.assert_allclose(found.probs.sum(axis=1), 1, atol=1e-6)
    assert new.labels is not None and (found.clusters == new.labels).mean() > 0.85, "neighbours have the same digit"


def test_other_data_are_refused_in_a_sentence(finished_run: Make):
    predictor = Predictor(finished_run("dmim", "digits-2view", **VIEWS))
    with pytest.raises(ValueError, match="trained on 2 views and .* has 1 view; give samples with the same views"):
        predictor(catalogue.load("digits"))
    other = catalogue.load("digits-2view").take(np.arange(9))
    first = other.spec.views[0]
    with pytest.raises(ValueError, match="bring them to the same size"):
        changed = replace(other.spec, views=(replace(first, shape=(1, 4, 4)), other.spec.views[1]))
        predictor(replace(other, spec=changed, views=(other.views[0][:, :, :4, :4], other.views[1])))
    broken = np.array(other.views[1], np.float32)
    broken[0, 0] = np.nan
    with pytest.raises(ValueError, match="NaN or infinite"):
        predictor(replace(other, views=(other.views[0], broken)))


def test_the_command_writes_a_table(
    finished_run: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    run = finished_run("dccs", "digits", **IMAGES)
    run.name_clusters({0: "=round"})
    new = tmp_path / "new.npz"
    np.savez(new, images=catalogue.load("digits").views[0][:30])
    for suffix, read in ((".csv", pd.read_csv), (".parquet", pd.read_parquet)):
        out = tmp_path / f"table{suffix}"
        assert main(["predict", run.id, str(new), "--out", str(out)]) == 0
        frame = read(out)
        assert len(frame) == 30
        assert frame["cluster"].between(0, 9).all()
        np.testing.assert_allclose(frame[[f"p{k}" for k in range(10)]].sum(axis=1), 1, atol=1e-5)
        assert set(frame.loc[frame["cluster"] == 0, "cluster_name"]) <= {"'=round"}
    assert "30 samples; sizes of the clusters" in capsys.readouterr().out
    assert [name for name in frame if name.startswith("neighbour")] == [f"neighbour{i + 1}" for i in range(NEIGHBOURS)]
    with monkeypatch.context() as without:
        without.setattr("mmclust.prediction.nearest", None)  # nobody may look for any
        assert main(["predict", run.id, str(new), "--out", str(out), "--neighbours", "0"]) == 0
    assert list(read(out)) == [name for name in frame if not name.startswith("neighbour")]
    for wrong, why in (
        ([run.id, str(new), "--out", "table.xls"], "choose one of them"),
        ([run.id, str(new), "--out", str(out), "--neighbours", "11"], "give a whole number from 0 to 10"),
        (["none", str(new), "--out", str(out)], "is not known"),
        ([run.id, str(tmp_path / "gone.npz"), "--out", str(out)], "gone.npz"),
        ([run.id, "digits-2view", "--out", str(out)], "same views"),
    ):
        assert main(["predict", *wrong]) == 2
        assert why in capsys.readouterr().err


def test_a_run_without_weights_cannot_predict(home: Path):
    from mmclust.runs.store import RunStore

    run = RunStore().create(build_spec("digits", "dccs", **IMAGES))
    with pytest.raises(ValueError, match="no trained weights yet"):
        Predictor(run)


@pytest.mark.parametrize(
    ("own", "new", "values", "alike"),
    [
        ((0, 16), (0, 14), [0, 14], True),
        ((0, 16), (0, 20), [0, 20], True),
        ((0, 16), (0, 255), [0, 200], False),
        ((0, 16), (0, 1), [0, 1], False),
        ((0, 16), (0, 1), [0, 0], True),
        ((0, 255), (0, 90), [0, 90], True),
        ((0, 255), (0, 1), [0, 0.5], False),
        ((0, 1), (0, 1.2), [0, 1.2], False),
        ((0, 1), (-1, 1), [-0.5, 1], False),
        ((-1, 1), (0, 1), [0, 1], True),
        ((-7, 900), (-9, 905), [-9, 905], True),
        ((-7, 900), (-7, 9000), [-7, 9000], False),
    ],
)
def test_a_few_samples_need_not_reach_both_ends_of_the_scale(
    own: tuple[float, float], new: tuple[float, float], values: list[float], alike: bool
):
    ranges = (ViewSpec(name="a", kind="image", shape=(1, 1, 2), low=low, high=high) for low, high in (own, new))
    mine, others = (DataSpec(name="a", views=(view,), n_clusters=2) for view in ranges)
    samples = MultiViewDataset(spec=others, views=(np.array(values, np.float32).reshape(1, 1, 1, 2),))
    if alike:
        return check(mine, samples)
    with pytest.raises(ValueError, match="the run's pixels go from .* to .*; scale them alike"):
        check(mine, samples)


def test_many_among_many_find_nearly_all_neighbours_and_equal_ones_too():
    random = np.random.default_rng(0)
    codes = random.normal(size=(EXACT_SEARCH + 1, 4)).astype(np.float32)
    found, exact = nearest(codes, codes), nearest(codes[:200], codes)
    assert (found[:, 0] == np.arange(len(codes))).mean() > 0.99
    shared = [len(np.intersect1d(*pair)) for pair in zip(found[:200], exact, strict=True)]
    assert np.mean(shared) > 0.97 * NEIGHBOURS
    assert nearest(codes, np.repeat(codes[:2], EXACT_SEARCH, axis=0)).min() >= 0
