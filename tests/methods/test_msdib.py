from typing import Any

import pytest
import torch

from mmclust.data.dataset import DataSpec, ViewSpec
from mmclust.losses.divergence import cluster_similarity, gaussian_kernel
from mmclust.methods import card
from mmclust.methods.base import Batch
from mmclust.methods.msdib.card import Config
from mmclust.methods.msdib.method import MSDIB

N, K = 24, 3


def _spec(*dims: int) -> DataSpec:
    views = tuple(ViewSpec(name=f"v{d}", kind="vector", shape=(d,)) for d in dims or (4, 6))
    return DataSpec(name="tiny", views=views, n_clusters=K)


def _method(spec: DataSpec | None = None, **changes: Any) -> MSDIB:
    torch.manual_seed(0)
    values: dict[str, Any] = {"input_noise": 0.0, "align_epochs": 0}
    return MSDIB(Config(**(values | changes)), spec or _spec())


def _batch(spec: DataSpec | None = None) -> Batch:
    generator = torch.Generator().manual_seed(1)
    views = tuple(torch.rand(N, *view.shape, generator=generator) for view in (spec or _spec()).views)
    return Batch(views=views, index=torch.arange(N), generator=generator)


def _information(a: torch.Tensor, b: torch.Tensor, weight: float = 1.0) -> torch.Tensor:
    p = a.T @ b
    p = (p + p.T) / 2
    p = p / p.sum()
    rows, columns = p.sum(1, keepdim=True), p.sum(0, keepdim=True)
    return (p * (p.log() - weight * rows.log() - weight * columns.log())).sum()


def test_the_objective_agrees_with_a_literal_computation_for_three_views() -> None:
    spec = _spec(4, 6, 5)
    method = _method(spec, balance=0.3, entropy_weight=1.5)
    terms = method.loss_terms(_batch(spec), "train", "main")
    replay = _batch(spec)
    mean, scale, _ = method.encode(replay.views)
    h = mean + scale * torch.randn(mean.shape, generator=replay.generator)
    branches = [h[0], h[1], h[2], h.mean(0)]  # the fusion starts with equal weights
    hidden, logits = method.classify(torch.stack(branches))
    y = logits.softmax(-1)
    density = [branch.softmax(-1) for branch in branches]
    shared = sum(_information(density[i], density[j]) for i, j in ((0, 1), (0, 2), (1, 2)))
    torch.testing.assert_close(terms["shared"], shared, atol=1e-5, rtol=1e-3)
    keep = -sum(_information(density[i], density[3]) for i in range(3))
    torch.testing.assert_close(terms["keep_features"], keep, atol=1e-5, rtol=1e-3)
    keep = -sum(_information(y[i], y[3], 1.5) for i in range(3))
    torch.testing.assert_close(terms["keep_clusters"], keep, atol=1e-5, rtol=1e-3)
    divergence = 0.5 * (mean**2 + scale**2 - 2 * scale.log() - 1)
    torch.testing.assert_close(terms["bottleneck"], divergence.sum(-1).mean())
    kernel = gaussian_kernel(hidden[3], 0.15)
    torch.testing.assert_close(terms["separation"], cluster_similarity(y[3], kernel))
    gram = y[3] @ y[3].T
    torch.testing.assert_close(terms["overlap"], 2 / (N * (N - 1)) * gram.triu(1).sum())
    corners = torch.exp(-((y[3][:, None] - torch.eye(K)) ** 2).sum(-1))
    torch.testing.assert_close(terms["corners"], cluster_similarity(corners, kernel))
    q = y[3].detach() ** 10
    for _ in range(5):
        q = q / q.sum(0) * N / K
        q = q / q.sum(1, keepdim=True)
    balance = sum(-(q * branch.log()).sum(1).mean() for branch in y)
    torch.testing.assert_close(terms["balance"], balance)
    assert [terms[f"weight_{i}"].item() for i in (1, 2, 3)] == pytest.approx([1 / 3] * 3)


def test_the_printed_readings_agree_with_a_literal_computation() -> None:
    """Sums over views and over pairs of clusters, the latter with the factor 1/c alone (Eq. 2, 4 and 16)."""
    spec, about = _spec(4, 6, 5), card("msdib")
    printed = about.ablations["As printed (kappa 1, sums over views and pairs)"]
    for row, value in printed.items():
        assert about.config(**{row: value}) != about.config()  # none is the default
    method = _method(spec, **printed)
    terms = method.loss_terms(_batch(spec), "train", "main")
    replay = _batch(spec)
    mean, scale, _ = method.encode(replay.views)
    h = mean + scale * torch.randn(mean.shape, generator=replay.generator)
    hidden, logits = method.classify(torch.stack([h[0], h[1], h[2], h.mean(0)]))
    y, kernel = logits[3].softmax(-1), gaussian_kernel(hidden[3], 0.15)
    divergence = sum((0.5 * (m**2 + s**2 - 2 * s.log() - 1)).sum(-1).mean() for m, s in zip(mean, scale, strict=True))
    torch.testing.assert_close(terms["bottleneck"], divergence)
    assert method.weights("train", "main")["bottleneck"] == 1
    pairs = [(i, j) for i in range(K) for j in range(i + 1, K)]
    torch.testing.assert_close(terms["overlap"], sum(y[:, i] @ y[:, j] for i, j in pairs))
    for name, a in (("separation", y), ("corners", torch.exp(-((y[:, None] - torch.eye(K)) ** 2).sum(-1)))):
        ratios = [
            a[:, i] @ kernel @ a[:, j] / torch.sqrt((a[:, i] @ kernel @ a[:, i]) * (a[:, j] @ kernel @ a[:, j]))
            for i, j in pairs
        ]
        torch.testing.assert_close(terms[name], sum(ratios) / K)


def test_weights_follow_equation_one() -> None:
    weights = _method(alpha=0.4, beta=0.6, kappa=0.02, balance=0.5, ddc=1.0).weights("train", "main")
    assert weights == pytest.approx(
        {
            "separation": 1,
            "overlap": 1,
            "corners": 1,
            "bottleneck": 0.012,
            "shared": 0.6,
            "balance": 0.3,
            "keep_features": 0.4,
            "keep_clusters": 0.4,
        }
    )


def test_the_clustering_loss_waits_for_the_end_of_the_warm_up() -> None:
    method = _method(warm_start=2, starts=1)
    for epoch, weight in ((0.0, 0.0), (1.99, 0.0), (2.0, 1.0), (9.0, 1.0)):
        method.schedule("train", epoch, 10)
        assert method.weights("train", "main")["separation"] == weight


def test_the_clustering_loss_alone_needs_no_warm_up() -> None:
    method = _method(warm_start=2, alpha=0.0, beta=0.0)
    method.schedule("train", 0.0, 10)
    assert method.weights("train", "main")["separation"] == 1


@pytest.mark.parametrize(
    ("row", "off"),
    [
        ("DDC", {"bottleneck", "shared", "keep_features", "keep_clusters"}),
        ("DDC + IC", {"keep_features", "keep_clusters"}),
        ("DDC + IP", {"bottleneck", "shared"}),
        ("DDC + IC + IP (full)", set()),
        ("Parameter-free (alpha = beta = 1)", set()),
    ],
)
def test_a_row_of_the_ablation_table_switches_its_terms_off(row: str, off: set[str]) -> None:
    about = card("msdib")
    for preset in ("quick", "paper"):
        method = MSDIB(Config(**about.resolve("caltech-2v", preset, about.ablations[row])), _spec())
        weights = method.weights("train", "main")
        assert {name for name, weight in weights.items() if not weight} == off | {"balance"}


def test_fusion_weights_sum_to_one_and_learn() -> None:
    method = _method()
    optimizer = method.optimizers()["main"]
    for _ in range(5):
        terms = method.loss_terms(_batch(), "train", "main")
        optimizer.zero_grad()
        sum(weight * terms[name] for name, weight in method.weights("train", "main").items() if weight).backward()  # pyright: ignore
        optimizer.step()
    terms = method.loss_terms(_batch(), "train", "main")
    assert (terms["weight_1"] + terms["weight_2"]).item() == pytest.approx(1)
    assert terms["weight_1"].item() != pytest.approx(0.5, abs=1e-6)


def test_long_gradients_are_shortened_to_the_clip() -> None:
    method = _method(clip=0.5)
    for parameter in method.parameters():
        parameter.grad = torch.ones_like(parameter)
    method.after_backward("train", "main")
    norm = torch.stack([p.grad.norm() for p in method.parameters() if p.grad is not None]).norm()
    assert norm.item() == pytest.approx(0.5, rel=1e-3)


def test_weights_start_he_normal_and_biases_at_zero() -> None:
    method = _method()
    trunk = method.trunk[0]
    assert trunk.weight.std().item() == pytest.approx((2 / 512) ** 0.5, rel=0.02)  # pyright: ignore
    assert (trunk.bias == 0).all()  # pyright: ignore
    assert method.first[0].weight.std().item() == pytest.approx((2 / 4) ** 0.5, rel=0.1)  # pyright: ignore


def test_the_start_of_lowest_objective_goes_on() -> None:
    method = _method(warm_start=2, starts=3)
    assert [(stage.name, stage.epochs) for stage in method.stages(10)] == [
        ("start_1", 2),
        ("start_2", 2),
        ("start_3", 2),
        ("train", 4),
    ]
    data, generator = _batch().views, torch.Generator().manual_seed(0)
    seen, scores = [], [2.0, 1.0, 3.0]
    for number, score in enumerate(scores, start=1):
        method.start_stage(f"start_{number}", data, generator)
        seen.append(method.trunk[0].weight.detach().clone())  # pyright: ignore
        for epoch, value in ((0.0, 100.0), (1.0, score), (1.5, score)):
            method.schedule(f"start_{number}", 2 * (number - 1) + epoch, 10)
            method.objective = torch.tensor(value)
            method.after_step(f"start_{number}", "main", 0)
    assert not any(torch.equal(seen[i], seen[j]) for i, j in ((0, 1), (0, 2), (1, 2)))
    method.start_stage("train", data, generator)
    torch.testing.assert_close(method.trunk[0].weight.detach(), seen[1])  # pyright: ignore
    method.schedule("train", 6.0, 10)
    assert method.weights("train", "main")["separation"] == 1
    assert method.best_score.item() == 1


def test_starts_are_judged_by_the_whole_objective_though_a_part_of_it_waits() -> None:
    method = _method(warm_start=2, starts=3)
    method.schedule("start_1", 1.0, 10)
    terms = method.loss_terms(_batch(), "start_1", "main")
    method.after_step("start_1", "main", 0)
    assert method.weights("start_1", "main")["separation"] == 0
    method.schedule("train", 8.0, 10)
    whole = sum(weight * terms[name] for name, weight in method.weights("train", "main").items() if weight)
    torch.testing.assert_close(method.score, torch.stack((torch.as_tensor(whole).detach(), torch.tensor(1.0))))


@pytest.mark.parametrize(("changes", "epochs"), [({"starts": 1}, 100), ({"warm_start": 0}, 100), ({}, 20)])
def test_short_runs_and_the_paper_have_one_start(changes: dict[str, Any], epochs: int) -> None:
    assert [stage.name for stage in _method(**changes).stages(epochs)] == ["train"]


def _two_views_of_clusters(n_each: int = 40) -> tuple[torch.Tensor, ...]:
    """Views that share nothing but the cluster, which is far from the others in both."""
    generator = torch.Generator().manual_seed(5)
    owner = torch.arange(K).repeat_interleave(n_each)
    views = (4 * torch.eye(K, 4)[owner], 4 * torch.eye(K, 6)[owner])
    return tuple(view + 0.3 * torch.randn(view.shape, generator=generator) for view in views)


def test_an_alignment_comes_first_and_takes_at_most_two_thirds_of_a_run() -> None:
    method = _method(align_epochs=40)
    assert [(stage.name, stage.epochs) for stage in method.stages(70)] == [("align", 40), ("train", 30)]
    assert [(stage.name, stage.epochs) for stage in method.stages(10)] == [("align", 6), ("train", 4)]
    assert method.best.numel() == 0  # nothing is kept of other starts


def test_the_alignment_moves_the_encoders_alone_and_lets_views_find_each_other() -> None:
    method, views = _method(align_epochs=5), _two_views_of_clusters()
    adam = method.optimizers()["align"]
    before = method.clusters.weight.clone()
    found = []
    for step in range(30):
        method.schedule("align", step / 10, 10)
        (phase,) = method.phases(step)
        batch = Batch(views=views, index=torch.arange(len(views[0])), generator=torch.Generator().manual_seed(step))
        terms = method.loss_terms(batch, "align", phase)
        found.append(terms["align"].item())
        assert method.weights("align", phase) == {"align": 1.0}
        adam.zero_grad()
        terms["align"].backward()
        adam.step()
    assert found[-1] < found[0] - 0.1
    torch.testing.assert_close(method.clusters.weight, before)


def test_clusters_start_from_k_means_of_the_aligned_features() -> None:
    method, views = _method(align_epochs=5), _two_views_of_clusters()
    for _ in range(100):  # running statistics
        method.classify(method.fused(method.encode(views)[2]))
    method.start_stage("train", views, torch.Generator().manual_seed(0))
    method.eval()
    with torch.no_grad():
        probs = method.logits(views).softmax(dim=1)
    clusters = probs.argmax(dim=1).view(K, -1)
    assert (clusters == clusters[:, :1]).all()
    assert len(clusters[:, 0].unique()) == K
    assert 0.5 < probs.amax(dim=1).mean() < 1


def test_showing_clusters_in_the_alignment_draws_nothing_from_the_run() -> None:
    method, views = _method(align_epochs=5), _two_views_of_clusters()
    method.schedule("align", 0.0, 10)
    state = torch.random.get_rng_state()
    method.before_evaluation(views, views)
    torch.testing.assert_close(torch.random.get_rng_state(), state)
    assert method.training


def test_a_whole_feature_is_fused_without_sampling_and_keeps_mean_and_deviation() -> None:
    method = _method(feature="whole")
    mean, _, features = method.encode(_batch().views, torch.Generator())
    assert features.shape == (2, N, 256)
    torch.testing.assert_close(features[..., :128], mean)


def test_the_parameter_free_variant_fixes_both_weights_at_one() -> None:
    about = card("msdib")
    values = about.resolve("caltech-2v", "paper", about.ablations["Parameter-free (alpha = beta = 1)"])
    assert (values["alpha"], values["beta"]) == (1, 1)


def test_the_paper_preset_holds_none_of_the_additions() -> None:
    values = card("msdib").resolve("caltech-2v", "paper", {})
    assert values["entropy_weight"] == 1
    assert values["warm_start"] == 0
    assert values["input_noise"] == 0
    assert values["balance"] == 0
    assert values["starts"] == 1
    assert values["align_epochs"] == 0
    assert card("msdib").preset("paper", "caltech-2v").epochs == 100


def test_small_batches_are_warned_about_with_the_number_needed() -> None:
    spec = DataSpec(name="t", views=_spec().views, n_clusters=20)
    (note,) = MSDIB.warnings(spec, Config(batch_size=50), 5000)
    assert "50 samples" in note
    assert "batch_size to 100" in note
    assert MSDIB.warnings(spec, Config(batch_size=100), 5000) == ()
