from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from mmclust.data import catalogue
from mmclust.data.dataset import MultiViewDataset
from mmclust.evaluation.snapshot import Snapshot
from mmclust.runs.run import Run
from mmclust.runs.spec import RunSpec
from mmclust.runs.store import RunStore

N = 96


@pytest.fixture
def digits() -> MultiViewDataset:
    return catalogue.load("digits", limit=N)


@pytest.fixture
def finished(digits: MultiViewDataset) -> Callable[..., Run]:
    """A run whose curves and codes are written by hand: nine in ten samples are right."""

    def make(**changes) -> Run:
        spec = RunSpec(dataset="digits", method="dccs", config={"beta_aug": 2.0, "flip": False}, epochs=3, limit=N)
        run = RunStore().create(replace(spec, **changes))
        active = RunStore().claim(run.id)
        assert active is not None and digits.labels is not None
        rng = np.random.default_rng(0)
        with active:
            active.begin(n_samples=N, n_train=N, n_clusters=10, environment={"torch": "2", "parameters": "12345"})
            for epoch in range(1, 4):
                figures = {"loss/adv": 1 / epoch, "signal/usage_entropy": 2.2, "eval/acc": 0.3 * epoch}
                active.log(figures | {"eval/nmi": 0.2 * epoch, "eval/ari": 0.1 * epoch}, step=epoch * 2, epoch=epoch)
            y_pred = np.where(np.arange(N) % 10 == 0, 0, (digits.labels + 1) % 10)
            logits = (6 * np.eye(10)[y_pred] + rng.normal(size=(N, 10))).astype(np.float32)
            z = np.concatenate([logits, rng.normal(size=(N, 4))], axis=1).astype(np.float32)
            spaces = {"z": z, "z_s": z[:, 10:]}
            active.snapshot(Snapshot(epoch=3, step=6, index=np.arange(N), spaces=spaces, logits=logits))
            active.finish("finished")
        return run

    return make


@pytest.fixture
def two_views() -> Callable[[], tuple[Run, MultiViewDataset]]:
    """A run on the digits in two views, written by hand: the second view takes cluster 1 for cluster 2 and back."""

    def make() -> tuple[Run, MultiViewDataset]:
        data = catalogue.load("digits-2view", limit=N)
        names = [replace(view, name=name) for view, name in zip(data.spec.views, ("pixels", "strokes"), strict=True)]
        data = replace(data, spec=replace(data.spec, views=tuple(names)))
        assert data.labels is not None
        run = RunStore().create(RunSpec(dataset="digits-2view", method="msdib", config={}, epochs=2, limit=N))
        active = RunStore().claim(run.id)
        assert active is not None
        rng = np.random.default_rng(0)
        with active:
            active.begin(n_samples=N, n_train=N, n_clusters=10, environment={})
            for epoch in (1, 2):
                values = {"signal/weight_1": 0.5 + 0.1 * epoch, "signal/weight_2": 0.5 - 0.1 * epoch}
                active.log(
                    values | {"loss/shared": 1 / epoch, "view/acc_1": 0.5, "view/acc_2": 0.4}, step=epoch, epoch=epoch
                )
            swap = np.array([0, 2, 1, *range(3, 10)])
            scores = [
                (6 * np.eye(10)[y] + rng.normal(size=(N, 10))).astype(np.float32)
                for y in (data.labels, data.labels, swap[data.labels])
            ]
            over = np.eye(20, dtype=np.float32)[2 * data.labels + rng.integers(0, 2, N)]
            codes = {name: s for name, s in zip(("h", "h_1", "h_2"), scores, strict=True)} | {"over": over}
            active.snapshot(
                Snapshot(
                    epoch=2,
                    step=2,
                    index=np.arange(N),
                    spaces=codes,
                    logits=scores[0],
                    view_logits=tuple(scores[1:]),
                    landmarks={"h": 6 * np.eye(10, dtype=np.float32)},
                )
            )
            active.finish("finished")
        return run, data

    return make
