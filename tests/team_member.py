"""Tiny trainings of every method, alone or as one process of a team: `python team_member.py FOLDER RANK SIZE`."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from recording import ListRecorder
from torch import distributed

from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.engine import helpers
from mmclust.engine.team import Team
from mmclust.engine.trainer import Trainer, build
from mmclust.methods import card, method_class

METHODS: dict[str, dict[str, Any]] = {
    "dccs": {"style_dim": 4, "width": 0.125, "n_critic": 1},
    "dccs residual": {"style_dim": 4, "width": 0.03, "n_critic": 1, "encoder": "residual-32", "statistics": "train"},
    "imc-swav": {"width": 0.03, "n_prototypes": 8, "statistics": "train"},
    "dmim": {"hidden": 16, "feature_dim": 8, "over_factor": 2},
    "msdib": {"align_epochs": 0},
    "dmid-uic": {"latent_dim": 6, "ce_warmup": 0, "autoencoder_epochs": 1},
}
BATCH = 17
"""Odd: shares differ."""
N_SAMPLES, EPOCHS = 52, 2
HALF = 3
"""Step at which a training is broken off."""
PAUSES, GOES_ON = "dccs residual", "dmid-uic"
"""What a team breaks off, and what it goes on with."""


def images(shape: tuple[int, ...], seed: int) -> np.ndarray:
    """Three kinds of noise."""
    rng = np.random.default_rng(seed)
    kinds = np.arange(N_SAMPLES) % 3
    return (rng.integers(0, 60, (N_SAMPLES, *shape)) + 60 * kinds.reshape(-1, *(1,) * len(shape))).astype(np.uint8)


def dataset(name: str) -> MultiViewDataset:
    """An image of one view, or an image and a vector."""
    image = ViewSpec(name="image", kind="image", shape=(1, 8, 8))
    spec, views = (image,), (images((1, 8, 8), 0),)
    if card(name.split()[0]).several_views:
        vector = ViewSpec(name="vector", kind="vector", shape=(5,))
        spec, views = (image, vector), (*views, images((5,), 1).astype(np.float32) / 255)
    return MultiViewDataset(spec=DataSpec(name="tiny", views=spec, n_clusters=3), views=views, labels=None)


def trainer(name: str, recorder: ListRecorder, team: Team | None) -> Trainer:
    """For a method of `METHODS`."""
    torch.set_num_threads(1)
    key = name.split()[0]
    data, about = dataset(name), card(key)
    config = about.config(**{"batch_size": BATCH, **METHODS[name]})
    method = build(method_class(key), config, data.spec, 0)
    return Trainer(method, data, recorder, epochs=EPOCHS, seed=0, device=torch.device("cpu"), team=team)


def trained(
    name: str, team: Team | None, state: dict[str, Any] | None = None, until: int | None = None
) -> tuple[dict[str, list[float]], ListRecorder]:
    """Losses of every step, by their names; and what a recorder has received."""
    recorder = ListRecorder()
    one = trainer(name, recorder, team)
    one._log_is_due = lambda: True
    assert one.fit(state, until=until) == ("paused" if until else "finished")
    losses = {curve: values for curve, values in recorder.curves.items() if curve.startswith(("loss/", "objective/"))}
    return losses, recorder


def shares(folder: Path, rank: int, size: int) -> Iterator[str]:
    """Every method in a team of its own; one goes on from where a process alone has come to."""
    for name in METHODS:
        (folder / name).mkdir(exist_ok=True)
        team = helpers.join(folder / name, rank, size, torch.device("cpu"))
        state = torch.load(folder / "state.pt") if name == GOES_ON else None
        found, recorder = trained(name, team, state, until=HALF if name == PAUSES else None)
        distributed.destroy_process_group()
        if rank == 0 and name == PAUSES:
            torch.save(recorder.state, folder / "together.pt")
        yield json.dumps({"name": name, "losses": found})


if __name__ == "__main__":
    where, number, of = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    lines = list(shares(where, number, of))
    if number == 0:
        (where / "found.jsonl").write_text("\n".join(lines))
