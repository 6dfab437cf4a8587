"""What earned a result, read from the files of a run's folder."""

import json
from pathlib import Path

import pytest

from mmclust.auto import account

VIEWS = {
    "kind": "views",
    "kept": "start",
    "why": "The method ended with less evidence (0.60) than its start (0.70).",
    "verdict": {"word": "as good as a simple method", "reasons": ["Evidence is 0.70."]},
    "preprocessing": ["1:l2", "2:minmax", "pca-100", "unit"],
    "views": [
        {
            "name": "text",
            "related": True,
            "kind": "counts",
            "scaling": "l2",
            "candidates": {"l2": 0.2, "minmax": 0.1},
            "copy_of": None,
        },
        {"name": "copy", "related": False, "kind": "bounded", "scaling": "minmax", "candidates": {}, "copy_of": 0},
    ],
    "chance": 0.1,
    "start": {"name": "consensus of 4", "evidence": 0.7, "evidence_by_view": [0.7, 0.7]},
    "partition_evidence": {"k-means, all views": 0.5, "start": 0.7, "method": 0.6},
    "evidence": {"start": 0.7, "distilled": None, "end": 0.6},
    "moved": 12,
    "n_samples": 100,
    "partitions": {"start": {"acc": 0.9}, "method": {"acc": 0.8}, "k-means, all views": {"acc": 0.6}},
}
IMAGES = {
    "kind": "images",
    "kept": "method",
    "why": "",
    "verdict": {"word": "collapsed", "reasons": ["It collapsed."]},
    "start": {"space": "joint", "predictability": 0.6, "clear": False},
    "mirror": {"allowed": True},
    "candidates": [
        {"name": "mild", "taken": False},
        {
            "name": "strong",
            "taken": True,
            "signals": {"use": 0.9, "agreement": 0.8, "predictability": 0.7},
            "moved": 5,
            "metrics": None,
        },
    ],
    "n_samples": 50,
    "partitions": {"start": None, "k-means on pixels": None},
}
BESIDE = {
    "kind": "views",
    "n_samples": 100,
    "simple": [{"name": "UMAP + Gaussian mixture", "evidence": 0.9, "metrics": None}],
    "evidence": 0.6,
    "chance": 0.1,
    "verdict": {"word": "worse than a simple method", "reasons": ["UMAP has more."]},
}


def write(folder: Path, **documents: object) -> Path:
    for name, document in documents.items():
        (folder / f"{name}.json").write_text(json.dumps(document))
    return folder


def test_nothing_is_known_of_a_folder_without_files(tmp_path: Path):
    assert account.read(tmp_path) is None


def test_a_run_of_several_views_that_kept_its_start(tmp_path: Path):
    found = account.read(write(tmp_path, auto=VIEWS))
    assert found is not None
    assert found.moments == [("start", 0.7), ("end of training", 0.6)]
    assert "start was kept" in found.sentence and found.reasons[-1].startswith("The method ended")
    assert [one.name for one in found.clusterings] == [
        "start: consensus of 4 (this result)",
        "the method",
        "k-means, all views",
    ]
    assert found.views[1].copy_of == "text" and not found.complete


def test_simple_methods_that_came_later_join_and_judge_anew(tmp_path: Path):
    found = account.read(write(tmp_path, auto=VIEWS, beside=BESIDE))
    assert found is not None and found.complete
    assert found.headline == "Worse than a simple method"
    assert found.clusterings[0].name == "UMAP + Gaussian mixture"
    assert {one.name for one in found.simple} == {"UMAP + Gaussian mixture", "k-means, all views"}


def test_a_run_on_images_tells_of_its_augmentation_and_its_start(tmp_path: Path):
    found = account.read(write(tmp_path, auto=IMAGES))
    assert found is not None and not found.complete
    assert found.measure == "predictability" and dict(found.moments)["end of training"] == 0.7
    measured = IMAGES | {"evidence": {"start": 0.5, "end": 0.6}, "measured": {"chance": 0.1}}
    found = account.read(write(tmp_path, auto=measured))
    assert found is not None and found.moments == [("start", 0.5), ("end of training", 0.6)] and found.chance == 0.1
    assert any("“strong”" in note for note in found.notes) and any("no clear clusters" in note for note in found.notes)


def test_a_run_of_another_preset_has_what_was_computed_after_it(tmp_path: Path):
    found = account.read(write(tmp_path, beside=BESIDE))
    assert found is not None
    assert found.moments == [("end of training", 0.6)] and not found.start and found.kept == "method"


@pytest.mark.parametrize("text", ["", "[]", '{"kind": "views"}', '{"kind": "views", "kept": "start", "why": 3}'])
def test_a_damaged_file_tells_nothing(tmp_path: Path, text: str):
    (tmp_path / account.AUTO).write_text(text)
    assert account.read(tmp_path) is None


def test_every_word_of_a_verdict_has_a_headline_and_a_sentence():
    from typing import get_args

    from mmclust.auto.verdict import Word

    assert set(get_args(Word)) == set(account.TITLES) == set(account.MEANINGS)
    assert set(account.IMAGE_TITLES) <= set(account.IMAGES) <= set(account.MEANINGS)


@pytest.mark.parametrize("metrics", [None, {"acc": 0.75}])
def test_samples_that_lack_a_view_are_noted(tmp_path: Path, metrics: dict | None):
    lacking = {"n_samples": 24, "n_lacking": {"X1": 20, "X2": 0, "X3": 9}, "metrics": metrics}
    (tmp_path / account.AUTO).write_text(json.dumps(VIEWS))
    (tmp_path / account.PARTIAL).write_text(json.dumps(lacking))
    found = account.read(tmp_path)
    assert found is not None
    assert found.notes[-1].startswith("24 more samples are not complete (20 lack X1, 9 lack X3)")
    assert "ACC" not in " ".join(found.notes)  # which a teacher may hide
    assert [*found.notes_of_labels] == (["ACC among the samples that are not complete: 0.750."] if metrics else [])
