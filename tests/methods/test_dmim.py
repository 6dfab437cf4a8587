import math
from typing import Any

import pytest
import torch

from mmclust.data.dataset import DataSpec, ViewSpec
from mmclust.methods import card
from mmclust.methods.base import Batch
from mmclust.methods.dmim.card import Config
from mmclust.methods.dmim.method import DMIM

N, K = 24, 3


def _spec(*dims: int) -> DataSpec:
    views = tuple(ViewSpec(name=f"v{d}", kind="vector", shape=(d,)) for d in dims or (4, 6))
    return DataSpec(name="tiny", views=views, n_clusters=K)


def _method(spec: DataSpec | None = None, **changes: Any) -> DMIM:
    torch.manual_seed(0)
    values: dict[str, Any] = {"hidden": 32, "feature_dim": 16, "over_factor": 2, "match_views": False}
    return DMIM(Config(**(values | changes)), spec or _spec())


def _batch(spec: DataSpec | None = None) -> Batch:
    generator = torch.Generator().manual_seed(1)
    views = tuple(torch.randn(N, *view.shape, generator=generator) for view in (spec or _spec()).views)
    return Batch(views=views, index=torch.arange(N), generator=generator)


def _information(a: torch.Tensor, b: torch.Tensor) -> float:
    p = [
        [sum(float(a[i, x] * b[i, y]) for i in range(len(a))) / len(a) for y in range(a.shape[1])]
        for x in range(a.shape[1])
    ]
    k = len(p)
    p = [[(p[x][y] + p[y][x]) / 2 for y in range(k)] for x in range(k)]
    m = [sum(row) for row in p]
    return sum(p[x][y] * (math.log(p[x][y]) - math.log(m[x]) - math.log(m[y])) for x in range(k) for y in range(k))


def _balanced(scores: torch.Tensor, rounds: int) -> torch.Tensor:
    codes = scores.clone()
    for _ in range(rounds):
        codes = codes / codes.sum(0) * len(codes) / codes.shape[1]
        codes = codes / codes.sum(1, keepdim=True)
    return codes


def test_the_objective_agrees_with_a_literal_computation() -> None:
    method = _method(gamma=0.001, tau=3.0, sinkhorn_rounds=5)
    batch = _batch()
    terms = method.loss_terms(batch, "train", "main")
    replay = _batch()
    inner = method.encoder(method.inputs(replay.views))
    mean, scale = method.gaussian(inner)
    drawn = mean + scale * torch.randn(mean.shape, generator=replay.generator)
    for name, head in (("", method.head), ("_over", method.over_head)):
        assert head is not None
        one, two = head(drawn).softmax(-1).detach()
        q = _balanced(((one + two) / 2) ** 3, 5)
        assert -terms[f"information{name}"].item() == pytest.approx(_information(one, two), abs=1e-5)
        literal = -0.5 * ((q * one.log()).sum(1).mean() + (q * two.log()).sum(1).mean())
        torch.testing.assert_close(terms[f"superfluous{name}"].detach(), literal)
    divergence = 0.5 * (mean**2 + scale**2 - 2 * scale.log() - 1)
    torch.testing.assert_close(terms["bottleneck"], divergence.sum(-1).mean())
    assert method.weights("train", "main") == {
        "information": 1.0,
        "superfluous": 0.3,
        "information_over": 1.0,
        "superfluous_over": 0.3,
        "bottleneck": 0.001,
    }


def test_the_information_of_three_views_is_the_mean_over_their_pairs() -> None:
    probs = torch.randn(3, N, K, generator=torch.Generator().manual_seed(0)).softmax(-1)
    pairs = [_information(probs[i], probs[j]) for i, j in ((0, 1), (0, 2), (1, 2))]
    assert _method(_spec(4, 6, 5)).information(probs).item() == pytest.approx(sum(pairs) / 3, abs=1e-5)


def test_swapping_views_or_permuting_samples_keeps_the_terms_when_nothing_is_drawn() -> None:
    spec = _spec(5, 5)
    method = _method(spec, feature="deterministic")
    batch = _batch(spec)
    order = torch.randperm(N)
    expected = method.loss_terms(batch, "train", "main")
    swapped = Batch(views=batch.views[::-1], index=batch.index, generator=batch.generator)
    moved = Batch(views=tuple(v[order] for v in batch.views), index=batch.index[order], generator=batch.generator)
    for other in (swapped, moved):
        found = method.loss_terms(other, "train", "main")
        for name in ("information", "superfluous", "information_over", "superfluous_over"):
            torch.testing.assert_close(found[name], expected[name], atol=1e-5, rtol=1e-4)


def test_one_target_for_all_views_or_one_for_each() -> None:
    probs = torch.randn(2, N, K).softmax(-1)
    index = torch.arange(N)
    shared = _method(target="shared").codes(probs, 0, index)
    own = _method(target="per-view").codes(probs, 0, index)
    first = _method(target="first-view").codes(probs, 0, index)
    assert shared.shape == (1, N, K)
    assert own.shape == (2, N, K)
    torch.testing.assert_close(first[0], own[0])
    torch.testing.assert_close(shared, _method(target="per-view").codes(probs.mean(0, keepdim=True), 0, index))
    torch.testing.assert_close(own.sum(-1), torch.ones(2, N))


def test_sure_assignments_of_a_crowded_cluster_escape_few_rounds_but_not_many() -> None:
    """Why 50 rounds are the default: with 5 the self-labels of a merged pair stay what they are."""
    logits = torch.full((60, 3), -6.0)
    logits[:50, 0] = 6
    logits[50:55, 1] = 6
    logits[55:, 2] = 6
    probs = (logits + torch.randn(60, 3, generator=torch.Generator().manual_seed(0))).softmax(-1).unsqueeze(0)
    few = _method(sinkhorn_rounds=5).codes(probs, 0, torch.arange(60))
    many = _method(sinkhorn_rounds=100).codes(probs, 0, torch.arange(60))
    assert few.sum(1).max() > 35
    assert many.sum(1).max() < 27


def test_self_labels_of_many_over_clusters_are_not_flat_at_any_sharpness() -> None:
    probs = torch.randn(1, 256, 100, generator=torch.Generator().manual_seed(0)).softmax(-1)
    codes = _method(tau=10.0).codes(probs, 0, torch.arange(256))
    assert codes.max(-1).values.mean() > 0.5


def test_kept_self_labels_are_hard_and_change_only_when_they_are_renewed() -> None:
    method = _method(renew_every=2)
    data = _batch().views
    method.start_stage("train", data, torch.Generator())
    index = torch.randperm(N)
    probs = [torch.randn(2, N, K, generator=torch.Generator().manual_seed(i)).softmax(-1) for i in range(3)]
    method.schedule("train", 0.0, 10)
    first = method.codes(probs[0], 0, index)
    assert set(first.unique().tolist()) == {0.0, 1.0}
    method.schedule("train", 1.5, 10)
    torch.testing.assert_close(method.codes(probs[1], 0, index), first)
    method.schedule("train", 2.0, 10)
    assert not torch.equal(method.codes(probs[2], 0, index), first)


@pytest.mark.parametrize("order", [(1, 2, 0), (2, 1, 0)])
def test_swapped_clusters_of_a_view_are_matched_before_the_mean_is_taken(order: tuple[int, ...]) -> None:
    method = _method().eval()
    right = torch.eye(K).repeat(8, 1) * 8
    swapped = right[:, list(order)]
    logits = torch.stack((right, swapped))
    method._read = lambda views: (torch.zeros(2, N, 16), logits)  # pyright: ignore[reportAttributeAccessIssue]
    plain = method.logits(_batch().views)
    method.before_evaluation(_batch().views, _batch().views)
    matched = method.logits(_batch().views)
    torch.testing.assert_close(matched.argmax(1), right.argmax(1))
    assert matched.exp().max(1).values.min() > 0.99
    assert plain.exp().max(1).values.min() < 0.6
    torch.testing.assert_close(matched.exp().sum(1), torch.ones(N))


def test_matching_changes_nothing_when_the_views_already_agree() -> None:
    spec = _spec(5, 5)
    method = _method(spec)
    view = 9 * _batch(spec).views[0]
    method.alignment.copy_(torch.tensor([[2, 1, 0], [1, 0, 2]]))
    method.before_evaluation((view, view), (view, view))
    assert method.alignment.tolist() == [[0, 1, 2], [0, 1, 2]]
    assert method.training


def test_over_clusters_are_there_unless_switched_off() -> None:
    assert _method().spaces(_batch().views)["over"].shape == (N, 2 * K)
    switches: tuple[dict[str, Any], ...] = ({"over_weight": 0.0}, {"over_factor": 0})
    for off in switches:
        method = _method(**off)
        assert "over" not in method.spaces(_batch().views)
        assert method.weights("train", "main")["information_over"] == 0
        assert "information_over" not in method.loss_terms(_batch(), "train", "main")


@pytest.mark.parametrize(
    ("row", "active"),
    [
        ("I(Z1; Z2) only", {"information"}),
        ("No superfluous-information term", {"information", "information_over"}),
        ("No over-clustering", {"information", "superfluous"}),
        ("Full", {"information", "superfluous", "information_over", "superfluous_over"}),
    ],
)
def test_a_row_of_the_ablation_table_switches_its_terms_off(row: str, active: set[str]) -> None:
    about = card("dmim")
    for preset in ("quick", "paper"):
        method = DMIM(Config(**about.resolve("mnist-usps", preset, about.ablations[row])), _spec())
        assert {name for name, weight in method.weights("train", "main").items() if weight} == active


def test_small_batches_are_warned_about_with_the_number_needed() -> None:
    spec = DataSpec(name="t", views=_spec().views, n_clusters=10)
    (note,) = DMIM.warnings(spec, Config(batch_size=64), 5000)
    assert "64 samples" in note
    assert "100 over-clusters" in note
    assert "batch_size to 200" in note
    assert "over_factor to 3" in note
    assert DMIM.warnings(spec, Config(batch_size=256), 5000) == ()
    assert DMIM.warnings(spec, Config(batch_size=64, over_factor=0), 5000) == ()
    (note,) = DMIM.warnings(spec, Config(batch_size=0), 150)
    assert "use more samples" in note


@pytest.mark.parametrize("preset", ["paper", "released-demo"])
def test_published_settings_have_no_alignment(preset: str) -> None:
    assert card("dmim").resolve("caltech-2v", preset, {})["align_epochs"] == 0


def test_the_paper_preset_holds_none_of_the_additions() -> None:
    about = card("dmim")
    for dataset in ("mnist-usps", "caltech-2v", "nus-wide"):
        values = about.resolve(dataset, "paper", {})
        assert values["learning_rate"] == 5e-5
        assert values["beta"] == 2  # a mean over two views: each weighs 1, as in Eq. 14
        assert not values["match_views"]
        assert values["sinkhorn_rounds"] == 5
        assert values["entropy_weight"] == 1
        assert values["input_noise"] == 0
        assert values["over_factor"] == 10


def test_the_released_demo_adds_the_bottlenecks_of_the_modalities() -> None:
    """Each is the divergence of one prior's softmax from the feature's, a mean over all elements, with weight 1."""
    small: dict[str, Any] = {"hidden": 8, "feature_dim": 8, "over_factor": 2, "renew_every": 0}
    values: dict[str, Any] = card("dmim").resolve("nus-wide", "released-demo", {}) | small
    method = DMIM(Config(**values), _spec())
    term = method.loss_terms(_batch(), "train", "main")["bottleneck"]
    replay = _batch()
    mean, scale = method.gaussian(method.encoder(method.inputs(replay.views)))
    drawn = mean + scale * torch.randn(mean.shape, generator=replay.generator)
    p = torch.randn(drawn.shape[1:], generator=replay.generator).softmax(-1)
    literal = torch.stack([(p * (p.log() - view.log_softmax(-1))).sum() / p.numel() for view in drawn]).sum()
    torch.testing.assert_close(method.weights("train", "main")["bottleneck"] * term, literal)


def test_preparation_follows_the_encoder_and_the_number_of_components() -> None:
    about = card("dmim")
    values = about.resolve("mnist-usps", "quick", {})
    assert about.preprocessing(values) == ("flatten", "minmax", "pca-100", "unit")
    assert about.preprocessing(values | {"encoder": "conv", "pca_dims": 0}) == ("minmax", "unit")


def _two_views_of_clusters(n_each: int = 40) -> tuple[torch.Tensor, ...]:
    """Views that share nothing but the cluster, which is far from the others in both."""
    generator = torch.Generator().manual_seed(5)
    owner = torch.arange(K).repeat_interleave(n_each)
    views = (4 * torch.eye(K, 4)[owner], 4 * torch.eye(K, 6)[owner])
    return tuple(view + 0.3 * torch.randn(view.shape, generator=generator) for view in views)


def test_an_alignment_is_asked_for_comes_first_and_takes_at_most_two_thirds() -> None:
    assert [(stage.name, stage.epochs) for stage in _method().stages(9)] == [("train", 9)]
    method = _method(align_epochs=20)
    assert [(stage.name, stage.epochs) for stage in method.stages(50)] == [("align", 20), ("train", 30)]
    assert [(stage.name, stage.epochs) for stage in method.stages(9)] == [("align", 6), ("train", 3)]


def test_the_alignment_lets_views_find_each_other_and_leaves_the_heads_alone() -> None:
    method, views = _method(align_epochs=5), _two_views_of_clusters()
    adam, before, found = method.optimizers()["align"], method.head.weight.clone(), []
    for step in range(40):
        method.schedule("align", step / 10, 10)
        (phase,) = method.phases(step)
        batch = Batch(views=views, index=torch.arange(len(views[0])), generator=torch.Generator().manual_seed(step))
        terms = method.loss_terms(batch, "align", phase)
        found.append(terms["align"].item())
        adam.zero_grad()
        terms[next(iter(method.weights("align", phase)))].backward()
        adam.step()
    assert found[-1] < found[0] - 0.1
    torch.testing.assert_close(method.head.weight, before)


def test_clusters_start_from_k_means_of_the_aligned_features() -> None:
    method, views = _method(align_epochs=5, match_views=True), _two_views_of_clusters()
    method.start_stage("align", views, torch.Generator())
    for _ in range(100):  # running statistics
        method.encoder(method.inputs(views))
    method.start_stage("train", views, torch.Generator().manual_seed(0))
    method.eval()
    with torch.no_grad():
        clusters = method.logits(views).argmax(dim=1).view(K, -1)
    assert (clusters == clusters[:, :1]).all()
    assert len(clusters[:, 0].unique()) == K
