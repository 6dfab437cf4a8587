import csv
import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from sklearn.decomposition import PCA

from mmclust import worker
from mmclust.analysis.tree import tree_of
from mmclust.evaluation.annotation import Merge, Split
from mmclust.evaluation.metrics import acc
from mmclust.report.export import export
from mmclust.runs.annotations import Annotations
from mmclust.runs.spec import RunSpec
from mmclust.runs.store import RunStore
from mmclust.specs import build_spec

NAMES = ["spec.json", "metrics.csv", "assignments.csv", "codes.npz", "samples.parquet", "report.html"]


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_promised_file_is_written_and_says_what_the_run_found(finished, digits, tmp_path):
    run = finished()
    files = export(run, tmp_path / "new" / "folder")
    assert [path.name for path in files] == NAMES
    spec, curves, assignments, codes, samples, _ = files
    assert RunSpec.from_json(spec.read_text()) == run.spec
    assert [row["value"] for row in rows(curves) if row["name"] == "loss/adv"] == ["1.0", "0.5", "0.3333333333333333"]
    table = rows(assignments)
    snapshot = run.snapshot()
    assert [int(row["cluster"]) for row in table] == snapshot.y_pred.tolist()
    assert [int(row["class"]) for row in table] == digits.labels.tolist()
    assert np.mean([int(row["right"]) for row in table]) == pytest.approx(acc(digits.labels, snapshot.y_pred))
    with np.load(codes, allow_pickle=False) as arrays:
        assert set(arrays.files) == {"sample", "cluster", "class", "logits", "probs", "z", "z_s"}
        np.testing.assert_array_equal(arrays["z"], snapshot.spaces["z"])
        np.testing.assert_allclose(arrays["probs"].sum(axis=1), 1, rtol=1e-5)
    frame = pd.read_parquet(samples)
    assert frame["cluster"].tolist() == snapshot.y_pred.tolist()
    assert frame["class"].astype(int).tolist() == digits.labels.tolist()
    np.testing.assert_allclose(frame[[f"p{k}" for k in range(10)]], snapshot.probs, rtol=1e-6)
    wanted = PCA(2, svd_solver="full").fit_transform(snapshot.spaces["z"].astype(np.float64))
    np.testing.assert_allclose(np.abs(frame[["x", "y"]]), np.abs(wanted), atol=1e-4)
    assert pq.read_schema(samples).metadata[b"run"].decode() == run.id


def test_clusters_are_also_written_merged_to_a_number(finished, digits, tmp_path):
    run = finished()
    files = export(run, tmp_path, n_clusters=4)
    assert [path.name for path in files] == [*NAMES, "assignments-4.csv"]
    cut, y_pred = tree_of(run.snapshot()).cut(4), run.snapshot().y_pred
    assert [int(row["cluster"]) for row in rows(files[-1])] == cut.leads[cut.groups[y_pred]].tolist()
    assert rows(files[-1])[0]["cluster_name"] == rows(files[-1])[0]["cluster"]
    with pytest.raises(ValueError, match="clusters of this run can be merged to 1 to 10"):
        export(run, tmp_path, n_clusters=11)


def test_annotations_are_written_beside_the_run(finished, digits, tmp_path):
    run = finished()
    known = Annotations(RunStore())
    mine = known.add(known.create(run.id, "my / merge", epoch=1), Merge(clusters=(0, 1)))
    bad = known.add(known.create(run.id, "bad", epoch=1), Split(cluster=0, space="?", centres=((0,), (1,)), variance=1))
    files = export(run, tmp_path, [mine, bad])
    assert [path.name for path in files[len(NAMES) :]] == [
        f"annotation-my-merge-{mine.annotation_id}.{kind}" for kind in ("csv", "json")
    ]
    table, document = rows(files[-2]), json.loads(files[-1].read_text())
    assert document["annotation"] == "my / merge" and document["steps"] == [{"step": "merge", "clusters": [0, 1]}]
    merged = np.array([int(row["cluster"]) for row in table])
    assert document["after"]["acc"] == pytest.approx(acc(digits.labels, merged))
    assert {row["cluster_label"] for row in table if row["run_cluster"] in "01"} == {"1+2"}


def test_data_that_are_gone_cost_only_classes_and_images(finished, tmp_path, caplog):
    export(finished(dataset="/nowhere/pictures.npz"), tmp_path)
    assert "exported without classes and images" in caplog.text
    assert "class" not in rows(tmp_path / "assignments.csv")[0]
    assert (tmp_path / "report.html").exists()


def test_data_that_changed_are_not_mixed_with_old_codes(finished, tmp_path, caplog):
    export(finished(limit=50), tmp_path)
    assert "digits now has 50 samples, the run was trained on 96" in caplog.text
    assert "class" not in rows(tmp_path / "assignments.csv")[0]


def test_weights_that_cannot_be_read_cost_only_the_heat(finished, tmp_path, caplog):
    run = finished()
    (run.folder / "checkpoint.pt").write_bytes(b"not weights")
    export(run, tmp_path)
    assert "exported without Grad-CAM" in caplog.text
    assert "class" in rows(tmp_path / "assignments.csv")[0]


def test_a_run_without_a_snapshot_writes_nothing(tmp_path):
    run = RunStore().create(RunSpec(dataset="digits", method="dccs", config={}, epochs=1))
    with pytest.raises(ValueError, match="no snapshot yet"):
        export(run, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_trained_run_is_exported_with_heat(tmp_path):
    store = RunStore()
    run = store.create(build_spec("digits", "dccs", changes={"width": 0.125}, limit=192, epochs=2))
    active = store.claim(run.id)
    assert active is not None
    assert worker.execute(active) == "finished"
    export(run, tmp_path)
    assert json.loads((tmp_path / "spec.json").read_text())["limit"] == 192
    assert "each beside its Grad-CAM" in (tmp_path / "report.html").read_text()


def test_what_each_view_says_is_exported_beside_the_fused_clusters(two_views, tmp_path):
    run, _ = two_views()
    export(run, tmp_path)
    table, snapshot = rows(tmp_path / "assignments.csv"), run.snapshot()
    for number, logits in enumerate(snapshot.view_logits, start=1):
        assert [int(row[f"cluster_view_{number}"]) for row in table] == logits.argmax(axis=1).tolist()
    with np.load(tmp_path / "codes.npz", allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["logits_2"], snapshot.view_logits[1])
        assert arrays["marks_h"].shape == (10, 10)
