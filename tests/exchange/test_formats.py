import importlib
import json
import re
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mmclust import exchange
from mmclust.cli.main import main
from mmclust.data import catalogue, preprocessing
from mmclust.data.dataset import DataSpec, ViewSpec
from mmclust.methods import card
from mmclust.models import build_model, restore
from mmclust.runs.run import Run
from mmclust.runs.spec import RunSpec
from tests.optional import optional

pytestmark = pytest.mark.slow


@pytest.fixture
def run(finished_run: Callable[..., Run]) -> Run:
    return finished_run("msdib", "digits-2view", preset="paper", limit=120, epochs=2)


def test_a_table_holds_a_row_for_each_sample(run: Run, tmp_path: Path):
    exchange.write(run, "parquet", tmp_path / "a.parquet")
    assert len(pd.read_parquet(tmp_path / "a.parquet")) == 120


def test_annotated_data_hold_codes_clusters_and_probabilities(run: Run, tmp_path: Path):
    anndata = optional("anndata")
    exchange.write(run, "h5ad", tmp_path / "a.h5ad")
    found, snapshot = anndata.read_h5ad(tmp_path / "a.h5ad"), run.snapshot()
    np.testing.assert_allclose(found.X, snapshot.spaces[found.uns["mmclust"]["space"]], rtol=1e-6)
    assert found.obs["cluster"].astype(int).tolist() == snapshot.y_pred.tolist()
    np.testing.assert_allclose(found.obsm["probabilities"], snapshot.probs, atol=1e-6)
    assert json.loads(found.uns["mmclust"]["spec"])["method"] == "msdib"
    assert "class" in found.obs and found.obsm["X_pca"].shape == (120, 2)


def test_weights_with_their_spec_make_the_network_again(run: Run, tmp_path: Path):
    import torch
    from safetensors import safe_open

    exchange.write(run, "safetensors", tmp_path / "a.safetensors")
    with safe_open(tmp_path / "a.safetensors", framework="pt") as file:
        about, state = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    data = json.loads(about["data"])
    views = tuple(ViewSpec(**view | {"shape": tuple(view["shape"]), "image_shape": None}) for view in data["views"])
    spec = RunSpec.from_json(about["spec"])
    after = preprocessing.spec_after(DataSpec(name="x", views=views, n_clusters=10), spec.preprocessing, 120)
    again = build_model(spec, after)
    again.load_state_dict(state)
    loaded = catalogue.load("digits-2view", limit=120)
    batch = tuple(
        torch.from_numpy(np.asarray(v, np.float32)) for v in preprocessing.prepare(loaded, spec.preprocessing).views
    )
    with torch.no_grad():
        np.testing.assert_array_equal(again.eval().assign(batch), restore(run, loaded.spec).assign(batch))


def test_the_exported_network_gives_the_same_probabilities(run: Run, tmp_path: Path):
    optional("onnxscript")
    onnxruntime = optional("onnxruntime")
    exchange.write(run, "onnx", tmp_path / "a.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "a.onnx"))
    prepared = preprocessing.prepare(catalogue.load("digits-2view", limit=120), run.spec.preprocessing)
    given = {f"samples_{i}": np.asarray(view, np.float32) for i, view in enumerate(prepared.views, 1)}
    np.testing.assert_allclose(session.run(None, given)[0], run.snapshot().probs, atol=1e-4)


def test_the_card_holds_the_runs_own_numbers(run: Run, tmp_path: Path):
    run.rename("A | <b>title")
    exchange.write(run, "card", tmp_path / "a.md")
    text, metrics = (tmp_path / "a.md").read_text(), run.record().metrics
    assert metrics is not None
    assert f"| ACC | {metrics['acc']:.1%} |" in text and "| samples | 120 |" in text
    assert text.startswith("# A \\| \\<b\\>title\n")


def test_the_card_fetches_nothing_that_a_title_names(run: Run, tmp_path: Path):
    run.rename("![p](http://127.0.0.1:9/) [a](javascript:b) <img src=//127.0.0.1:9>")
    exchange.write(run, "card", tmp_path / "a.md")
    text = (tmp_path / "a.md").read_text()
    assert text.startswith(r"# !\[p\](http\://127") and r"\<img" in text
    assert re.findall(r"(?<!\\)\]\((.*?)\)", text) == [card("msdib").paper]


def test_curves_are_read_back_by_tensorboard(run: Run, tmp_path: Path):
    events = optional("tensorboard.backend.event_processing.event_accumulator")
    exchange.write(run, "tensorboard", tmp_path / "logs")
    found = events.EventAccumulator(str(tmp_path / "logs" / run.id)).Reload()
    kept = run.metrics(["eval/acc"])
    assert [(p.step, pytest.approx(p.value)) for p in found.Scalars("eval/acc")] == list(
        zip(kept["step"], kept["value"], strict=True)
    )


@pytest.mark.filterwarnings("ignore")  # of mlflow, about the SQLAlchemy that it uses
def test_curves_are_read_back_by_mlflow(run: Run, tmp_path: Path):
    mlflow = optional("mlflow")
    exchange.write(run, "mlflow", tmp_path)
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{tmp_path}/mlflow.db")
    (made,) = client.search_runs([client.get_experiment_by_name("mmclust").experiment_id])
    assert made.data.params["method"] == "msdib"
    kept = run.metrics(["eval/acc"])
    history = client.get_metric_history(made.info.run_id, "eval/acc")
    assert [(p.step, p.value) for p in history] == list(zip(kept["step"], kept["value"], strict=True))


def records(file: Path) -> Iterator[bytes]:
    """The records of a LevelDB log behind seven bytes of wandb: blocks, with checksum, length and kind before each."""
    content, place, parts = file.read_bytes(), 7, b""
    while place + 7 <= len(content):
        if (left := 32768 - place % 32768) < 7:
            place += left
            continue
        size, kind = struct.unpack("<HB", content[place + 4 : place + 7])
        if place + 7 + size > len(content):
            return  # wandb's process is still writing its last record
        parts += content[place + 7 : place + 7 + size]
        place += 7 + size
        if kind in (1, 4):  # whole, or the last part
            yield parts
            parts = b""


def test_curves_are_kept_offline_for_weights_and_biases(run: Run, tmp_path: Path):
    optional("wandb")
    messages = importlib.import_module(
        "wandb.proto.wandb_internal_pb2"
    )  # names made at import, which no type checker sees

    exchange.write(run, "wandb", tmp_path)
    (file,) = tmp_path.glob("wandb/offline-run-*/run-*.wandb")
    found = [item for record in records(file) for item in messages.Record.FromString(record).history.item]
    values = [json.loads(item.value_json) for item in found if "eval/acc" in (item.key, *item.nested_key)]
    assert values == pytest.approx(run.metrics(["eval/acc"])["value"].tolist())


def test_the_command_writes_a_format_and_refuses_others(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["export", run.id, "--format", "card", "--out", str(tmp_path / "a.md")]) == 0
    assert (tmp_path / "a.md").exists()
    assert main(["export", run.id, "--format", "card", "--out", str(tmp_path / "a.txt")]) == 2
    assert "does not end in .md" in capsys.readouterr().err


def test_a_missing_package_is_named(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    there: Any = exchange._is_there
    monkeypatch.setattr(exchange, "_is_there", lambda package: package != "anndata" and there(package))
    with pytest.raises(ValueError, match="h5ad needs anndata; install it with `pip install anndata`"):
        exchange.write(run, "h5ad", tmp_path / "a.h5ad")
