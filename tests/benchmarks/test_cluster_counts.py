import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks import cluster_counts
from mmclust.data import catalogue
from mmclust.evaluation.snapshot import Snapshot


def test_cells_that_are_known_are_not_measured_again_and_rows_are_means(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines, fitted = tmp_path / "lines.jsonl", []
    known = {"dataset": "digits --limit 60", "method": "dipdeck", "seed": 0, "n_classes": 10, "n_clusters": 7}
    lines.write_text(json.dumps(known | {"acc": 0.5, "nmi": 0.5, "ari": 0.25, "cpu_s": 3.0}) + "\n")

    class Fake:
        def __init__(self, **options: Any) -> None:
            fitted.append(options)

        def fit(self, table: np.ndarray) -> Any:
            assert table.shape == (60, 64) and table.min() == 0 and table.max() == 1
            return SimpleNamespace(labels_=np.arange(60) % 4)

    monkeypatch.setattr(cluster_counts, "_competitors", lambda: {"dipdeck": Fake, "ddc": Fake})
    monkeypatch.setattr(cluster_counts, "OURS", "ddc")  # ours trains in a process of its own
    monkeypatch.setattr(cluster_counts, "OTHERS", ("dipdeck",))
    monkeypatch.setattr(
        cluster_counts,
        "_ours",
        lambda name, limit, dataset, seed, budget: cluster_counts._other(Fake, "ddc", dataset, seed, 2),
    )
    found = cluster_counts.measure([("digits", 60)], lines=lines, seeds=(0, 1), epochs=2)
    assert [(row["method"], row["found"]) for row in found["rows"]] == [("dipdeck", [7, 4]), ("ddc", [4, 4])]
    assert len(fitted) == 3 and [options.get("clustering_epochs") for options in fitted].count(20) == 1
    accs = [line["acc"] for line in found["lines"] if line["method"] == "dipdeck"]
    assert found["rows"][0]["acc"] == pytest.approx(np.mean(accs)) and "dipdeck" in cluster_counts.table(found)[1]


def test_a_run_is_cut_where_it_is_suggested() -> None:
    data = catalogue.load("digits", limit=120)
    draw = np.random.default_rng(0)
    lump = np.arange(120) % 3
    codes = (8 * np.eye(3)[lump] + draw.normal(size=(120, 3))).astype(np.float32)
    logits = (5 * np.eye(6)[2 * lump + (codes[:, 0] > np.median(codes[:, 0]))]).astype(np.float32)
    snapshot = Snapshot(epoch=1, step=1, index=np.arange(120), spaces={"z": codes}, logits=logits)
    found = cluster_counts.cut(SimpleNamespace(snapshot=lambda: snapshot), "dccs", data, 0)  # type: ignore[arg-type]
    assert found["n_clusters"] in found["plausible"] and found["n_classes"] == 10
    assert found["trained_with"] == "dccs, K = 6" and 0 < found["acc"] <= 1


def test_without_clustpy_the_benchmark_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(__import__("sys").modules, "clustpy.deep", None)
    with pytest.raises(ValueError, match="pip install clustpy"):
        cluster_counts.measure(lines=tmp_path / "lines.jsonl")
