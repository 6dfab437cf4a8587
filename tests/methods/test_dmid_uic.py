from typing import Any

import numpy as np
import pytest
import torch
from recording import ListRecorder

from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.engine.trainer import Trainer, build
from mmclust.methods import card, method_class
from mmclust.methods.base import Batch
from mmclust.methods.dmid_uic.card import Config
from mmclust.methods.dmid_uic.method import DMIDUIC

N, K = 48, 3
DIMS = (5, 12, 3, 7, 2, 9)


def _spec(n_views: int = 2, n_clusters: int = K) -> DataSpec:
    views = tuple(ViewSpec(name=f"v{d}", kind="vector", shape=(d,)) for d in DIMS[:n_views])
    return DataSpec(name="tiny", views=views, n_clusters=n_clusters)


def _views(spec: DataSpec, n_samples: int = N) -> tuple[torch.Tensor, ...]:
    """Samples of K clumps in [0, 1]."""
    generator = torch.Generator().manual_seed(1)
    labels = torch.arange(n_samples) % K
    centres = [torch.rand(K, *view.shape, generator=generator) for view in spec.views]
    return tuple((0.8 * c[labels] + 0.2 * torch.rand(c[labels].shape, generator=generator)) for c in centres)


def _batch(spec: DataSpec) -> Batch:
    return Batch(views=_views(spec), index=torch.arange(N), generator=torch.Generator().manual_seed(2))


def _method(spec: DataSpec | None = None, **changes: Any) -> DMIDUIC:
    torch.manual_seed(0)
    values: dict[str, Any] = {"latent_dim": 4, "noise_dim": 5, "ce_warmup": 0}
    return DMIDUIC(Config(**(values | changes)), spec or _spec())


def _fit(spec: DataSpec, config: Config, *, epochs: int, recorder: ListRecorder, state: Any = None) -> DMIDUIC:
    method = build(DMIDUIC, config, spec, 0)
    data = MultiViewDataset(
        spec=spec, views=tuple(v.numpy() for v in _views(spec)), labels=(np.arange(N) % K).astype(np.int64)
    )
    Trainer(method, data, recorder, epochs=epochs, seed=0, device=torch.device("cpu")).fit(state)
    assert isinstance(method, DMIDUIC)
    return method


def _total(method: DMIDUIC, terms: dict[str, torch.Tensor], phase: str) -> torch.Tensor:
    return torch.stack([weight * terms[name] for name, weight in method.weights("train", phase).items()]).sum()


def _moved(method: DMIDUIC) -> set[str]:
    return {n.split(".")[0] for n, p in method.named_parameters() if p.grad is not None and p.grad.any()}


def test_every_turn_reaches_exactly_its_own_networks_on_one_batch() -> None:
    method, batch = _method(), _batch(_spec())
    assert method.phases(0) == ("discriminator", "generator", "encoder")
    for phase, networks in (
        ("discriminator", {"discriminators"}),
        ("generator", {"generators"}),
        ("encoder", {"encoders", "prototypes"}),
    ):
        method.zero_grad(set_to_none=True)
        _total(method, method.loss_terms(batch, "train", phase), phase).backward()
        assert _moved(method) == networks
        parameters = [p for name in networks for p in getattr(method, name).parameters()]
        assert all(p.grad is not None for p in parameters)


@pytest.mark.parametrize(("phase", "networks"), [("align", {"encoders"}), ("autoencode", {"encoders", "decoders"})])
def test_pretraining_moves_encoders_without_prototypes(phase: str, networks: set[str]) -> None:
    method = _method(align_epochs=1, autoencoder_epochs=1)
    method.schedule(phase, 0, 6)
    assert method.phases(0) == (phase,)
    _total(method, method.loss_terms(_batch(_spec()), phase, phase), phase).backward()
    assert _moved(method) == networks


def test_the_terms_of_a_batch_agree_with_a_literal_computation() -> None:
    method, spec = _method(lambda_ce=0.3), _spec()
    batch = _batch(spec)
    terms: dict[str, torch.Tensor] = {}
    for phase in method.phases(0):
        terms |= {f"{phase}/{k}": v.detach() for k, v in method.loss_terms(batch, "train", phase).items()}

    replay, (x1, x2) = _method(lambda_ce=0.3), batch.views
    generator = torch.Generator().manual_seed(2)

    def assignments(z1: torch.Tensor, z2: torch.Tensor) -> list[torch.Tensor]:
        q1, q2 = replay.prototypes.points
        pairs = ((torch.cat((z1, z2), 1), torch.cat((q1, q2), 1)), (z1, q1), (z2, q2))
        s = [1 / (1 + torch.cdist(z, q)) for z, q in pairs]
        r = [(v / v.sum(1, keepdim=True)) ** 2 for v in s]
        return [v / v.sum(1, keepdim=True) for v in r]

    p, p1, p2 = assignments(replay.encoders[0](x1), replay.encoders[1](x2))
    c = torch.randint(K, (N,), generator=generator)
    noise = torch.randn(N, 5, generator=generator)
    code = torch.nn.functional.one_hot(c, K).float()
    fakes = [g.layers(torch.cat((noise, code), 1)) for g in replay.generators]  # pyright: ignore
    a, w = torch.cat((code, torch.ones(N, 1)), 1), torch.cat((p, torch.ones(N, 1)), 1)
    l_d, l_g = torch.zeros(()), torch.zeros(())
    for judge, x, fake in zip(replay.discriminators, (x1, x2), fakes, strict=True):
        d_real, d_fake = judge(x).sigmoid(), judge(fake).sigmoid()
        l_d = l_d - (w * d_real.log()).sum() / N - (a * (1 - d_fake).log()).sum() / N
        l_g = l_g - (a * d_fake.log()).sum() / N
    torch.testing.assert_close(terms["discriminator/dis"], l_d)
    torch.testing.assert_close(terms["generator/gan"], l_g)

    t = ((p + p1 + p2) / 3).detach() ** 2.5
    for _ in range(5):
        t = t / t.sum(0) * (N / K)
        t = t / t.sum(1, keepdim=True)
    kl = [(t * (t / v).log()).sum() / N for v in (p, p1, p2)]
    torch.testing.assert_close(terms["encoder/con"], kl[0] + (kl[1] + kl[2]) / 2)

    replay.encoders.eval()  # generated samples are read as in evaluation
    found = assignments(replay.encoders[0](fakes[0]), replay.encoders[1](fakes[1]))
    ce = [-v[torch.arange(N), c].log().mean() for v in found]
    for phase in ("generator", "encoder"):
        torch.testing.assert_close(terms[f"{phase}/ce"], ce[0] + (ce[1] + ce[2]) / 2)
    assert method.weights("train", "generator") == {"gan": 1.0, "ce": 0.3}
    assert method.weights("train", "encoder") == {"con": 0.3, "ce": 0.3}


def test_generated_samples_leave_the_running_statistics_of_encoders_alone() -> None:
    method, batch = _method(), _batch(_spec())
    method.loss_terms(batch, "train", "discriminator")
    before = {n: b.clone() for n, b in method.encoders.named_buffers()}
    for phase in ("generator", "encoder"):
        method.loss_terms(batch, "train", phase)
    assert all(torch.equal(before[n], b) for n, b in method.encoders.named_buffers())
    assert before["0.1.num_batches_tracked"] == 1  # one pass of the real samples serves all phases
    assert all(m.training for m in method.modules())


def test_sharpness_rises_over_its_share_of_the_training_after_pretraining() -> None:
    method = _method(align_epochs=4, tau_start=2.0, tau_end=6.0, tau_ramp=0.5)
    found: list[float] = []
    for epoch in (0, 4, 6.5, 9, 14):
        method.schedule("align" if epoch < 4 else "train", epoch, 14)
        found.append(method.tau)
    assert found == pytest.approx([2, 2, 4, 6, 6])


def test_generated_samples_reach_the_encoders_after_the_warm_up_only() -> None:
    method = _method(ce_warmup=3, align_epochs=2)
    for epoch, reached in ((2.0, False), (4.9, False), (5.0, True)):
        method.schedule("train", epoch, 12)
        assert ("ce" in method.weights("train", "encoder")) == reached
        terms = method.loss_terms(_batch(_spec()), "train", "encoder")
        assert ("ce" in terms) == reached
        assert "ce" in method.weights("train", "generator")


@pytest.mark.parametrize(
    ("changes", "epochs", "legs"),
    [
        ({}, 5, [("train", 5)]),
        ({"align_epochs": 2}, 6, [("align", 2), ("train", 4)]),
        ({"align_epochs": 5, "autoencoder_epochs": 3}, 20, [("autoencode", 3), ("align", 5), ("train", 12)]),
        ({"align_epochs": 9}, 4, [("align", 2), ("train", 2)]),
        ({"align_epochs": 9, "autoencoder_epochs": 9}, 1, [("train", 1)]),
    ],
)
def test_pretraining_is_part_of_the_runs_epochs_and_never_all_of_it(
    changes: dict[str, Any], epochs: int, legs: list[tuple[str, int]]
) -> None:
    assert [(stage.name, stage.epochs) for stage in _method(**changes).stages(epochs)] == legs


def test_prototypes_start_as_centres_of_codes_normalised_by_the_data() -> None:
    method, spec = _method(), _spec()
    views = _views(spec)
    method.start_stage("train", views, torch.Generator().manual_seed(0))
    method.eval()
    codes, owner = method.embed(views), method.logits(views).argmax(1)
    for k in range(K):
        torch.testing.assert_close(method.prototypes.fused[k], codes[owner == k].mean(0), atol=1e-5, rtol=1e-4)
    method.train()
    torch.testing.assert_close(method.embed(views), codes, atol=0.1, rtol=0.1)  # N - 1 in the running variance
    assert {m.momentum for m in method.encoders.modules() if isinstance(m, torch.nn.BatchNorm1d)} == {0.1}


@pytest.mark.parametrize("n_views", [2, 3, 6])
def test_any_number_of_views_trains_and_shows_its_spaces_and_prototypes(n_views: int) -> None:
    spec, recorder = _spec(n_views), ListRecorder()
    config = Config(latent_dim=4, batch_size=16, ce_warmup=0, align_epochs=1, autoencoder_epochs=1)
    method = _fit(spec, config, epochs=4, recorder=recorder)
    assert {"loss/con", "loss/ce", "loss/gan", "loss/dis", "loss/align", "loss/reconstruction"} <= set(recorder.curves)
    views = _views(spec)
    spaces, landmarks = method.spaces(views), method.landmarks()
    numbers = range(1, n_views + 1)
    assert set(spaces) == {"z", "logits", *(f"z_{i}" for i in numbers), *(f"logits_{i}" for i in numbers)}
    assert set(landmarks) == {"z", *(f"z_{i}" for i in numbers)}
    for name, points in landmarks.items():
        assert points.shape == (K, spaces[name].shape[1])
    torch.testing.assert_close(torch.cat([landmarks[f"z_{i}"] for i in numbers], dim=1), landmarks["z"])
    torch.testing.assert_close(method.assign(views), spaces["logits"].softmax(1))
    torch.testing.assert_close(method.assign(views).sum(1), torch.ones(N))


def test_swapped_views_with_swapped_weights_give_the_same_clusters() -> None:
    spec = _spec()
    swapped = DataSpec(name="tiny", views=spec.views[::-1], n_clusters=K)
    method, other = _method(spec, generative=False).eval(), _method(swapped, generative=False).eval()
    for mine, theirs in ((0, 1), (1, 0)):
        other.encoders[theirs].load_state_dict(method.encoders[mine].state_dict())
    other.prototypes.points.data = method.prototypes.points.data.flip(0)
    views = _views(spec)
    torch.testing.assert_close(other.assign(views[::-1]), method.assign(views))


@pytest.mark.parametrize("pause_at", [2, 3, 7, 11])
def test_a_resumed_run_equals_an_uninterrupted_one(pause_at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses within and at the end of every stage; three steps an epoch."""
    monkeypatch.setattr("mmclust.engine.trainer.POLL_EVERY_S", 0.0)
    config = Config(latent_dim=4, batch_size=16, ce_warmup=0, align_epochs=1, autoencoder_epochs=1, prior="batch")
    whole, first, second = ListRecorder(), ListRecorder(pause_at, "pause"), ListRecorder()
    wanted = _fit(_spec(), config, epochs=5, recorder=whole)
    _fit(_spec(), config, epochs=5, recorder=first)
    assert first.state["step"] >= pause_at - 1
    assert first.state["step"] < 15
    found = _fit(_spec(), config, epochs=5, recorder=second, state=first.state)
    for name, value in wanted.state_dict().items():
        torch.testing.assert_close(found.state_dict()[name], value, rtol=0, atol=0)
    assert second.curves["eval/acc"][-1] == whole.curves["eval/acc"][-1]


def test_a_short_training_finds_clumps() -> None:
    recorder = ListRecorder()
    _fit(_spec(3), Config(batch_size=16, align_epochs=5, generative=False), epochs=20, recorder=recorder)
    assert recorder.curves["eval/acc"][-1] == 1.0
    assert recorder.curves["loss/con"][-1] < recorder.curves["loss/con"][0]


def test_generated_samples_have_the_form_of_the_data_and_depend_on_code_and_noise() -> None:
    method = _method()
    clusters = torch.tensor([0, 1, 2, 0])

    def draw(seed: int) -> tuple[torch.Tensor, ...]:
        noise = torch.randn(len(clusters), method.noise_dim, generator=torch.Generator().manual_seed(seed))
        return method.generate(clusters, noise)

    views = draw(0)
    assert [tuple(v.shape) for v in views] == [(4, 5), (4, 12)]
    assert all(v.min() >= 0 and v.max() <= 1 for v in views)
    assert all(torch.equal(a, b) for a, b in zip(views, draw(0), strict=True))
    assert not torch.equal(views[0], draw(1)[0])
    assert not torch.equal(views[0][0], views[0][3])
    assert all(m.training for m in method.modules())
    with pytest.raises(ValueError, match="generative=true"):
        _method(generative=False).generate(clusters, torch.zeros(4, 0))


def test_codes_follow_the_prior() -> None:
    probs = torch.tensor([[0.9, 0.1, 0.0]]).expand(6000, 3)
    counts = {
        prior: torch.bincount(_method(prior=prior)._draw_clusters(probs, torch.Generator().manual_seed(0)), minlength=3)
        for prior in ("uniform", "batch")
    }
    torch.testing.assert_close(counts["uniform"] / 6000, torch.full((3,), 1 / 3), atol=0.03, rtol=0)
    torch.testing.assert_close(counts["batch"] / 6000, probs[0], atol=0.03, rtol=0)


def test_convolutions_read_image_views_and_generators_draw_in_their_range() -> None:
    image = ViewSpec(name="image", kind="image", shape=(1, 8, 8), low=-1.0, high=1.0)
    spec = DataSpec(name="mixed", views=(image, _spec().views[0]), n_clusters=K)
    method = _method(spec, encoder="conv", align_epochs=1)
    pixels = torch.rand(N, 1, 8, 8) * 2 - 1
    batch = Batch(views=(pixels, _views(_spec())[0]), index=torch.arange(N), generator=torch.Generator().manual_seed(0))
    method.start_stage("train", batch.views, batch.generator)
    for phase in method.phases(0):
        terms = method.loss_terms(batch, "train", phase)
        assert all(term.isfinite() for term in terms.values())
        _total(method, terms, phase).backward()
    assert method.cam_layer() is not None
    drawn = method.generate(torch.arange(K), torch.randn(K, method.noise_dim, generator=batch.generator))[0]
    assert drawn.shape == (K, 1, 8, 8)
    assert -1 <= drawn.min() < 0 < drawn.max() <= 1
    assert _method().cam_layer() is None


def test_in_bf16_the_losses_stay_float32() -> None:
    method, batch = _method(align_epochs=1, autoencoder_epochs=1), _batch(_spec())
    with torch.autocast("cpu", torch.bfloat16):
        for phase in ("autoencode", "align", *method.phases(0)):
            assert {term.dtype for term in method.loss_terms(batch, "train", phase).values()} == {torch.float32}


@pytest.mark.parametrize("row", card("dmid-uic").ablations)
def test_every_row_of_the_ablations_trains(row: str) -> None:
    about = card("dmid-uic")
    values = about.resolve("x", "paper", {**about.ablations[row], "batch_size": 16, "latent_dim": 4})
    recorder = ListRecorder()
    _fit(_spec(), Config(**values), epochs=5, recorder=recorder)
    generative = {name.split("/")[1] for name in recorder.curves if name.startswith("loss/")} & {"gan", "dis", "ce"}
    assert generative == {
        "without the generative half": set(),
        "without L_ce": {"gan", "dis"},
    }.get(row, {"gan", "dis", "ce"})


def test_the_printed_contrast_has_no_target_and_moves_both_sides() -> None:
    method = _method(target="printed")
    log_probs = method._log_probs(method.encode(_views(_spec())))
    p, views = log_probs[0].exp(), log_probs[1:].exp()
    literal = torch.stack([(p * (p / v).log()).sum(1).mean() for v in views]).mean()
    torch.testing.assert_close(method._contrast(log_probs), literal)
    sides = torch.autograd.grad(method._contrast(log_probs), log_probs)[0]
    assert (sides.flatten(1).abs().sum(1) > 0).all()


def test_alpha_is_the_discriminators_share_of_the_learning_rate() -> None:
    rates = {k: o.param_groups[0]["lr"] for k, o in _method(alpha=0.01, learning_rate=2e-3).optimizers().items()}
    assert rates == pytest.approx({"encoder": 2e-3, "generator": 2e-3, "discriminator": 2e-5})


@pytest.mark.parametrize(
    ("spec", "changes", "words"),
    [(_spec(1), {}, "DCCS for one image view"), (_spec(2, 300), {}, "raise batch_size to 300")],
)
def test_unfit_data_is_refused_with_a_sentence(spec: DataSpec, changes: dict[str, Any], words: str) -> None:
    reason = DMIDUIC.validate(spec, Config(**changes))
    assert reason is not None
    assert words in reason


def test_values_outside_0_and_1_are_refused_where_samples_are_generated() -> None:
    views = tuple(v - 0.5 for v in _views(_spec()))
    with pytest.raises(ValueError, match=r"v5 has values from -0\.\d+ to 0\.\d+, .* add the step minmax"):
        _method().start_stage("train", views, torch.Generator())
    _method(generative=False).start_stage("train", views, torch.Generator())


def test_the_paper_preset_has_none_of_our_additions() -> None:
    values = card("dmid-uic").resolve("mnist-usps", "paper", {})
    assert (values["align_epochs"], values["autoencoder_epochs"], values["batch_size"]) == (0, 0, 100)
    assert (values["generative"], values["alpha"], values["lambda_ce"]) == (True, 0.1, 0.1)
    assert card("dmid-uic").preprocessing(values) == ("flatten", "minmax")
    assert card("dmid-uic").preprocessing(values | {"encoder": "conv"}) == ("minmax",)
    assert method_class("dmid-uic") is DMIDUIC
