"""What every method has to fulfil, those of the table and one that is registered by the README's three steps."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from recording import ListRecorder

from mmclust.analysis.gradcam import grad_cam
from mmclust.changes import Change
from mmclust.data import catalogue
from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.data.preprocessing import prepare
from mmclust.engine.trainer import Trainer, build
from mmclust.methods import METHODS, card, method_class
from mmclust.methods.base import Method
from mmclust.methods.card import PRESETS, Hyperparameter
from mmclust.report.export import export
from mmclust.runs.run import Run
from tests.pages.test_pages import assert_clean, open_page, texts, wait_for_jobs

NAMES = (*METHODS, "example")
N_SAMPLES, EPOCHS = 60, 2
PAGES = ("map", "clusters", "confusion", "views", "explain", "disentangle", "compare")

every_method = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(autouse=True)
def example(monkeypatch: pytest.MonkeyPatch) -> None:
    """The third of the three steps."""
    monkeypatch.setitem(METHODS, "example", "tests.methods.example")


def dataset_for(name: str) -> str:
    """A bundled data set of the method's kind."""
    return "digits-2view" if card(name).several_views else "digits"


def settings_for(name: str, **changes: Any) -> dict[str, Any]:
    """Published settings with batches of 20, and as small a network as the method can be asked for."""
    known = {h.name: h for h in card(name).hyperparameters}
    small = {"batch_size": 20} | ({"width": known["width"].low} if "width" in known else {})
    small |= {"high_size": 0} if "high_size" in known else {}
    return card(name).resolve("tiny", published(name), small | changes)


def published(name: str) -> str:
    """The preset whose settings follow from nothing but a name."""
    return "paper" if "paper" in card(name).presets else "quick"


@lru_cache(maxsize=8)
def data_for(name: str) -> MultiViewDataset:
    """Some digits, prepared as the method asks for it."""
    data = catalogue.load(dataset_for(name), limit=N_SAMPLES)
    return prepare(data, card(name).preprocessing(settings_for(name)))


def trainer_for(
    name: str, recorder: ListRecorder, *, seed: int = 0, labels: bool = True, settings: Any = None, **more: Any
) -> Trainer:
    about, data = card(name), data_for(name)
    method = build(method_class(name), about.config(**settings or settings_for(name)), data.spec, seed)
    return Trainer(
        method,
        data if labels else replace(data, labels=None),
        recorder,
        **{"epochs": EPOCHS, "snapshot_epochs": frozenset({EPOCHS})} | more,
        seed=seed,
        device=torch.device("cpu"),
        train_part=about.train_part,
        eval_part=about.eval_part,
    )


@lru_cache(maxsize=8)
def trained(name: str) -> tuple[Trainer, ListRecorder]:
    """Two epochs without a break."""
    recorder = ListRecorder()
    trainer = trainer_for(name, recorder)
    assert trainer.fit() == "finished"
    trainer.method.eval()
    return trainer, recorder


def assert_one_sentence(text: str | None) -> None:
    """One sentence for a person, with no more than one full stop."""
    assert text and text == text.strip() and "\n" not in text and len(text.split()) > 4, text
    assert not re.search(r"[.!?] [A-Z]|Error|Traceback|None", text), text


@every_method
def test_the_card_says_what_the_method_is(name: str) -> None:
    about = card(name)
    assert about.name == name
    for words in (about.title, about.citation, about.idea, about.views, about.objective):
        assert words.strip()
    assert about.paper.startswith("https://")
    known = {h.name for h in about.hyperparameters}
    assert "batch_size" in known, "every training takes batches"
    assert len({term.name for term in about.terms}) == len(about.terms)
    for term in about.terms:
        assert term.title and term.latex and term.meaning
        assert not term.weight or term.weight in known


@every_method
def test_every_preset_resolves_for_every_data_set_and_says_what_it_is(name: str) -> None:
    about = card(name)
    known = {h.name: h for h in about.hyperparameters}
    assert "quick" in about.presets and set(about.presets) <= set(PRESETS)
    for preset, table in about.presets.items():
        assert "*" in table or about.is_automatic(preset), "data of one's own have a preset too"
        for dataset in ("mine.npz", *table):
            about.config(**about.resolve(dataset, preset, {}))
            chosen = about.preset(preset, dataset)
            assert chosen.note and chosen.epochs > 0
            assert {key: known[key].check(value) for key, value in chosen.values.items()} == dict(chosen.values)


@every_method
def test_the_rows_of_the_ablation_table_resolve_and_differ(name: str) -> None:
    about = card(name)
    for values in about.ablations.values():
        about.config(**about.resolve("tiny", "quick", values))
    assert len({json.dumps(dict(values), sort_keys=True) for values in about.ablations.values()}) == len(
        about.ablations
    )


def out_of_range(known: Hyperparameter) -> list[Any]:
    """Values that a hyper-parameter must not take."""
    if known.kind is bool:
        return ["perhaps"]
    if known.choices:
        return ["no-such-choice"]
    beyond = [known.low - 1] if known.low is not None else []
    beyond += [known.high + 1] if known.high is not None else []
    return [*beyond, "much", "nan", *([1.5] if known.kind is int else [])]


@every_method
def test_hyperparameters_take_their_defaults_as_text_and_refuse_what_is_out_of_range(name: str) -> None:
    about = card(name)
    for known in about.hyperparameters:
        assert known.help, known.name
        assert about.resolve("tiny", "quick", {known.name: str(known.default)})[known.name] == known.default
        for value in out_of_range(known):
            with pytest.raises(ValueError) as refusal:
                about.resolve("tiny", "quick", {known.name: value})
            assert known.name in str(refusal.value) and str(value) in str(refusal.value)
    with pytest.raises(ValueError, match="known are"):
        about.resolve("tiny", "quick", {"no_such_setting": 1})


@every_method
def test_two_epochs_have_finite_terms_and_objectives_that_are_their_weighted_sums(name: str) -> None:
    trainer, recorder = trained(name)
    assert all(np.isfinite(value) for _, _, value in recorder.points)
    last = {curve: value for _, curve, value in recorder.points}
    stage = trainer.stages[-1].name
    for phase in {phase for step in range(20) for phase in trainer.method.phases(step)} & set(trainer.steps.optimizers):
        weights = trainer.method.weights(stage, phase)
        expected = sum(weight * last[f"loss/{term}"] for term, weight in weights.items() if weight)
        assert last[f"objective/{phase}"] == pytest.approx(expected, rel=1e-3, abs=1e-5)


@every_method
def test_terms_and_card_agree(name: str) -> None:
    """Every weight is one of a term on the card; of presets and ablations some give the term a weight."""
    about, spec = card(name), data_for(name).spec
    if not about.several_views:  # some presets have networks for large images in colour
        spec = replace(spec, views=(ViewSpec(name="image", kind="image", shape=(3, 64, 64)),))
    weights = {term.weight: positive(about.hyperparameters, term.weight) for term in about.terms if term.weight}
    asked = [("tiny", published(name), values) for values in (weights, *about.ablations.values())]
    asked += [(dataset, preset, {}) for preset, table in about.presets.items() for dataset in ("*", *table)]
    asked += [("tiny", published(name), {h.name: 20}) for h in about.hyperparameters if h.name.endswith("_epochs")]
    weighed: set[str] = set()
    for dataset, preset, values in asked:
        method = build(method_class(name), about.config(**about.resolve(dataset, preset, values)), spec, 0)
        weighed |= {term for found in all_weights(method) for term, weight in found.items() if weight}
    assert weighed == {term.name for term in about.terms}


def all_weights(method: Method) -> Iterator[dict[str, float]]:
    """The weights of every phase of every stage of a run of 100 epochs, at its end."""
    method.optimizers()
    for stage in method.stages(100):
        method.schedule(stage.name, 99.0, 100)
        for phase in {phase for step in range(20) for phase in method.phases(step)}:
            yield method.weights(stage.name, phase)


def positive(known: tuple[Hyperparameter, ...], name: str) -> float:
    """An allowed value above 0."""
    found = next(h for h in known if h.name == name)
    return found.default or found.high or 1.0


@every_method
def test_the_same_seed_gives_the_same_curves_and_another_seed_others(name: str) -> None:
    _, first = trained(name)
    again, other = ListRecorder(), ListRecorder()
    trainer_for(name, again).fit()
    trainer_for(name, other, seed=1).fit()
    assert again.points == first.points
    assert other.points != first.points


@every_method
def test_labels_do_not_touch_training(name: str) -> None:
    _, whole = trained(name)
    without = ListRecorder()
    trainer_for(name, without, labels=False).fit()
    np.testing.assert_array_equal(without.snapshots[-1].logits, whole.snapshots[-1].logits)
    assert not any(curve.startswith("eval/") for curve in without.curves)


@every_method
@pytest.mark.parametrize("stop_at", [2, 3, 4])
def test_a_stopped_run_that_goes_on_equals_one_that_was_not_stopped(
    name: str, stop_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three steps an epoch: within one, at its end, and after it."""
    monkeypatch.setattr("mmclust.engine.trainer.POLL_EVERY_S", -1.0)
    _, whole = trained(name)
    part, rest = ListRecorder(stop_at), ListRecorder()
    assert trainer_for(name, part).fit() == "stopped" and part.state["step"] == stop_at
    assert trainer_for(name, rest).fit(part.state) == "finished"
    assert part.points + rest.points == whole.points
    np.testing.assert_array_equal(rest.snapshots[-1].logits, whole.snapshots[-1].logits)
    for key, value in whole.state["method"].items():
        assert torch.equal(value, rest.state["method"][key]), key


@every_method
def test_in_bf16_it_trains_and_keeps_float32_weights(name: str) -> None:
    recorder = ListRecorder()
    trainer = trainer_for(name, recorder, precision="bf16", epochs=1, snapshot_epochs=frozenset({1}))
    trainer.fit()
    assert all(np.isfinite(value) for _, _, value in recorder.points)
    assert torch.bfloat16 not in {value.dtype for value in recorder.state["method"].values()}


@every_method
def test_probabilities_and_spaces_are_those_of_the_logits(name: str) -> None:
    trainer, recorder = trained(name)
    method, views = trainer.method, trainer.samples.views
    with torch.no_grad():
        spaces, probs, z = method.spaces(views), method.assign(views), method.embed(views)
        logits = method.logits(views)
    assert probs.shape == logits.shape == (N_SAMPLES, 10) and z.shape[0] == N_SAMPLES and z.ndim == 2
    torch.testing.assert_close(probs.sum(1), torch.ones(N_SAMPLES))
    torch.testing.assert_close(probs, spaces["logits"].softmax(1))
    torch.testing.assert_close(logits, spaces["logits"])
    assert all(values.shape[0] == N_SAMPLES and values.isfinite().all() for values in spaces.values())
    if card(name).several_views:
        assert {f"logits_{number}" for number in range(1, len(views) + 1)} <= set(spaces)
        assert len(recorder.snapshots[-1].view_logits) == len(views)
    for space, points in method.landmarks().items():
        assert points.shape[1:] == spaces[space].shape[1:]
    np.testing.assert_allclose(recorder.snapshots[-1].probs.sum(1), 1, rtol=1e-4)


@every_method
def test_a_checkpoint_holds_all_that_the_assignment_depends_on(name: str) -> None:
    trainer, recorder = trained(name)
    restored = build(method_class(name), trainer.method.config, trainer.method.spec, 1).eval()
    restored.load_state_dict(recorder.state["method"])
    with torch.no_grad():
        torch.testing.assert_close(
            restored.logits(trainer.samples.views), trainer.method.logits(trainer.samples.views), rtol=0, atol=0
        )


@every_method
def test_it_can_do_what_its_card_says(name: str) -> None:
    about, (trainer, _) = card(name), trained(name)
    method, views, generator = trainer.method, trainer.samples.views, torch.Generator().manual_seed(0)
    assert (method.noise_dim > 0) == about.generates
    with torch.no_grad():
        if about.generates:
            drawn = method.generate(torch.arange(4), torch.randn(4, method.noise_dim, generator=generator))
            assert [tuple(view.shape) for view in drawn] == [(4, *view.shape[1:]) for view in views]
        if about.augments:
            codes = method.augmented_codes(views, generator)
            assert codes.shape[:2] == (2, N_SAMPLES)
            torch.testing.assert_close(codes.sum(2), torch.ones(2, N_SAMPLES))
        if about.codes is not None:
            space, temperature = about.codes
            assert temperature in {known.name for known in about.hyperparameters}
            assert method.prototype_scores(views).shape == (N_SAMPLES, len(method.landmarks()[space]))
    layers = method.cam_layers()
    assert not about.cam_layers or tuple(layers) == about.cam_layers
    if not about.several_views:
        heat = grad_cam(method, [view.numpy()[:4] for view in views], np.arange(4))
        assert heat.shape == (4, 8, 8) and heat.max() > 0


@every_method
def test_data_that_it_cannot_take_are_refused_with_a_sentence(name: str) -> None:
    about, method = card(name), method_class(name)
    config, taken = about.config(**settings_for(name)), data_for(name).spec
    vector, image = (
        ViewSpec(name="v", kind="vector", shape=(5,)),
        ViewSpec(name="i", kind="image", shape=(1, 16, 16)),
    )
    refused = ((vector,),) if about.several_views else ((vector,), (image, image), (vector, vector))
    assert method.validate(taken, config) is None
    for views in refused:
        assert_one_sentence(method.validate(DataSpec(name="tiny", views=views, n_clusters=3), config))


@every_method
def test_what_it_says_of_few_samples_are_sentences(name: str) -> None:
    config = card(name).config(**settings_for(name, batch_size=20))
    for n_samples in (20, 10**6):
        for warning in method_class(name).warnings(data_for(name).spec, config, n_samples):
            assert warning.strip().endswith(".") and not warning[0].islower(), warning


@every_method
def test_a_run_is_exported_and_shown_on_every_page(name: str, finished_run: Callable[..., Run], tmp_path: Path) -> None:
    run = finished_run(
        name, dataset_for(name), preset="quick", limit=N_SAMPLES, epochs=EPOCHS, changes={"batch_size": 20}
    )
    files = export(run, tmp_path / "out")
    assert {file.name for file in files} >= {"spec.json", "report.html"} and all(file.stat().st_size for file in files)
    assert run.id in (tmp_path / "out" / "report.html").read_text()
    app = open_page("train", run=run.id)
    assert_clean(app)
    for page in PAGES:
        app.switch_page(f"{page}.py")
        app.query_params["projection"] = "PCA"
        wait_for_jobs(app.run())
        assert_clean(app)
        assert page == "compare" or re.search(r"<b>\d+\.\d%</b> <small>ACC", texts(app)), page


@every_method
def test_the_train_page_offers_it_for_data_of_its_kind(name: str) -> None:
    app = open_page("train", dataset=dataset_for(name), method=name)
    assert_clean(app)
    assert next(box for box in app.selectbox if box.label == "Method").value in (name, card(name).title)


@every_method
def test_live_settings_change_a_training_that_goes_on(name: str) -> None:
    def end_with(values: dict[str, Any]) -> dict[str, list[float]]:
        recorder = ListRecorder()
        trainer = trainer_for(name, recorder, hands=OneChange(values) if values else None)
        assert trainer.fit() == "finished"
        return recorder.curves

    start, plain = settings_for(name), trained(name)[1].curves
    for one in card(name).hyperparameters:
        if one.live:
            found = end_with({one.name: _other(one, start[one.name])})
            assert all(np.isfinite(values).all() for values in found.values()), one.name
            shared = {n: v for n, v in found.items() if n in plain and n.startswith(("loss/", "objective/"))}
            assert any(v != plain[n] for n, v in shared.items()) or not _acts(name, one.name), one.name


def _other(one: Hyperparameter, value: float) -> float:
    low, high = one.low or 0.0, one.high or 1.0
    return high if abs(high - value) > abs(value - low) else low


def _acts(name: str, setting: str) -> bool:
    """Whether a setting matters in two epochs of published settings: colours of grey digits, for one, do not."""
    idle = {("imc-swav", "gray_share"), ("imc-swav", "logit_weight"), ("dmim", "over_weight"), ("dmim", "input_noise")}
    return (name, setting) not in idle


class OneChange:
    """Changes settings before the third step."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values, self.n_steps = values, 0

    def known(self) -> list[Change]:
        return []

    def asked(self) -> dict[str, Any]:
        self.n_steps += 1
        return self.values if self.n_steps == 3 else {}

    def made(self, change: Change) -> None:
        assert change.step == 2 and change.name in self.values

    def keep(self, state: dict[str, Any], *, epoch: int) -> None:
        assert 0 < epoch < EPOCHS
