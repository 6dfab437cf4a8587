from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from mmclust import specs
from mmclust.evaluation.snapshot import Snapshot
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore
from mmclust.ui.shell import cache


class FakeRun:
    """Gives points as a store would: those after an id."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, int, str, float]] = []
        self.asked: list[int | None] = []

    def add(self, id: int, step: int, name: str, value: float) -> None:
        self.rows.append((id, step, name, value))

    def metrics(self, since_id: int | None = None) -> pd.DataFrame:
        self.asked.append(since_id)
        rows = [row for row in self.rows if since_id is None or row[0] > since_id]
        frame = pd.DataFrame(rows, columns=pd.Index(["id", "step", "name", "value"]))
        return frame.assign(epoch=frame["step"] / 10)


def test_curves_are_read_on_from_the_last_known_point() -> None:
    run, reader = FakeRun(), cache._CurveReader()
    run.add(1, 10, "loss/a", 1.0)
    reader.read(run)  # type: ignore[arg-type]
    run.add(2, 20, "loss/a", 0.5)
    points = reader.read(run)  # type: ignore[arg-type]
    assert run.asked == [None, 1]
    assert points["loss/a"].value.tolist() == [1.0, 0.5]


def test_points_that_a_resumed_run_writes_anew_replace_the_old_ones() -> None:
    run, reader = FakeRun(), cache._CurveReader()
    for id, step in ((1, 10), (2, 20), (3, 30)):
        run.add(id, step, "loss/a", float(id))
    reader.read(run)  # type: ignore[arg-type]
    run.rows = run.rows[:1]
    run.add(4, 20, "loss/a", 40.0)
    points = reader.read(run)  # type: ignore[arg-type]
    assert points["loss/a"].value.tolist() == [1.0, 40.0]


def test_later_points_of_other_curves_go_too_when_a_run_is_resumed() -> None:
    run, reader = FakeRun(), cache._CurveReader()
    run.add(1, 10, "loss/a", 1.0)
    run.add(2, 10, "eval/acc", 0.5)
    run.add(3, 30, "loss/a", 0.1)
    run.add(4, 30, "eval/acc", 0.9)
    reader.read(run)  # type: ignore[arg-type]
    run.add(5, 20, "loss/a", 0.7)
    points = reader.read(run)  # type: ignore[arg-type]
    assert points["loss/a"].value.tolist() == [1.0, 0.7]
    assert points["eval/acc"].value.tolist() == [0.5]


def test_an_evaluation_at_the_step_of_the_last_loss_replaces_nothing() -> None:
    run, reader = FakeRun(), cache._CurveReader()
    run.add(1, 10, "loss/a", 1.0)
    reader.read(run)  # type: ignore[arg-type]
    run.add(2, 10, "eval/acc", 0.9)
    points = reader.read(run)  # type: ignore[arg-type]
    assert [points[name].value.tolist() for name in points] == [[1.0], [0.9]]


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


def test_what_is_worked_out_of_the_example_is_kept_in_the_home_beside_what_ships_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMCLUST_HOME", str(tmp_path / "home"))
    shipped, run = tmp_path / "assets", SimpleNamespace(folder=tmp_path / "assets")
    (shipped / "layouts").mkdir(parents=True)
    (shipped / "layouts" / "a.npy").write_bytes(b"1")
    example = SimpleNamespace(run=run, record=SimpleNamespace(run_id="x-1", example=True))
    kept = Clustering.folder(example, "layouts")  # type: ignore[arg-type]
    assert kept.is_relative_to(tmp_path / "home") and (kept / "a.npy").read_bytes() == b"1"
    (kept / "b.npy").write_bytes(b"2")
    assert Clustering.folder(example, "layouts") == kept and (kept / "b.npy").exists()  # type: ignore[arg-type]
    assert [path.name for path in (shipped / "layouts").iterdir()] == ["a.npy"]
    own = SimpleNamespace(run=run, record=SimpleNamespace(run_id="x-2", example=False))
    assert Clustering.folder(own, "layouts") == shipped / "layouts"  # type: ignore[arg-type]
