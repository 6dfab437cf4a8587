"""A store with a finished run that looks trained: real digits, made-up codes, weights that were never moved."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mmclust import specs
from mmclust.auto.account import BESIDE
from mmclust.data import catalogue
from mmclust.evaluation.metrics import score
from mmclust.evaluation.snapshot import Snapshot
from mmclust.runs import store
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore
from mmclust.ui.shell import jobs
from mmclust.ui.shell.jobs import JobQueue

MAIN = str(Path(__file__).resolve().parents[2] / "pages" / "main.py")
EPOCHS = (0, 1, 3)


@pytest.fixture(autouse=True)
def no_example(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bundled example is left out: an empty store is empty."""
    monkeypatch.setattr(store, "open_example", lambda home: None)


@pytest.fixture(autouse=True)
def background_jobs(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobQueue]:
    """Jobs of a page end with its test: later they would read the home of the next one."""
    queue = JobQueue()
    monkeypatch.setattr(jobs, "_queue", queue)
    yield queue
    queue.close()


def snapshot_like_training(epoch: int, *, n_clusters: int = 10, n_wrong: int = 150) -> Snapshot:
    """Codes of digits whose clusters are the classes in another order (as far as K goes), but for some samples."""
    labels = catalogue.load("digits").labels
    assert labels is not None
    draw = np.random.default_rng(epoch)
    clusters = (labels + 3) % min(10, n_clusters)
    wrong = draw.choice(len(labels), n_wrong, replace=False)
    clusters[wrong] = draw.integers(0, n_clusters, n_wrong)
    sure = 1.0 + 2.0 * epoch
    logits = draw.normal(size=(len(labels), n_clusters)) + sure * np.eye(n_clusters)[clusters]
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    style = 0.1 * draw.normal(size=(len(labels), 6))
    spaces = {"z": np.hstack([style, probs]), "z_c": probs, "z_s": style}
    return Snapshot(
        epoch=epoch,
        step=epoch * 28,
        index=np.arange(len(labels)),
        logits=logits.astype(np.float32),
        spaces={name: values.astype(np.float32) for name, values in spaces.items()},
    )


@pytest.fixture
def make_run(home: Path) -> Callable[..., Run]:
    """`make_run(status=..., seed=...)` stores a run with curves, snapshots and, with `weights`, a checkpoint."""

    def make(
        *,
        status: str = "finished",
        seed: int = 0,
        weights: bool = False,
        error: str = "",
        dataset: str = "digits",
        clusters: int = 10,
        launcher: str = "thread",
    ) -> Run:
        runs = RunStore()
        spec = specs.build_spec(dataset, "dccs", epochs=EPOCHS[-1], seed=seed, clusters=clusters)
        run = runs.create(replace(spec, launcher=launcher))
        if status == "queued":
            return run
        active = runs.claim(run.id, places=int(launcher == "sweep"))
        assert active is not None
        data = catalogue.load(dataset)
        with active:
            environment = {"threads": "2", "parameters": "12345"} | ({"peak_memory_mib": "678"} if seed else {})
            active.begin(n_samples=1797, n_train=1797, n_clusters=clusters, environment=environment)
            for epoch in EPOCHS:
                snapshot = snapshot_like_training(epoch, n_clusters=clusters)
                active.snapshot(snapshot)
                values = {f"loss/{name}": 1.0 / (epoch + 1) for name in ("aug", "mi", "adv", "critic", "penalty")}
                values |= {"signal/usage_entropy": 2.29, "signal/confidence": 0.9, "signal/wasserstein": 0.1}
                if data.labels is not None:
                    values |= {f"eval/{name}": value for name, value in score(data.labels, snapshot.y_pred).items()}
                active.log(values, step=snapshot.step, epoch=epoch)
            active.progress(step=84, total_steps=84, epoch=EPOCHS[-1])
            if weights:
                active.checkpoint({"step": 84, "method": fresh_weights(run)})
            active.finish(status, error)  # type: ignore[arg-type]
        write_beside(run)
        return run

    return make


def write_beside(run: Run, word: str = "as good as a simple method") -> None:
    """Simple methods beside a run, as if they had been computed after it."""
    verdict = {"word": word, "reasons": ["The nearest images tell the cluster of an image in 93% of cases."]}
    metrics = {"acc": 0.6123, "nmi": 0.5, "ari": 0.4}
    simple = [{"name": "UMAP and mixture on pixels", "evidence": 0.4, "metrics": metrics}]
    document = {"kind": "images", "n_samples": 1797, "simple": simple, "verdict": verdict}
    (run.folder / BESIDE).write_text(json.dumps(document))


def fresh_weights(run: Run) -> dict:
    """The state of the run's method before training."""
    from mmclust.engine.trainer import build
    from mmclust.methods import card, method_class

    config = card(run.spec.method).config(**run.spec.config)
    spec = catalogue.describe(run.spec.dataset)
    spec = replace(spec, n_clusters=run.spec.n_clusters or spec.n_clusters)
    return build(method_class(run.spec.method), config, spec, 0).state_dict()
