import dataclasses

import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from mmclust.data import preprocessing
from mmclust.data.catalogue import DATASETS
from mmclust.data.dataset import DataSpec, ViewSpec
from mmclust.methods.automatic import Facts
from mmclust.methods.base import Batch
from mmclust.methods.imc_swav.card import CARD, Config
from mmclust.methods.imc_swav.method import IMCSwAV, crop_sizes

TINY = {"width": 0.125, "n_prototypes": 20, "projection_dim": 8, "n_low": 2, "batch_size": 16, "warm_up": 2}


def _spec(channels: int = 3, side: int = 16, *, n_clusters: int = 4, name: str = "tiny") -> DataSpec:
    view = ViewSpec(name="image", kind="image", shape=(channels, side, side))
    return DataSpec(name=name, views=(view,), n_clusters=n_clusters)


def _method(spec: DataSpec | None = None, **changes: object) -> IMCSwAV:
    torch.manual_seed(0)
    method = IMCSwAV(Config(**(TINY | changes)), spec or _spec())  # pyright: ignore[reportArgumentType]
    method.optimizers()
    return method


def _batch(spec: DataSpec, n_samples: int = 16) -> Batch:
    generator = torch.Generator().manual_seed(1)
    images = torch.randint(0, 256, (n_samples, *spec.views[0].shape), generator=generator, dtype=torch.uint8)
    return Batch(views=(images,), index=torch.arange(n_samples), generator=generator)


def _step(method: IMCSwAV, batch: Batch, epoch: float = 0.5) -> dict[str, torch.Tensor]:
    method.schedule("train", epoch, 10)
    method.adam.zero_grad()
    terms = method.loss_terms(batch, "train", "main")
    torch.stack([w * terms[name] for name, w in method.weights("train", "main").items()]).sum().backward()
    method.after_backward("train", "main")
    method.adam.step()
    method.after_step("train", "main", 0)
    return terms


def test_the_published_networks_have_the_published_sizes():
    spec = DataSpec(name="cifar10", views=(ViewSpec(name="image", kind="image", shape=(3, 32, 32)),), n_clusters=10)
    method = IMCSwAV(Config(), spec)
    sizes = {name: sum(p.numel() for p in part.parameters()) for name, part in method.named_children()}
    assert sizes == {"encoder": 11_168_832, "projection": 328_320, "prototypes": 128_000, "classifier": 1_589_258}
    assert crop_sizes(Config(), 32) == (28, 18)


def test_crops_are_two_large_and_the_small_ones():
    method = _method(_spec(side=32), n_low=3)
    batch = _batch(method.spec)
    crops = method.crops(batch.views[0], batch.generator)
    assert [tuple(same_size.shape) for same_size in crops] == [(2, 16, 3, 28, 28), (3, 16, 3, 18, 18)]
    assert not torch.equal(crops[0][0], crops[0][1])


def test_tiny_images_are_seen_at_sixteen_pixels():
    method = _method(_spec(channels=1, side=8))
    batch = _batch(method.spec)
    crops = method.crops(batch.views[0], batch.generator)
    assert [same_size.shape[-1] for same_size in crops] == [14, 9]
    assert method.plain(batch.views[0]).shape == (16, 1, 16, 16)


def test_the_classifier_s_loss_moves_the_classifier_alone():
    method = _method()
    terms = method.loss_terms(_batch(method.spec), "train", "main")
    (terms["mi"] + terms["logit"]).backward(retain_graph=True)
    assert {n.split(".")[0] for n, p in method.named_parameters() if p.grad is not None} == {"classifier"}
    method.zero_grad(set_to_none=True)
    terms["swav"].backward()
    moved = {n.split(".")[0] for n, p in method.named_parameters() if p.grad is not None}
    assert moved == {"encoder", "projection", "prototypes"}


def test_gradients_reach_the_encoder_where_grad_cam_asks_for_them():
    method = _method().eval()
    method.logits(_batch(method.spec).views).sum().backward()
    assert all(p.grad is not None for p in method.encoder.parameters())


def test_prototypes_rest_during_warm_up_and_stay_on_the_unit_sphere():
    method = _method(warm_up=2)
    seen = []
    for _ in range(4):
        _step(method, _batch(method.spec))
        seen.append(method.prototypes.weight.detach().clone())
    torch.testing.assert_close(seen[0].norm(dim=1), torch.ones(20))
    torch.testing.assert_close(seen[1], seen[0])
    assert not torch.allclose(F.normalize(seen[2]), seen[1], atol=1e-5)


def test_the_learning_rate_rises_and_falls_as_published():
    method = _method(warm_up=4, learning_rate=1e-3)
    rates = []
    for step in range(6):
        method._steps = step
        method.schedule("train", 0.0, 500)
        rates.append(method.adam.param_groups[0]["lr"])
    assert rates == pytest.approx([2.5e-4, 5e-4, 7.5e-4, 1e-3, 1e-3, 1e-3])
    falls = []
    for epoch in (149.9, 150, 300, 400, 499):
        method.schedule("train", epoch, 500)
        falls.append(method.adam.param_groups[0]["lr"])
    assert falls == pytest.approx([1e-3, 4e-4, 1.6e-4, 6.4e-5, 6.4e-5])


def test_steps_are_remembered_by_the_weights():
    method = _method()
    for _ in range(3):
        _step(method, _batch(method.spec))
    again = _method()
    again.load_state_dict(method.state_dict())
    assert again._steps == 3


def test_training_lowers_the_loss_on_one_batch():
    method = _method(learning_rate=3e-3, warm_up=0)
    batch = _batch(method.spec, 64)
    losses = [_step(method, batch)["swav"].item() for _ in range(40)]
    assert sum(losses[-5:]) / 5 < sum(losses[:5]) / 5 - 1


@pytest.mark.parametrize("statistics", ["train", "test", "off"])
def test_statistics_come_from_the_images_that_were_asked_for(statistics: str):
    method = _method(statistics=statistics)
    bright = torch.full((32, 3, 16, 16), 250, dtype=torch.uint8)
    parts = {"train": _batch(method.spec, 32).views[0], "test": bright}
    before = method.encoder.stem[1].running_mean.clone()  # pyright: ignore
    method.before_evaluation((parts["train"],), (parts["test"],))
    after = method.encoder.stem[1].running_mean  # pyright: ignore
    if statistics == "off":
        torch.testing.assert_close(after, before)
    else:
        seen = method.encoder.stem[0](method.plain(parts[statistics])).mean(dim=(0, 2, 3))
        torch.testing.assert_close(after, seen, atol=1e-4, rtol=1e-3)
    assert method.training
    assert method.encoder.stem[1].momentum == 0.1  # pyright: ignore


def test_statistics_are_the_same_at_every_call():
    method = _method()
    data = _batch(method.spec, 40).views
    states = []
    for _ in range(2):
        method.before_evaluation(data, data)
        states.append({k: v.clone() for k, v in method.state_dict().items()})
    for name, value in states[0].items():
        torch.testing.assert_close(value, states[1][name])


def test_channels_are_measured_where_the_paper_gives_no_figures():
    method = _method()
    data = _batch(method.spec, 64).views
    method.start_stage("train", data, torch.Generator())
    plain = method.plain(data[0])
    torch.testing.assert_close(plain.mean(dim=(0, 2, 3)), torch.zeros(3), atol=1e-4, rtol=0)
    torch.testing.assert_close(plain.std(dim=(0, 2, 3)), torch.ones(3), atol=1e-3, rtol=0)
    published = _method(_spec(name="cifar10"))
    mean = published.mean.clone()
    published.start_stage("train", data, torch.Generator())
    torch.testing.assert_close(published.mean, mean)


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_spaces_and_probabilities_of_gray_and_colour_images(channels: int):
    method = _method(_spec(channels)).eval()
    views = _batch(method.spec).views
    spaces = method.spaces(views)
    assert {name: tuple(values.shape[1:]) for name, values in spaces.items()} == {"z": (64,), "p": (8,), "logits": (4,)}
    torch.testing.assert_close(spaces["p"].norm(dim=1), torch.ones(16))
    torch.testing.assert_close(method.assign(views), spaces["logits"].softmax(dim=1))
    assert method.landmarks()["p"].shape == (20, 8)


def _bank_batches(method: IMCSwAV, n: int) -> list[Batch]:
    batches = []
    for i in range(n):
        batch = _batch(method.spec)
        batches.append(dataclasses.replace(batch, labelled=torch.arange(16) % 3 == i % 3))
    return batches


def test_the_classifier_learns_from_the_labelled_part_once_a_batch_of_it_is_together():
    method = _method(warm_up=0)
    terms = [_step(method, batch) for batch in _bank_batches(method, 7)]
    # 6, 5 and 5 of 16 samples: together after three steps, then from anew
    assert [term["mi"].item() != 0 for term in terms] == [False, False, True, False, False, True, False]
    assert sum(part.shape[1] for part, _ in method.bank) == 6
    method.schedule("train", 2.0, 10)
    assert method.bank == []


@pytest.mark.parametrize(("choice", "moves"), [("coast", True), ("rest", False)])
def test_an_idle_classifier_coasts_on_its_momentum_or_rests(choice: str, moves: bool):
    method = _method(warm_up=0, idle_classifier=choice)
    seen = []
    for batch in _bank_batches(method, 4):
        before = [p.detach().clone() for p in method.classifier.parameters()]
        _step(method, batch)
        seen.append(any(not torch.equal(a, b) for a, b in zip(before, method.classifier.parameters(), strict=True)))
    assert seen[2:] == [True, moves]


def test_a_classifier_that_never_learned_has_nothing_to_coast_on():
    """In published code gradients are missing, not zero, until the first one was there: Adam leaves the classifier."""
    method = _method(warm_up=0, idle_classifier="coast")
    before = [p.detach().clone() for p in method.classifier.parameters()]
    for batch in _bank_batches(method, 2):  # their labelled samples are no batch yet
        _step(method, batch)
    for start, now in zip(before, method.classifier.parameters(), strict=True):
        torch.testing.assert_close(now.detach(), start, rtol=0, atol=0)


def test_what_waits_for_the_classifier_is_part_of_a_checkpoint():
    method, again = _method(), _method()
    assert set(method.state_dict()) == set(dict(method.named_parameters())) | set(dict(method.named_buffers()))
    for batch in _bank_batches(method, 2):
        _step(method, batch)
    again.load_state_dict(method.state_dict())
    again.adam.load_state_dict(method.adam.state_dict())
    results = []
    for one in (method, again):
        results.append(_step(one, _bank_batches(one, 3)[2])["mi"])
    torch.testing.assert_close(results[0], results[1])
    assert results[0] != 0
    again.load_state_dict(_method().state_dict())
    assert again.bank == []


def test_objections_name_the_way_out():
    vectors = DataSpec(name="vectors", views=(ViewSpec(name="a", kind="vector", shape=(8,)),), n_clusters=3)
    assert "choose a data set of images" in (IMCSwAV.validate(vectors, Config()) or "")
    assert IMCSwAV.validate(_spec(side=8), Config()) is None
    for changes, way_out in (
        ({"high_size": 20}, "set high_size to 4 to 16"),
        ({"low_size": 2}, "set low_size to 4 to 16"),
        ({"n_prototypes": 20}, "raise n_prototypes"),
        ({"batch_size": 16}, "raise batch_size"),
    ):
        validate = IMCSwAV.validate(_spec(n_clusters=30), Config(**changes)) or ""  # pyright: ignore[reportArgumentType]
        assert way_out in validate and validate.count(". ") == 0
    assert IMCSwAV.validate(_spec(), Config(low_size=2, n_low=0)) is None


@pytest.mark.parametrize("name", [name for name, entry in DATASETS.items() if entry.kind == "image"])
@pytest.mark.parametrize("preset", CARD.presets)
def test_presets_fit_the_images_of_every_data_set(name: str, preset: str):
    entry = DATASETS[name]
    facts = Facts(n_samples=entry.n_samples or 1000, n_clusters=entry.n_clusters, views=entry.spec.views)
    steps = CARD.preset(preset, name, facts).preprocessing or ()
    values = CARD.resolve(name, preset, {}, facts=facts)
    assert IMCSwAV.validate(preprocessing.spec_after(entry.spec, steps), CARD.config(**values)) is None


def test_presets_are_settings_that_the_card_allows():
    for preset in CARD.presets:
        for dataset in ("digits", "cifar10", "cifar100"):
            CARD.config(**CARD.resolve(dataset, preset, CARD.preset(preset, dataset).values))
    assert CARD.resolve("cifar100", "paper", {})["batch_size"] == 512


def test_codes_of_two_augmentations_and_prototype_scores_leave_the_method_as_it_was():
    method = _method()
    batch = _batch(method.spec)
    method.eval()
    scores = method.prototype_scores(batch.views)
    assert scores.shape == (16, 20)
    assert scores.abs().max() <= 1.0 + 1e-6
    spaces = method.spaces(batch.views)
    torch.testing.assert_close(spaces["p"] @ method.landmarks()["p"].T, scores)
    codes = method.augmented_codes(batch.views, batch.generator)
    assert codes.shape == (2, 16, 20)
    torch.testing.assert_close(codes.sum(dim=2), torch.ones(2, 16))
    assert not torch.equal(codes[0], codes[1])


def test_heat_can_be_read_from_the_last_two_stages_and_gradients_reach_them_from_classifier_and_prototypes():
    method = _method(_spec(side=32)).eval()
    maps = {}
    assert tuple(method.cam_layers()) == CARD.cam_layers
    for name, layer in method.cam_layers().items():
        layer.register_forward_hook(lambda module, inputs, output, name=name: maps.update({name: output}))
    images = _batch(method.spec).views
    for scores in (method.logits, method.prototype_scores):
        total = scores(images)[:, 0].sum()
        assert torch.autograd.grad(total, maps["stage 3"])[0].abs().sum() > 0
    assert {name: tuple(output.shape[2:]) for name, output in maps.items()} == {"stage 4": (4, 4), "stage 3": (8, 8)}
