"""The yardstick of `bench train` and the package's DCCS are the same method, written twice."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from benchmarks.plain_dccs import ImagePairs, PlainDCCS
from mmclust import methods
from mmclust.data.dataset import DataSpec, ViewSpec
from mmclust.engine.trainer import build
from mmclust.methods.base import Batch

IMAGES = np.random.default_rng(0).integers(0, 256, (128, 28, 28), dtype=np.uint8)


def twins() -> tuple[PlainDCCS, Any]:
    """The plain training and the package's method with the same weights."""
    card = methods.card("dccs")
    config = card.config(**card.resolve("mnist", "paper", {}))
    view = ViewSpec(name="image", kind="image", shape=(1, 28, 28))
    ours: Any = build(
        methods.method_class("dccs"), config, DataSpec(name="noise", views=(view,), n_clusters=10), seed=0
    )
    plain = PlainDCCS(IMAGES, seed=0)
    with torch.no_grad():
        for mine, theirs in ((ours.encoder, plain.encoder), (ours.critic, plain.critic)):
            for target, source in zip(mine.parameters(), theirs.parameters(), strict=True):
                target.copy_(source)
        first, _, second, _, last = plain.discriminator
        ours.discriminator.first_features.weight.copy_(first.weight[:, :3200])  # pyright: ignore[reportIndexIssue]
        ours.discriminator.first_codes.weight.copy_(first.weight[:, 3200:])  # pyright: ignore[reportIndexIssue]
        ours.discriminator.first_features.bias.copy_(first.bias)
        ours.discriminator.second.load_state_dict(second.state_dict())
        ours.discriminator.last.load_state_dict(last.state_dict())
    return plain, ours


@pytest.fixture(scope="module")
def pair() -> tuple[PlainDCCS, Any]:
    return twins()


def raw(images: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(images[:, None])


def test_both_have_the_published_number_of_parameters(pair):
    plain, ours = pair
    for theirs, mine in ((plain.encoder, ours.encoder), (plain.critic, ours.critic)):
        assert sum(p.numel() for p in theirs.parameters()) == sum(p.numel() for p in mine.parameters())
    assert sum(p.numel() for p in plain.encoder.parameters()) == 3_472_828
    assert sum(p.numel() for p in plain.critic.parameters()) == 587_777
    assert sum(p.numel() for p in plain.discriminator.parameters()) == 3_864_577


def test_both_give_the_same_codes_and_features(pair):
    plain, ours = pair
    pictures = ImagePairs(IMAGES[:64])
    codes, logits, features = plain.encoder(torch.stack([pictures[i][0] for i in range(64)]))
    mine = ours.encode(ours.plain(raw(IMAGES[:64])))
    for theirs, found in zip((codes, logits, features), mine, strict=True):
        torch.testing.assert_close(found, theirs, atol=1e-5, rtol=1e-4)


def test_the_written_out_critic_gradient_is_the_one_of_autograd(pair):
    plain, ours = pair
    codes = torch.randn(16, 60, generator=torch.Generator().manual_seed(1), requires_grad=True)
    scores = plain.critic(codes)
    (gradients,) = torch.autograd.grad(scores.sum(), codes)
    torch.testing.assert_close(ours.critic(codes), scores.squeeze(1))
    torch.testing.assert_close(ours.critic.input_gradient(codes.detach()), gradients)


def test_the_discriminator_in_blocks_is_the_one_on_joined_inputs(pair):
    plain, ours = pair
    mine = ours.discriminator
    with torch.no_grad():
        features, codes, order = torch.randn(8, 3200), torch.randn(8, 60), torch.arange(8).flip(0)
        joint, marginal = mine(features, codes, order)
        torch.testing.assert_close(joint, plain.discriminator(torch.cat((features, codes), 1)).squeeze(1))
        torch.testing.assert_close(marginal, plain.discriminator(torch.cat((features, codes[order]), 1)).squeeze(1))


@pytest.mark.parametrize("phase", ["critic", "encoder"])
def test_a_step_in_float32_has_the_gradients_of_the_plain_one(phase: str, monkeypatch: pytest.MonkeyPatch):
    plain, ours = twins()
    images, augmented = raw(IMAGES[:64]), torch.rand(64, 1, 28, 28) * 2 - 1
    prior, order = plain._sample_prior(64), torch.randperm(64)
    # Both see the same draws: prior, mixing weights, augmentation and permutation.
    monkeypatch.setattr(ours, "augmented", lambda images, generator: augmented)
    monkeypatch.setattr(ours, "sample_prior", lambda n, generator: prior)
    monkeypatch.setattr(plain, "_sample_prior", lambda n: prior)
    monkeypatch.setattr(plain, "random", SimpleNamespace(permutation=lambda n: order.numpy()))
    ranks = order.argsort() / 64  # of which `argsort` gives the permutation, and mixing weights as good as any
    monkeypatch.setattr(torch, "rand", lambda *size, **_: ranks.view(size))
    batch = Batch(views=(images,), index=torch.arange(64), generator=torch.Generator())
    terms = ours.loss_terms(batch, "train", phase)
    weights = ours.weights("train", phase)
    sum(weights[name] * terms[name] for name in weights).backward()  # pyright: ignore[reportAttributeAccessIssue]
    if phase == "critic":
        plain._critic_step(ours.plain(images))
        pairs = list(zip(ours.critic.parameters(), plain.critic.parameters(), strict=True))
        assert plain.losses["critic"] == pytest.approx((10 * terms["penalty"] + terms["critic"]).item(), abs=1e-5)
    else:
        plain._encoder_step(ours.plain(images), augmented)
        pairs = list(zip(ours.encoder.parameters(), plain.encoder.parameters(), strict=True))
        for name in ("mi", "aug", "adv"):
            assert plain.losses[name] == pytest.approx(terms[name].item(), abs=1e-5)
        joined = torch.cat(
            (ours.discriminator.first_features.weight.grad, ours.discriminator.first_codes.weight.grad), 1
        )
        torch.testing.assert_close(joined, plain.discriminator[0].weight.grad, atol=1e-6, rtol=1e-3)
    for mine, theirs in pairs:
        assert mine.grad is not None and theirs.grad is not None
        difference = (mine.grad - theirs.grad).norm() / theirs.grad.norm().clamp_min(1e-12)
        assert difference < 1e-4


def test_both_take_finite_steps_of_the_same_size(pair):
    plain, ours = pair
    plain.train(10)
    batch = Batch(views=(raw(IMAGES[:64]),), index=torch.arange(64), generator=torch.Generator().manual_seed(0))
    mine = ours.loss_terms(batch, "train", "encoder")
    assert set(plain.losses) == {"critic", "mi", "aug", "adv"}
    for name in ("mi", "aug", "adv"):
        assert np.isfinite(plain.losses[name])
        assert mine[name].item() == pytest.approx(plain.losses[name], abs=0.5)
