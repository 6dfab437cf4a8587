"""What the lessons say is what their runs say."""

import functools
import json
from pathlib import Path

import numpy as np
import pytest

from mmclust.data import catalogue
from mmclust.evaluation.metrics import score
from mmclust.lessons import augmentation, merged, overclustering, seeds, style
from mmclust.lessons.lessons import LESSONS, TITLES
from mmclust.lessons.shipped import NO_AUGMENTATION, NO_OVER, NO_STYLE, OVER, SETTINGS, STYLE, Shipped
from mmclust.methods import card
from mmclust.runs import example, owner
from mmclust.runs.store import RunStore

MOST_BYTES = 6_000_000


@functools.cache
def read(name: str, limit: int | None):
    return catalogue.load(name, limit=limit)


@pytest.fixture
def shipped(home: Path) -> Shipped:
    store = RunStore(home).lessons()
    assert store is not None, "`python -m mmclust lessons` makes the runs"
    return Shipped(store, read)


def test_the_runs_are_small_finished_and_name_no_machine():
    files = [file for file in example.LESSONS.rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) < MOST_BYTES
    records = [file for file in files if file.name == "record.json"]
    assert {json.loads(file.read_text())["run_id"] for file in records} == {file.parent.name for file in records}
    assert {json.loads(file.read_text())["status"] for file in records} == {"finished"}
    assert not any(owner.machine() in file.read_text() for file in records)


@pytest.mark.parametrize("setting", list(SETTINGS))
def test_every_setting_ships_and_its_scores_give_the_stored_figures(shipped: Shipped, setting: str):
    assert shipped.seeds(setting)[:1] == SETTINGS[setting].seeds[:1]
    for seed in shipped.seeds(setting):
        run = shipped.run(setting, seed)
        found = score(shipped.labels(setting), shipped.snapshot(setting, seed).y_pred)
        stored = run.record().metrics
        assert stored is not None
        assert found["acc"] == pytest.approx(stored["acc"], abs=2 / 1797)
        assert run.spec.seed == seed
        assert run.metrics().shape[0] > 100, "all points that its record tells of are there"
        assert run.metrics(["eval/acc"])["value"].iloc[-1] == pytest.approx(stored["acc"])


@pytest.mark.parametrize("setting", list(SETTINGS))
def test_every_setting_is_what_the_presets_give_today(shipped: Shipped, setting: str):
    asked, spec = SETTINGS[setting].cell().build_spec(0), shipped.run(setting).spec
    then = card(spec.method).completed(spec.config)  # settings that came later are off in it
    assert (asked.config, asked.epochs, asked.limit) == (then, spec.epochs, spec.limit)
    assert asked.auto.items() <= spec.auto.items(), "a run adds what it chose without labels"


def test_lessons_are_not_in_the_list_of_runs(shipped: Shipped, home: Path):
    assert not any(record.run_id.startswith("lesson-") for record in RunStore(home).list())
    assert RunStore(home).get(shipped.run(STYLE).id).record().example


@pytest.mark.parametrize("name", list(LESSONS))
def test_a_lesson_has_all_its_parts_and_its_links_lead_to_shipped_runs(shipped: Shipped, name: str):
    lesson = LESSONS[name](shipped)
    assert name in TITLES
    assert all((lesson.question, lesson.look, lesson.guess.question, lesson.reveal, lesson.beyond, lesson.takeaway))
    assert lesson.guess.read(str(lesson.guess.answer)) is not None, "what the runs say can be predicted"
    for link in lesson.links:
        assert (Path(__file__).resolve().parents[2] / "pages" / link.page).exists()
        assert shipped.store.get(link.run).snapshots()
    hyperparameters = {hyperparameter.name for hyperparameter in card(lesson.form["method"]).hyperparameters}
    assert set(lesson.form) - hyperparameters <= {"dataset", "method", "preset", "epochs", "limit", "seed"}


def mean(shipped: Shipped, setting: str) -> float:
    return float(np.mean(shipped.scores(setting)))


def test_style_says_what_was_measured(shipped: Shipped):
    told = style.lesson(shipped)
    labels, codes = shipped.labels(STYLE), shipped.snapshot(STYLE).spaces["z_s"].astype(np.float64)
    same = []
    for row in range(0, len(codes), 5):
        distances = ((codes - codes[row]) ** 2).sum(axis=1)
        distances[row] = np.inf
        same.append((labels[distances.argsort()[:10]] == labels[row]).mean())
    assert told.found.same_by_style == pytest.approx(np.mean(same), abs=0.05)
    assert f"{told.found.same_by_style:.0%} show the same letter" in told.reveal
    knows = told.found.same_by_style > 0.5
    assert ("predicts the letter, too" in told.reveal) == knows
    for setting in (STYLE, NO_STYLE):
        assert f"**{100 * mean(shipped, setting):.1f}" in told.beyond


def test_augmentation_says_what_was_measured(shipped: Shipped):
    told = augmentation.lesson(shipped)
    for setting in (STYLE, NO_AUGMENTATION):
        left = np.mean(
            [
                (shipped.augmented(setting, seed).clusters != shipped.snapshot(setting, seed).y_pred[:, None]).mean()
                for seed in shipped.seeds(setting)
            ]
        )
        assert f"**{100 * left:.1f}" in told.reveal
        assert f"**{100 * mean(shipped, setting):.1f}" in told.beyond
    assert (shipped.augmented(STYLE).copies == shipped.augmented(NO_AUGMENTATION).copies).all(), "the same copies"


def test_over_clustering_says_what_was_measured(shipped: Shipped):
    told = overclustering.lesson(shipped)
    a, b = shipped.scores(OVER), shipped.scores(NO_OVER)
    error = np.sqrt(np.var(a, ddof=1) / len(a) + np.var(b, ddof=1) / len(b))
    gap = np.mean(a) - np.mean(b)
    expected = "same" if abs(gap) <= 2 * error else "higher" if gap > 0 else "lower"
    assert told.guess.answer == expected
    assert ("not seen" in told.reveal) == (expected == "same")
    assert f"**{100 * np.mean(a):.1f} ± {100 * np.std(a, ddof=1):.1f} %**" in told.reveal


def test_one_merged_pair_costs_what_the_lesson_says_and_noise_of_the_same_acc_has_lower_nmi(shipped: Shipped):
    told = merged.lesson(shipped)
    plain, faulty, noisy = (each.scores for each in (told.found.plain, told.found.faulty, told.found.scattered))
    assert told.guess.answer == pytest.approx(100 * (plain["acc"] - faulty["acc"]))
    assert plain["acc"] > faulty["acc"]
    assert noisy["acc"] == pytest.approx(faulty["acc"], abs=1 / 1797)
    assert ("NMI" in told.beyond) == (faulty["nmi"] > noisy["nmi"])
    assert (told.found.faulty.counts.sum(axis=1) == told.found.plain.counts.sum(axis=1)).all(), "no image is lost"


def test_seeds_says_what_was_measured(shipped: Shipped):
    told, acc = seeds.lesson(shipped), shipped.scores(OVER)
    assert told.guess.answer == pytest.approx(100 * (max(acc) - min(acc)))
    assert f"**{max(acc):.1%}**" in told.beyond
    losses = [shipped.run(OVER, seed).metrics(["objective/main"])["value"].iloc[-1] for seed in shipped.seeds(OVER)]
    assert told.found.lowest == (shipped.seeds(OVER)[int(np.argmin(losses))], acc[int(np.argmin(losses))])
    assert told.found.best_of[0] == pytest.approx(np.mean(acc)) and told.found.best_of[-1] == max(acc)
