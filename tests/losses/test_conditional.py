import math

import pytest
import torch
from torch import Tensor

from mmclust.losses.conditional import (
    LARGEST_LOGIT,
    code_loss,
    discriminator_loss,
    generator_loss,
    generator_loss_exponential,
    unit_weights,
)

B, K = 7, 4


@pytest.fixture
def drawn() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Logits of real and generated samples, assignments, one-hot codes."""
    generator = torch.Generator().manual_seed(0)
    real = torch.randn(B, K + 1, generator=generator, dtype=torch.float64)
    fake = torch.randn(B, K + 1, generator=generator, dtype=torch.float64)
    probs = torch.randn(B, K, generator=generator, dtype=torch.float64).softmax(1)
    codes = torch.eye(K, dtype=torch.float64)[torch.randint(K, (B,), generator=generator)]
    return real, fake, probs, codes


def test_the_last_unit_always_counts() -> None:
    weights = unit_weights(torch.tensor([[0.25, 0.75], [1.0, 0.0]]))
    assert weights.tolist() == [[0.25, 0.75, 1.0], [1.0, 0.0, 1.0]]


def test_the_discriminators_loss_is_equation_6(drawn: tuple[Tensor, ...]) -> None:
    real, fake, probs, codes = drawn
    total = 0.0
    for n in range(B):
        for i in range(K + 1):
            w = probs[n, i].item() if i < K else 1.0
            a = codes[n, i].item() if i < K else 1.0
            d_real, d_fake = (1 / (1 + math.exp(-f[n, i].item())) for f in (real, fake))
            total -= (w * math.log(d_real) + a * math.log(1 - d_fake)) / B
    assert discriminator_loss(real, fake, probs, codes).item() == pytest.approx(total)


def test_all_units_alike_reject_a_generated_sample_as_printed(drawn: tuple[Tensor, ...]) -> None:
    real, fake, probs, codes = drawn
    difference = discriminator_loss(real, fake, probs, codes, fake_units="all") - discriminator_loss(*drawn)
    total = 0.0
    for n in range(B):
        for i in range(K):  # the last unit counts in both
            total -= (1 - codes[n, i].item()) * math.log(1 - 1 / (1 + math.exp(-fake[n, i].item()))) / B
    assert difference.item() == pytest.approx(total)


def test_an_undecided_discriminator_scores_four_times_ln_2() -> None:
    zeros, even = torch.zeros(B, K + 1), torch.full((B, K), 1 / K)
    assert discriminator_loss(zeros, zeros, even, torch.eye(K)[[0] * B]).item() == pytest.approx(4 * math.log(2))


def test_both_generator_losses_are_equation_5(drawn: tuple[Tensor, ...]) -> None:
    _, fake, _, codes = drawn
    fake = 3 * fake  # some beyond the cut
    assert (fake > LARGEST_LOGIT).any()
    log_d, exponential = 0.0, 0.0
    for n in range(B):
        for i in (int(codes[n].argmax()), K):
            f = fake[n, i].item()
            log_d -= math.log(1 / (1 + math.exp(-f))) / B
            exponential -= 0.5 * math.exp(min(f, LARGEST_LOGIT)) / B
    assert generator_loss(fake, codes).item() == pytest.approx(log_d)
    assert generator_loss_exponential(fake, codes).item() == pytest.approx(exponential)


def test_without_the_cut_the_exponential_is_the_odds_of_d(drawn: tuple[Tensor, ...]) -> None:
    _, fake, _, codes = drawn
    d = fake.clamp(max=LARGEST_LOGIT).sigmoid()
    odds = (unit_weights(codes) * d / (1 - d)).sum(1).mean()
    torch.testing.assert_close(generator_loss_exponential(fake, codes), -odds / 2)


@pytest.mark.parametrize("loss", [generator_loss, generator_loss_exponential])
def test_the_generator_gets_no_gradient_from_units_of_other_clusters(loss: object, drawn: tuple[Tensor, ...]) -> None:
    _, fake, _, codes = drawn
    fake = fake.requires_grad_()
    loss(fake, codes).backward()  # pyright: ignore
    gradient = fake.grad
    assert gradient is not None
    assert ((gradient != 0) == (unit_weights(codes) != 0)).all()
    assert (gradient <= 0).all()  # it gains by every judge it convinces


def test_huge_logits_stay_finite() -> None:
    huge = torch.tensor([[1e4, -1e4, 1e4]], requires_grad=True)
    code = torch.tensor([[0.0, 1.0]])
    for value in (
        generator_loss(huge, code),
        generator_loss_exponential(huge, code),
        discriminator_loss(huge, huge, code, code),
    ):
        assert value.isfinite()
        value.backward()
    assert huge.grad is not None
    assert huge.grad.isfinite().all()


def test_the_numbers_of_clusters_do_not_matter(drawn: tuple[Tensor, ...]) -> None:
    real, fake, probs, codes = drawn
    order = torch.tensor([2, 0, 3, 1])
    units = torch.cat((order, torch.tensor([K])))
    permuted = discriminator_loss(real[:, units], fake[:, units], probs[:, order], codes[:, order])
    torch.testing.assert_close(permuted, discriminator_loss(real, fake, probs, codes))
    torch.testing.assert_close(generator_loss(fake[:, units], codes[:, order]), generator_loss(fake, codes))


def test_the_code_loss_is_equation_14_per_source() -> None:
    generator = torch.Generator().manual_seed(0)
    log_probs = torch.randn(3, B, K, generator=generator).log_softmax(2)
    clusters = torch.randint(K, (B,), generator=generator)
    expected = [sum(-log_probs[s, n, clusters[n]].item() for n in range(B)) / B for s in range(3)]
    assert code_loss(log_probs, clusters).tolist() == pytest.approx(expected)
    assert code_loss(torch.full((B, K), 1 / K).log(), clusters).item() == pytest.approx(math.log(K))
