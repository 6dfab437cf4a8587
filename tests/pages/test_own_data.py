"""Data of one's own on the page Data: preview, questions, keeping, editing, deleting; features."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmclust.data import catalogue, uploads
from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.runs.run import Run
from mmclust.ui.shell import login
from tests.pages.test_pages import assert_clean, open_page, texts, wait_for_jobs

N = 30
CLASSES = np.arange(N) % 3


def npz(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    return file.getvalue()


def box(app, label: str) -> Any:
    return next(one for one in (*app.selectbox, *app.text_input, *app.number_input) if one.label == label)


def slider(app, label: str) -> Any:
    return next(one for one in app.slider if one.label.startswith(label))


def press(app, label: str):
    return next(button for button in app.button if button.label == label).click()


def upload(app, name: str, content: bytes):
    app.file_uploader[0].set_value((name, content, "application/octet-stream")).run()
    return wait_for_jobs(app)


def kept(title: str = "My things", texts: bool = False) -> str:
    images = np.random.default_rng(0).integers(0, 256, (N, 3, 16, 16), np.uint8)
    images[7] = images[3]
    data = MultiViewDataset(
        spec=DataSpec(name="x", views=(ViewSpec(name="image", kind="image", shape=(3, 16, 16)),), n_clusters=3),
        views=(images,),
        labels=CLASSES,
        texts=np.array([f"{['red', 'green', 'blue'][c]} thing {i}" for i, c in enumerate(CLASSES)], object)
        if texts
        else None,
    )
    return uploads.keep(data, uploads.About(title=title, licence="CC0"))


def test_a_file_is_understood_asked_about_kept_and_shown(home: Path) -> None:
    app = open_page("data", dataset="add")
    assert_clean(app)
    assert "Nothing is saved until you confirm" in texts(app)
    pixels = np.random.default_rng(0).integers(0, 256, (N, 64))
    app = upload(app, "mine.npz", npz(x=pixels, kind=CLASSES))
    assert_clean(app)
    assert "Detected: 1 view: 30 x 64; 3 classes." in [one.value for one in app.success]
    assert "A single numeric view can be saved and browsed, but not used for training" in texts(app)
    assert uploads.entries() == []
    box(app, "Which array holds the classes? They only ever score a result.").set_value("kind").run()
    app = wait_for_jobs(app)
    box(app, "x has 64 columns, which may be the pixels of 8 x 8 images.").set_value("images, row by row").run()
    app = wait_for_jobs(app)
    assert "Detected: 30 gray images of 8 x 8; 3 classes." in [one.value for one in app.success]
    assert "not used for training" not in texts(app)
    box(app, "Title").set_value("Small things")
    press(app, "Save data set").run()
    app = wait_for_jobs(app)
    assert_clean(app)
    (entry,) = uploads.entries()
    assert (entry.title, entry.n_clusters, entry.shape) == ("Small things", 3, (1, 8, 8))
    assert "**Small things** was added to your data sets" in texts(app)
    assert app.query_params["dataset"] in (entry.name, [entry.name])
    assert not list((home / "uploads" / "local" / ".drafts").iterdir()), "the file itself is not kept"


def test_views_of_different_length_are_kept_in_part_where_the_user_says_so(home: Path) -> None:
    random = np.random.default_rng(0)
    content = npz(X1=random.normal(size=(N, 5)), X2=random.normal(size=(N - 4, 7)), Y=CLASSES)
    app = upload(open_page("data", dataset="add"), "mine.npz", content)
    assert_clean(app)
    assert "X1 has 30 samples, X2 has 26 samples. Methods need complete views" in app.warning[0].value
    assert not app.success and "Save data set" not in [button.label for button in app.button]
    choice = box(app, "How to continue")
    assert choice.value is None and choice.options == ["keep the first 26 rows of each view"] and choice.proto.help
    choice.set_value("keep the first 26 rows of each view").run()
    app = wait_for_jobs(app)
    assert_clean(app)
    assert app.success[0].value == (
        "Detected: 2 views: 26 x 5, 26 x 7; 3 classes; the first 26 samples of each view, paired by their order."
    )
    box(app, "How to continue").set_value(None).run()
    app = wait_for_jobs(app)
    assert not app.success, "the choice can be taken back"
    box(app, "How to continue").set_value("keep the first 26 rows of each view").run()
    app = wait_for_jobs(app)
    press(app, "Save data set").run()
    wait_for_jobs(app)
    (entry,) = uploads.entries()
    assert (entry.n_samples, entry.n_clusters) == (26, 3)


def test_a_file_that_cannot_be_read_is_one_sentence_and_nothing_is_kept() -> None:
    app = upload(open_page("data", dataset="add"), "mine.npz", b"no zip at all")
    assert not app.exception and not app.error
    assert [one.value for one in app.warning] and "cannot be read as .npz" in app.warning[0].value
    assert uploads.entries() == []


@pytest.mark.parametrize("tab", ["Views", "Quick map", "Duplicates", "Features", "Edit"])
def test_every_tab_of_a_data_set_of_ones_own_works(tab: str) -> None:
    app = open_page("data", dataset=kept())
    app.session_state["data-tab"] = tab
    app = wait_for_jobs(app.run())
    assert_clean(app)
    words = {
        "Quick map": "30 of 30 samples: raw values of image",
        "Views": "<td>16 × 16 pixels</td>",
        "Duplicates": "1 of them appear in more than one class",
        "Features": "each becomes a view",
        "Edit": "My things",
    }
    assert words[tab] in texts(app) or tab == "Edit" and box(app, "Title").value == "My things"
    controls = [*app.selectbox, *app.text_input, *app.number_input, *app.button, *app.multiselect]
    assert [control.label for control in controls if not control.proto.help] == []


def test_the_form_of_a_training_shows_the_batch_that_few_samples_make() -> None:
    name = kept()
    app = wait_for_jobs(open_page("train", dataset=name, method="dccs"))
    assert_clean(app)
    batch = slider(app, "Batch size")
    assert batch.value == N
    assert f"There are {N} samples to train on, fewer than the preset's batch of" in texts(app)
    batch.set_value(16).run()
    assert "fewer than the preset's batch" not in texts(app)


def test_training_on_other_data_begins_with_their_own_settings() -> None:
    name = kept()
    app = wait_for_jobs(open_page("train", dataset="digits", method="dccs"))
    slider(app, "Augmentation weight").set_value(4.5).run()
    box(app, "Epochs").set_value(7).run()
    app.switch_page("data.py").run()
    wait_for_jobs(app)
    app.radio[0].set_value(name).run()
    press(wait_for_jobs(app), "Train on this").run()
    app.query_params["dataset"] = name  # AppTest does not follow switch_page by itself
    app = wait_for_jobs(app.switch_page("train.py").run())
    assert_clean(app)
    assert box(app, "Data set").value == name
    assert slider(app, "Batch size").value == N and box(app, "Clusters $K$").value == 3
    assert box(app, "Epochs").value != 7 and slider(app, "Augmentation weight").value != 4.5
    assert "Reset to preset" not in texts(app)


def test_other_data_with_settings_in_the_url_keep_those_alone() -> None:
    name = kept()
    app = wait_for_jobs(open_page("train", dataset="digits", method="dccs"))
    slider(app, "Augmentation weight").set_value(4.5).run()
    slider(app, "Style deviation").set_value(0.3).run()
    app.switch_page("home.py").run()
    app.query_params.clear()
    app.query_params["dataset"], app.query_params["beta_aug"] = name, "3"
    app = wait_for_jobs(app.switch_page("train.py").run())
    assert box(app, "Data set").value == name and slider(app, "Augmentation weight").value == 3
    assert "Reset to preset (1 changed)" in texts(app)


def test_settings_outlast_a_change_of_page() -> None:
    app = wait_for_jobs(open_page("train", dataset="digits", method="dccs"))
    slider(app, "Augmentation weight").set_value(4.5).run()
    app = wait_for_jobs(app.switch_page("home.py").run().switch_page("train.py").run())
    assert slider(app, "Augmentation weight").value == 4.5


def test_the_batch_follows_the_number_of_images_unless_it_was_set() -> None:
    app = wait_for_jobs(open_page("train", dataset="digits", method="dccs"))
    usual = slider(app, "Batch size").value
    for limit, batch in ((20, 20), (0, usual), (24, 24)):
        box(app, "Images (0: all)").set_value(limit).run()
        assert_clean(app)
        assert slider(app, "Batch size").value == batch
        assert "Reset to preset" not in texts(app)
    slider(app, "Batch size").set_value(64).run()
    box(app, "Images (0: all)").set_value(0).run()
    assert slider(app, "Batch size").value == 64 and "Reset to preset (1 changed)" in texts(app)


def test_features_are_computed_and_kept_as_a_data_set() -> None:
    app = open_page("data", dataset=kept("Told things", texts=True))
    app.session_state["data-tab"] = "Features"
    app = wait_for_jobs(app.run())
    press(app, "Compute features").run()
    app = wait_for_jobs(app)
    assert_clean(app)
    assert "Variance kept" in texts(app) and 'alt="picture of sample' in texts(app)
    press(app, "Save as data set").run()
    app = wait_for_jobs(app)
    assert_clean(app)
    found = uploads.find("told-things-hog-and-tf-idf")
    assert found is not None and found.views == ("HOG", "TF-IDF") and found.licence == "CC0"


def test_somebody_elses_data_are_neither_listed_nor_shown(home: Path) -> None:
    name = kept()
    other = home / "uploads" / "abc123"
    (home / "uploads" / "local").rename(other)
    app = wait_for_jobs(open_page("data", dataset=name.replace("local", "abc123")))
    assert_clean(app)
    assert "My things" not in texts(app)


def test_the_list_can_be_searched() -> None:
    app = wait_for_jobs(open_page("data"))
    box(app, "Search").set_value("strokes").run()
    app = wait_for_jobs(app)
    assert app.radio[0].options == ["Digits, two views"]
    box(app, "Search").set_value("no such thing").run()
    assert "No data set matches" in texts(app)


def test_runs_on_data_of_somebody_else_are_not_shown(
    make_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = uploads.keep(catalogue.load("digits"), uploads.About(title="Private digits"), owner="ada")
    run = make_run(dataset=name)
    for page in ("home", "map", "clusters", "train"):
        app = open_page(page, run=run.id)
        assert not app.exception
        assert not any("Private digits" in str(box.options) for box in app.selectbox), page
        assert "Private digits" not in texts(app) and run.id not in texts(app), page

    monkeypatch.setattr(login, "owner", lambda: "ada")
    assert "Private digits" in texts(open_page("home"))
    assert any("Private digits" in str(box.options) for box in open_page("clusters", run=run.id).selectbox)
