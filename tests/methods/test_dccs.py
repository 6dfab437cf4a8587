import numpy as np
import pytest
import torch

from mmclust.data.dataset import DataSpec, ViewSpec
from mmclust.methods import card, method_class
from mmclust.methods.automatic import Facts
from mmclust.methods.base import Batch
from mmclust.methods.dccs.card import Config
from mmclust.methods.dccs.method import DCCS


def _spec(channels: int = 1, side: int = 8, n_clusters: int = 4) -> DataSpec:
    view = ViewSpec(name="image", kind="image", shape=(channels, side, side))
    return DataSpec(name="tiny", views=(view,), n_clusters=n_clusters)


def _method(spec: DataSpec | None = None, **changes: object) -> DCCS:
    torch.manual_seed(0)
    return DCCS(Config(**({"style_dim": 6} | changes)), spec or _spec())  # pyright: ignore[reportArgumentType]


def _batch(spec: DataSpec, n_samples: int = 16) -> Batch:
    generator = torch.Generator().manual_seed(1)
    images = torch.randint(0, 256, (n_samples, *spec.views[0].shape), generator=generator, dtype=torch.uint8)
    return Batch(views=(images,), index=torch.arange(n_samples), generator=generator)


def test_prior_codes_are_gaussian_style_beside_an_even_one_hot_category() -> None:
    method = _method(sigma=0.2)
    prior = method.sample_prior(20_000, torch.Generator().manual_seed(0))
    style, category = prior[:, :6], prior[:, 6:]
    assert style.std().item() == pytest.approx(0.2, rel=0.02)
    assert style.mean().abs() < 0.01
    assert set(category.unique().tolist()) == {0.0, 1.0}
    np.testing.assert_allclose(category.mean(0).numpy(), 0.25, atol=0.02)


def test_turns_follow_n_critic() -> None:
    method = _method(n_critic=2)
    assert [method.phases(step) for step in range(6)] == [("critic",), ("critic",), ("encoder",)] * 2


def test_a_critic_turn_moves_the_critic_alone_and_an_encoder_turn_all_but_the_critic() -> None:
    method = _method()
    for phase, moved in (("critic", {"critic"}), ("encoder", {"encoder", "discriminator"})):
        method.zero_grad(set_to_none=True)
        terms = method.loss_terms(_batch(method.spec), "train", phase)
        sum(w * terms[name] for name, w in method.weights("train", phase).items()).backward()  # pyright: ignore
        assert {n.split(".")[0] for n, p in method.named_parameters() if p.grad is not None} == moved


def test_the_objective_agrees_with_a_literal_computation() -> None:
    """Mean over pairs, two encoder passes (augmented first), Kullback-Leibler from plain to augmented."""
    method = _method()
    batch = _batch(method.spec)
    terms = method.loss_terms(batch, "train", "encoder")
    replay = _batch(method.spec)
    _, augmented, _ = method.encode(method.augmented(replay.views[0], replay.generator))
    codes, logits, features = method.encode(replay.views[0] / 255 * 2 - 1)
    order = torch.rand(16, generator=replay.generator).argsort()
    p, q = logits.softmax(1), augmented.softmax(1)
    judge = method.discriminator

    def judged(pairs: torch.Tensor) -> torch.Tensor:
        weight = torch.cat((judge.first_features.weight, judge.first_codes.weight), dim=1)
        first = torch.nn.functional.linear(pairs, weight, judge.first_features.bias)
        inner = torch.nn.functional.leaky_relu(first, 0.2)
        return judge.last(torch.nn.functional.leaky_relu(judge.second(inner), 0.2)).squeeze(1)

    pairs = torch.cat((torch.cat((features, codes), 1), torch.cat((features, codes[order]), 1)))
    target = torch.cat((torch.ones(16), torch.zeros(16)))
    mi = torch.nn.functional.binary_cross_entropy_with_logits(judged(pairs), target)
    torch.testing.assert_close(terms["mi"], mi)
    torch.testing.assert_close(terms["aug"], (p * (p.log() - q.log())).sum() / 16)
    torch.testing.assert_close(terms["adv"], -method.critic(codes).sum() / 16)
    torch.testing.assert_close(codes[:, 6:], p)


def test_an_encoder_turn_moves_the_running_statistics_twice_and_a_critic_turn_once() -> None:
    method = _method()
    count = method.encoder.get_buffer("dense.1.num_batches_tracked")
    method.loss_terms(_batch(method.spec), "train", "critic")
    assert count.item() == 1
    method.loss_terms(_batch(method.spec), "train", "encoder")
    assert count.item() == 3


def test_without_the_augmentation_s_weight_no_augmented_pass_moves_the_running_statistics() -> None:
    """Published code makes the augmented pass only where beta_Aug is not 0."""
    method, twin = _method(beta_aug=0.0), _method(beta_aug=0.0)
    terms = method.loss_terms(_batch(method.spec), "train", "encoder")
    twin.encode(_batch(twin.spec).views[0] / 255 * 2 - 1)  # the plain images alone
    assert set(terms) == {"mi", "adv"}
    for name, buffer in method.encoder.named_buffers():
        torch.testing.assert_close(buffer, twin.encoder.get_buffer(name))


def test_without_style_the_code_is_the_category() -> None:
    method = _method(style_dim=0)
    spaces = method.spaces(_batch(method.spec).views)
    assert "z_s" not in spaces
    torch.testing.assert_close(spaces["z"], spaces["z_c"])
    assert method.loss_terms(_batch(method.spec), "train", "critic")["critic"].isfinite()


@pytest.mark.parametrize(("kind", "channels"), [("gray", 1), ("gray", 3), ("sobel", 3), ("rgb", 3)])
def test_every_kind_of_input_trains(kind: str, channels: int) -> None:
    spec = _spec(channels, side=16)
    method = _method(spec, input=kind, width=0.125, flip=True)
    for phase in ("critic", "encoder"):
        terms = method.loss_terms(_batch(spec), "train", phase)
        assert all(term.isfinite() for term in terms.values())


def test_in_bf16_the_critic_and_the_losses_stay_float32() -> None:
    method = _method()
    with torch.autocast("cpu", torch.bfloat16):
        for phase in ("critic", "encoder"):
            terms = method.loss_terms(_batch(method.spec), "train", phase)
            assert {term.dtype for term in terms.values()} == {torch.float32}


def test_the_learning_rate_is_constant_as_published_or_falls_along_a_cosine() -> None:
    for schedule, expected in (("constant", [1e-4] * 3), ("cosine", [1e-4, 0.505e-4, 1e-6])):
        method = _method(schedule=schedule)
        optimizers = method.optimizers()
        found = []
        for epoch in (0, 5, 10):
            method.schedule("train", epoch, 10)
            found.append([optimizer.param_groups[0]["lr"] for optimizer in optimizers.values()])
        np.testing.assert_allclose(found, np.repeat(np.array(expected)[:, None], 2, axis=1))


def test_a_rotation_moves_the_augmented_image_alone() -> None:
    turned, upright = _method(rotation=30, crop_area=1.0, jitter=0.0), _method(crop_area=1.0, jitter=0.0)
    batch = _batch(turned.spec)
    images, generator = batch.views[0], batch.generator
    torch.testing.assert_close(upright.augmented(images, generator), upright.plain(images))
    assert (turned.augmented(images, generator) - turned.plain(images)).abs().mean() > 0.1


def test_assignments_are_the_softmax_of_the_logits() -> None:
    method = _method().eval()
    views = _batch(method.spec).views
    torch.testing.assert_close(method.assign(views), method.spaces(views)["z_c"])
    torch.testing.assert_close(method.assign(views).sum(1), torch.ones(16))


@pytest.mark.parametrize(
    ("spec", "changes", "words"),
    [
        (_spec(1, 3), {}, "too small"),
        (_spec(1, 8), {"encoder": "residual-96"}, "at least 16 x 16"),
        (_spec(1, 8), {"input": "rgb"}, "colour"),
        (DataSpec(name="v", views=(ViewSpec(name="a", kind="vector", shape=(5,)),), n_clusters=2), {}, "image"),
    ],
)
def test_unfit_data_is_refused_with_a_sentence(spec: DataSpec, changes: dict[str, str], words: str) -> None:
    reason = DCCS.validate(spec, Config(**changes))  # pyright: ignore[reportArgumentType]
    assert reason is not None
    assert words in reason


@pytest.mark.parametrize("preset", ["auto", "quick", "best-known", "paper"])
@pytest.mark.parametrize("size", [(6, 9), (8, 8), (12, 12), (28, 28), (40, 40)])
def test_every_preset_takes_images_of_ones_own_of_any_size(preset: str, size: tuple[int, int]) -> None:
    view = ViewSpec(name="image", kind="image", shape=(1, *size))
    facts = Facts(n_samples=300, n_clusters=3, views=(view,))
    values = card("dccs").resolve("mine.npz", preset, {}, facts=facts)
    assert DCCS.validate(DataSpec(name="mine", views=(view,), n_clusters=3), Config(**values)) is None


def test_the_paper_preset_gives_the_papers_values_per_data_set() -> None:
    dccs = card("dccs")
    assert dccs.resolve("mnist", "paper", {})["beta_aug"] == 2
    assert dccs.resolve("cifar10", "paper", {}) | {"beta_aug": 4.0, "flip": True} == dccs.resolve(
        "cifar10", "paper", {}
    )
    assert not dccs.resolve("mnist", "paper", {})["flip"]
    assert dccs.resolve("fashion-mnist", "paper", {})["flip"]
    assert dccs.resolve("mnist", "paper", {"beta_aug": "3"})["beta_aug"] == 3


@pytest.mark.parametrize("row", ["M1: Adv", "M2: Adv + MI", "M3: Adv + Aug"])
def test_an_ablation_switches_its_terms_off(row: str) -> None:
    dccs = card("dccs")
    config = Config(**dccs.resolve("mnist", "paper", dccs.ablations[row]))
    weights = DCCS(config, _spec()).weights("train", "encoder")
    assert {name for name, weight in weights.items() if weight} == {
        "M1: Adv": {"adv"},
        "M2: Adv + MI": {"adv", "mi"},
        "M3: Adv + Aug": {"adv", "aug"},
    }[row]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"beta_aug": 99}, "0 to 10"),
        ({"beta_aug": "much"}, "not a number"),
        ({"n_critic": 1.5}, "not a whole number"),
        ({"input": "cmyk"}, "gray, sobel, rgb"),
        ({"flip": "perhaps"}, "not a switch"),
        ({"beta": 1}, "known are beta_aug"),
        ({"sigma": "nan"}, "out of range"),
    ],
)
def test_bad_hyper_parameters_are_refused_with_a_sentence(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        card("dccs").resolve("mnist", "quick", changes)


def test_the_table_of_methods_names_the_known_ones() -> None:
    assert method_class("dccs") is DCCS
    with pytest.raises(ValueError, match="dccs"):
        method_class("decs")


def test_categories_of_two_augmentations_are_probabilities_and_differ():
    method = _method()
    batch = _batch(method.spec)
    codes = method.augmented_codes(batch.views, batch.generator)
    assert codes.shape == (2, 16, 4)
    torch.testing.assert_close(codes.sum(dim=2), torch.ones(2, 16))
    assert not torch.equal(codes[0], codes[1])
