"""Data of one's own on the page Data: preview, questions, keeping, editing, deleting; features."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmclust.data import catalogue, uploads
from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.escaping import markdown
from mmclust.plots.palette import cluster_colors
from mmclust.runs.run import Run
from mmclust.ui.components import descriptions
from mmclust.ui.data import questions
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


def upload(app, *files: tuple[str, bytes]):
    app.file_uploader[0].set_value([(name, content, "application/octet-stream") for name, content in files]).run()
    return wait_for_jobs(app)


def answer(app, question: str, option: str):
    """Take an answer to a question by the button under it."""
    app.button(key=f"add:use:{question}:{option}").click().run()
    return wait_for_jobs(app)


def detected(app) -> list[str]:
    return [one.value for one in app.success]


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
    app = upload(app, ("mine.npz", npz(x=pixels, kind=CLASSES)))
    assert_clean(app)
    assert "Detected: 1 view: 30 x 64; 3 classes." in detected(app)
    assert "One view of numbers can be explored with baselines" in texts(app)
    assert "2 open questions about the file" in texts(app)
    assert uploads.entries() == []
    app = answer(app, "classes", "kind")
    app = answer(app, "pixels of x", "images, row by row")
    assert "Detected: 30 gray images of 8 x 8; 3 classes." in detected(app)
    assert "One view of numbers" not in texts(app) and "No open questions about the file" in texts(app)
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
    app = upload(open_page("data", dataset="add"), ("mine.npz", content))
    assert_clean(app)
    assert "X1 has 30 samples, X2 has 26 samples. Methods need complete views" in texts(app)
    assert not app.success and "Save data set" not in [button.label for button in app.button]
    choice = "keep the first 26 rows of each view"
    assert f"**{choice}**" in texts(app) and app.button(key=f"add:use:pairing:{choice}").proto.help
    assert "2 views: 26 x 5, 26 x 7; 3 classes; the first 26 samples" in texts(app), "what it would be read as"
    app = answer(app, "pairing", choice)
    assert_clean(app)
    assert detected(app) == [
        "Detected: 2 views: 26 x 5, 26 x 7; 3 classes; the first 26 samples of each view, paired by their order."
    ]
    app = wait_for_jobs(app.button(key="add:reopen:pairing").click().run())
    assert not app.success, "the choice can be taken back"
    app = answer(app, "pairing", choice)
    press(app, "Save data set").run()
    wait_for_jobs(app)
    (entry,) = uploads.entries()
    assert (entry.n_samples, entry.n_clusters) == (26, 3)


def test_both_readings_of_an_open_question_stand_side_by_side(home: Path) -> None:
    values = np.random.default_rng(0).normal(size=(N, 5)).round(3)
    rows = [",".join(map(str, row)) for row in values]
    tables = [("\n".join(["a,b,c,d,e", *part])).encode() for part in (rows[:15], rows[15:])]
    app = upload(open_page("data", dataset="add"), ("north.csv", tables[0]), ("south.csv", tables[1]))
    assert_clean(app)
    assert "2 open questions about the file" in texts(app) and "have the same columns" in texts(app)
    shown = [one.value for one in app.caption]
    for reading in ("1 view: 30 x 5; 2 classes", "1 view: 30 x 5; no classes"):  # of both questions
        assert sum(text.startswith(reading) for text in shown) == 2
    assert sum('class="mm-grid mm-wrap mm-cards"' in one.proto.body for one in app.get("html")) == 5
    first, other = detected(app)[0], "rows of one table"
    app = wait_for_jobs(app.run())
    assert "2 open questions" in texts(app), "a guess is no answer, however often the page is drawn"
    app = answer(app, "files", other)
    assert detected(app)[0] != first and "No open questions" in texts(app)
    assert app.selectbox(key="add:answer:files").value == other


def test_a_file_that_is_read_slowly_is_read_again_when_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "QUICK_S", -1.0)
    values = np.random.default_rng(0).normal(size=(N, 5))
    app = upload(open_page("data", dataset="add"), ("mine.npz", npz(x=values, kind=CLASSES)))
    other = "1 view: 30 x 5; no classes; left out: kind"
    assert other not in texts(app)
    app = wait_for_jobs(press(app, "Preview").run())
    assert_clean(app)
    assert other in texts(app)


def test_what_was_understood_is_kept_and_shown(home: Path) -> None:
    values = np.random.default_rng(0).normal(size=(N, 5)).round(3)
    rows = [
        f"{','.join(map(str, row))},{c},{i % 2},note" for i, (row, c) in enumerate(zip(values, CLASSES, strict=True))
    ]
    content = "\n".join(["a,b,c,d,e,fine_label,coarse_label,remark", *rows]).encode()
    app = upload(open_page("data", dataset="add"), ("mine.csv", content))
    assert_clean(app)
    assert any(one.value.startswith("Left out: ") and "remark" in one.value for one in app.warning)
    app = answer(app, "classes", "coarse_label")
    assert "is open: the data set is saved with the guess above" in texts(app)
    press(app, "Save data set").run()
    app = wait_for_jobs(app)
    (entry,) = uploads.entries()
    found = uploads.understanding(entry.name)
    assert found is not None and found["n_clusters"] == 2
    asked = {question["name"]: (question["answer"], question["open"]) for question in found["questions"]}
    assert asked == {"classes": ("coarse_label", False), "use of fine_label": ("leave it out", True)}
    assert any("remark" in one for one in found["left_out"])
    app = wait_for_jobs(open_page("data", dataset=entry.name))
    assert_clean(app)
    assert [one.label for one in app.expander if "as read" in one.label] == ["Data as read"]
    assert f"Taken as: **{markdown('coarse_label')}**" in texts(app)
    assert f":orange-badge[open] {markdown('fine_label may be classes')}" in texts(app)


def test_samples_without_a_class_have_no_colour_of_one() -> None:
    spec = DataSpec(name="x", views=(ViewSpec(name="a", kind="vector", shape=(2,)),), n_clusters=3)
    data = MultiViewDataset(spec=spec, views=(np.zeros((4, 2)),), labels=np.array([0, 2, -1, 2]))
    colors = descriptions.class_colors(data, np.arange(4))
    assert colors is not None and colors[2] not in cluster_colors(3) and colors[1] == colors[3] != colors[0]


def test_a_file_that_cannot_be_read_is_one_sentence_and_nothing_is_kept() -> None:
    app = upload(open_page("data", dataset="add"), ("mine.npz", b"no zip at all"))
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
        box(app, "Samples (0: all)").set_value(limit).run()
        assert_clean(app)
        assert slider(app, "Batch size").value == batch
        assert "Reset to preset" not in texts(app)
    slider(app, "Batch size").set_value(64).run()
    box(app, "Samples (0: all)").set_value(0).run()
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
