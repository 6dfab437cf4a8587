import math
from typing import Any

import numpy as np
import pytest
import torch
from recording import ListRecorder
from torch import nn

from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.engine.ending import FALL, Ending
from mmclust.engine.trainer import Trainer, build
from mmclust.methods.dccs.card import Config
from mmclust.methods.dccs.method import DCCS

EPOCHS, STEPS = 8, 7
"""Of the trainings here; steps in an epoch of them."""


def _walked(uses: list[float], epochs: int) -> tuple[bool, float, int]:
    """A network whose one weight is its epoch, judged by shares of ln K: whether it went back, to what, from where."""
    method: Any = nn.Linear(1, 1, bias=False)
    ending, went = Ending(), False
    for epoch, use in enumerate(uses):
        nn.init.constant_(method.weight, epoch)
        went = ending.goes_back(method, use * math.log(5), epoch=epoch, epochs=epochs, n_clusters=5)
    return went, method.weight.item(), ending.epoch


def _literal(uses: list[float]) -> int:
    """The epoch whose networks count, as the rule reads: uses of epochs 0, 1, 2 ..."""
    last = len(uses) - 1
    late = [epoch for epoch in range(last + 1) if epoch >= 0.75 * last]
    best = max(late, key=lambda epoch: (uses[epoch], epoch))
    return best if uses[best] - uses[last] > FALL else last


@pytest.mark.parametrize("seed", range(6))
def test_the_networks_that_count_are_those_of_the_literal_rule(seed: int):
    uses = (1 - np.random.default_rng(seed).uniform(0, 0.02, 13)).tolist()
    went, weight, kept = _walked(uses, 12)
    assert weight == _literal(uses)
    assert went == (weight != 12)
    assert not went or kept == weight


def test_a_training_that_holds_or_that_was_better_only_early_keeps_its_last_epoch():
    assert _walked([0.9, 0.95, 1.0, 1.0, 0.995], 4) == (False, 4.0, 3)
    assert _walked([1.0, 1.0, 1.0, 0.9, 0.9], 4) == (False, 4.0, 4)
    assert _walked([0.9, 0.95, 1.0, 1.0, 0.98], 4) == (True, 3.0, 3)


def _trainer(recorder: ListRecorder, ending: str, wrecked_from: int | None) -> Trainer:
    """DCCS on three gray levels; from a step on, every update throws all samples into the last cluster."""
    labels = np.arange(120) % 3
    images = (60 * labels[:, None, None, None] + np.zeros((1, 1, 8, 8))).astype(np.uint8)
    spec = DataSpec(name="tiny", views=(ViewSpec(name="image", kind="image", shape=(1, 8, 8)),), n_clusters=3)
    config = Config(style_dim=4, batch_size=16, width=0.25, ending=ending)
    method = build(DCCS, config, spec, 0)
    bias = [p for name, p in method.named_parameters() if name.startswith("encoder.") and name.endswith("bias")][-1]

    def after_step(stage: str, phase: str, step: int) -> None:
        if wrecked_from is not None and step >= wrecked_from:
            with torch.no_grad():
                bias[-1] += 100

    method.after_step = after_step
    dataset = MultiViewDataset(spec=spec, views=(images,), labels=labels)
    return Trainer(method, dataset, recorder, epochs=EPOCHS, seed=0, device=torch.device("cpu"))


def test_a_training_that_falls_in_its_last_epoch_ends_where_it_stood_before():
    fallen, kept = ListRecorder(), ListRecorder()
    last_epoch = (EPOCHS - 1) * STEPS
    _trainer(fallen, "last", last_epoch).fit()
    trainer = _trainer(kept, "before-fall", last_epoch)
    trainer.fit()
    name = "signal/usage_entropy"
    before, after = fallen.curves[name], kept.curves[name]
    assert before[:-1] == after[:-1] and before[-1] < 0.1
    epoch = int(kept.curves["signal/kept_epoch"][-1])
    assert epoch in (6, 7) and after[-1] == after[epoch] == max(before[6:])
    assert trainer.ending is not None
    for key, values in trainer.method.state_dict().items():
        torch.testing.assert_close(values, trainer.ending.networks[key], rtol=0, atol=0)
    assert kept.snapshots[-1].epoch == EPOCHS


def test_a_training_that_does_not_fall_ends_as_without_the_option():
    plain, careful = ListRecorder(), ListRecorder()
    ends = [_trainer(plain, "last", None), _trainer(careful, "before-fall", None)]
    for trainer in ends:
        trainer.fit()
    assert plain.points == careful.points
    for ours, theirs in zip(*(t.method.state_dict().values() for t in ends), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0)


def test_a_run_that_was_interrupted_late_goes_back_to_the_same_networks():
    whole, first, second = ListRecorder(), ListRecorder(), ListRecorder()
    last_epoch = (EPOCHS - 1) * STEPS
    straight = _trainer(whole, "before-fall", last_epoch)
    straight.fit()
    _trainer(first, "before-fall", last_epoch).fit(until=last_epoch + 2)
    resumed = _trainer(second, "before-fall", last_epoch)
    resumed.fit(first.state)
    assert second.points[-1] == whole.points[-1]
    for ours, theirs in zip(straight.method.state_dict().values(), resumed.method.state_dict().values(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0)
