"""The yardstick of `bench train --method imc-swav` and the package's IMC-SwAV are the same method, written twice."""

from typing import Any

import numpy as np
import pytest
import torch

from benchmarks.plain_imc_swav import Crops, PlainIMCSwAV
from mmclust import methods
from mmclust.data.dataset import DataSpec, ViewSpec
from mmclust.engine.trainer import build
from mmclust.methods.base import Batch

B = 12
IMAGES = np.random.default_rng(0).integers(0, 256, (B, 32, 32, 3), dtype=np.uint8)
TERMS = ("swav", "mi", "logit")


@pytest.fixture
def pair() -> tuple[PlainIMCSwAV, Any]:
    """The plain training and the package's method with the same weights."""
    card = methods.card("imc-swav")
    config = card.config(**card.resolve("cifar10", "paper", {}))
    spec = DataSpec(name="cifar10", views=(ViewSpec(name="image", kind="image", shape=(3, 32, 32)),), n_clusters=10)
    ours: Any = build(methods.method_class("imc-swav"), config, spec, seed=0)
    plain = PlainIMCSwAV(IMAGES, seed=0)
    with torch.no_grad():
        for mine, theirs in zip(
            (ours.encoder, ours.projection, ours.prototypes, ours.classifier), plain.networks, strict=True
        ):
            for target, source in zip(mine.parameters(), theirs.parameters(), strict=True):
                target.copy_(source)
        # Logits beyond the bound, so that the third term has something to measure.
        for classifier in (ours.classifier, plain.classifier):
            classifier[-1].weight.mul_(40)  # pyright: ignore[reportCallIssue]
    ours.optimizers()
    return plain, ours


def crops() -> list[torch.Tensor]:
    torch.manual_seed(1)
    pictures = Crops(IMAGES)
    samples = [pictures[i] for i in range(B)]
    return [torch.stack([sample[v] for sample in samples]) for v in range(6)]


def terms_of(ours: Any, monkeypatch: pytest.MonkeyPatch, found: list[torch.Tensor], *, together: bool) -> dict:
    same_size = (torch.stack(found[:2]), torch.stack(found[2:]))
    monkeypatch.setattr(ours, "crops", lambda images, generator, partners: same_size)
    monkeypatch.setattr(ours, "together", lambda device: together)
    batch = Batch(views=(torch.zeros(B, 3, 32, 32),), index=torch.arange(B), generator=torch.Generator())
    return ours.loss_terms(batch, "train", "main")


def test_both_see_the_same_whole_images(pair: tuple[PlainIMCSwAV, Any]):
    theirs = torch.stack([Crops(IMAGES)[i][6] for i in range(B)])
    mine = pair[1].plain(torch.from_numpy(IMAGES.transpose(0, 3, 1, 2).copy()))
    torch.testing.assert_close(mine, theirs, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("together", [False, True])
def test_the_fast_path_has_the_losses_gradients_and_statistics_of_the_plain_one(
    pair: tuple[PlainIMCSwAV, Any], monkeypatch: pytest.MonkeyPatch, together: bool
):
    plain, ours = pair
    found = crops()
    theirs = dict(zip(TERMS, plain.loss_terms(found), strict=True))
    mine = terms_of(ours, monkeypatch, found, together=together)
    assert theirs["logit"].item() > 0.01
    for name in TERMS:
        torch.testing.assert_close(mine[name], theirs[name], atol=1e-4, rtol=1e-4)
    sum(theirs.values()).backward()  # pyright: ignore[reportAttributeAccessIssue]
    sum(mine[name] for name in TERMS).backward()  # pyright: ignore[reportAttributeAccessIssue]
    for part, theirs_part in zip(("encoder", "projection", "prototypes", "classifier"), plain.networks, strict=True):
        a, b = (
            torch.cat([p.grad.flatten() for p in net.parameters() if p.grad is not None])
            for net in (getattr(ours, part), theirs_part)
        )
        # Where a rectifier's input is 0 up to rounding, its gradient is not.
        assert (a - b).norm() < 1e-2 * b.norm(), part
        for a, b in zip(getattr(ours, part).buffers(), theirs_part.buffers(), strict=True):
            torch.testing.assert_close(a, b, atol=1e-4, rtol=1e-4)


def test_both_take_the_same_first_steps(pair: tuple[PlainIMCSwAV, Any], monkeypatch: pytest.MonkeyPatch):
    plain, ours = pair
    found = crops()
    for step in range(3):
        plain.update(found)
        ours.schedule("train", 0.0, 500)
        ours.adam.zero_grad()
        mine = terms_of(ours, monkeypatch, found, together=step == 1)
        loss = sum(weight * mine[name] for name, weight in ours.weights("train", "main").items())
        loss.backward()  # pyright: ignore[reportAttributeAccessIssue]
        ours.after_backward("train", "main")
        ours.adam.step()
        ours.after_step("train", "main", step)
        for name in TERMS:
            assert mine[name].item() == pytest.approx(plain.losses[name], abs=2e-3, rel=2e-3), (step, name)
    torch.testing.assert_close(ours.prototypes.weight, plain.prototypes.weight)
