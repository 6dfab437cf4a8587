"""The Clusters page: kinds of images, and annotations from the first step to undo, redo, another name and the end."""

import io
import json
import time
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from mmclust.data import uploads
from mmclust.evaluation.annotation import Merge, Rename
from mmclust.runs.annotations import Annotation, Annotations
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore
from mmclust.ui.clusters.editing import OPENED

from .test_pages import ABOUT_RUNS, assert_clean, component_data, open_page, texts


def rows(app: AppTest) -> str:
    return next(html for c in app.get("bidi_component") if "mm-table" in (html := component_data(c).get("html", "")))


def button(app: AppTest, label: str) -> Button:
    return next(button for button in app.button if button.label == label)


def press(app: AppTest, label: str) -> AppTest:
    return button(app, label).click().run()


def do(app: AppTest, kind: str) -> AppTest:
    """Open the window of edits and choose what to do."""
    press(app, "Edit clusters")
    next(group for group in app.button_group if group.label == "Action").set_value(kind)
    return rerun_window(app)


def rerun_window(app: AppTest) -> AppTest:
    """Run the page with the same window open: a browser reruns the window alone; here it would close."""
    app.session_state[OPENED] -= 1
    return press(app, "Edit clusters")


def press_in_window(app: AppTest, label: str) -> AppTest:
    button(app, label).click()
    return rerun_window(app)


def stored(run: Run) -> list[Annotation]:
    return Annotations(RunStore()).of(run.id)


def annotated(run: Run, *steps) -> Annotation:
    known = Annotations(RunStore())
    found = known.create(run.id, "mine", epoch=3)
    for step in steps:
        found = known.add(found, step)
    return found


@pytest.mark.parametrize(
    ("former", "head"),
    [
        ("surest", "Images with the largest probability of the cluster"),
        ("least sure", "Images of the cluster with the largest entropy of their probabilities"),
        ("contested", "Images with a close second cluster, the runner-up, which is written below"),
    ],
)
def test_links_with_the_former_names_of_the_kinds_still_show_them(
    make_run: Callable[..., Run], former: str, head: str
) -> None:
    assert f"<th>{head}</th>" in rows(open_page("clusters", run=make_run().id, images=former))


def test_images_with_a_close_runner_up_name_it(make_run: Callable[..., Run]) -> None:
    app = open_page("clusters", run=make_run().id, images="runner-up")
    html = rows(app)
    assert "which is written below" in html
    captions = html.count('<span class="mm-cap">')
    assert captions == 100
    first = html.split("<tr>")[2]
    assert '<span class="mm-cap">7</span>' not in first, "a cluster is not its own runner-up"


def test_rows_tell_size_confidence_entropy_and_purity_and_can_be_ordered_by_entropy(
    make_run: Callable[..., Run],
) -> None:
    app = open_page("clusters", run=make_run().id, order="entropy")
    assert_clean(app)
    values = [float(part.split(">entropy ")[1].split("<")[0]) for part in rows(app).split("<tr>")[2:]]
    assert values == sorted(values, reverse=True) and values[0] > 0
    assert rows(app).count(" pure") == 10


def test_the_first_merge_begins_an_annotation_and_leaves_the_run_alone(make_run: Callable[..., Run]) -> None:
    run = make_run()
    before = run.snapshot().logits.copy()
    app = do(open_page("clusters", run=run.id), "Merge")
    assert_clean(app)
    assert "ACC, now" in texts(app) and "The first change starts an annotation" in texts(app)
    press_in_window(app, "Merge 2 clusters")
    assert_clean(app)
    (mine,) = stored(run)
    assert mine.name == "Annotation 1" and len(mine.applied) == 1
    assert app.query_params["annotation"] == mine.annotation_id
    assert "<b>9</b> <small>clusters" in texts(app) and "(run: " in texts(app)
    assert np.array_equal(run.snapshot().logits, before)


def test_merge_undo_redo_on_the_page(make_run: Callable[..., Run]) -> None:
    run = make_run()
    mine = annotated(run, Merge(clusters=(0, 1)))
    app = open_page("clusters", run=run.id, annotation=mine.annotation_id)
    assert_clean(app)
    assert "1+2 · " in rows(app)
    press(app, "Undo")
    assert_clean(app)
    assert "1+2 · " not in rows(app) and "<b>10</b> <small>clusters" in texts(app)
    press(app, "Redo")
    assert "1+2 · " in rows(app)


def test_a_split_shows_its_parts_before_and_makes_one_more_cluster(make_run: Callable[..., Run]) -> None:
    run = make_run()
    app = do(open_page("clusters", run=run.id), "Split")
    assert_clean(app)
    assert texts(app).count('class="mm-part"') == 2
    press_in_window(app, "Split into 2")
    assert_clean(app)
    assert "<b>11</b> <small>clusters" in texts(app)
    assert "1a" in rows(app) and "1b" in rows(app)


def test_a_name_shows_on_every_page_about_the_run(make_run: Callable[..., Run]) -> None:
    run = make_run()
    mine = annotated(run, Rename(cluster=4, name="<b>ones</b>"))
    app = open_page("clusters", run=run.id, annotation=mine.annotation_id)
    assert "&lt;b&gt;ones&lt;/b&gt;" in rows(app) and "<b>ones</b>" not in rows(app)
    app = open_page("confusion", run=run.id, annotation=mine.annotation_id)
    table = next(data for c in app.get("bidi_component") if "columns" in (data := component_data(c)))
    assert "<b>ones</b>" in [column["name"] for column in table["columns"]], "escaped in the browser"


@pytest.mark.parametrize("page", ABOUT_RUNS)
def test_every_page_works_under_an_annotation(page: str, make_run: Callable[..., Run]) -> None:
    run = make_run()
    mine = annotated(run, Merge(clusters=(0, 1, 5)), Rename(cluster=0, name="mixed"))
    app = open_page(page, run=run.id, annotation=mine.annotation_id, projection="PCA")
    assert_clean(app)
    assert app.query_params["annotation"] == mine.annotation_id


def test_an_annotation_that_was_deleted_elsewhere_is_simply_off(make_run: Callable[..., Run]) -> None:
    run = make_run()
    app = open_page("clusters", run=run.id, annotation="feedfeedfeed")
    assert_clean(app)
    assert "annotation" not in app.query_params
    assert "<b>10</b> <small>clusters" in texts(app)


def test_an_annotation_is_renamed_switched_off_and_deleted(make_run: Callable[..., Run]) -> None:
    run = make_run()
    mine = annotated(run, Merge(clusters=(0, 1)))
    app = open_page("clusters", run=run.id, annotation=mine.annotation_id)
    next(box for box in app.text_input if box.label == "Name").set_value("better").run()
    assert_clean(app)
    assert [a.name for a in stored(run)] == ["better"]
    press(app, "Turn off")
    assert "<b>10</b> <small>clusters" in texts(app) and len(stored(run)) == 1
    next(box for box in app.selectbox if box.label == "Annotation").select(mine.annotation_id).run()
    assert "<b>9</b> <small>clusters" in texts(app)
    press(app, "Delete")
    assert_clean(app)
    assert stored(run) == [] and "<b>10</b> <small>clusters" in texts(app)


def test_a_split_that_does_not_fit_an_epoch_is_a_sentence_and_the_run_is_shown(make_run: Callable[..., Run]) -> None:
    from mmclust.evaluation.annotation import Split

    run = make_run()
    mine = annotated(run, Split(cluster=0, space="gone", centres=((0.0,), (1.0,)), variance=1.0))
    app = open_page("clusters", run=run.id, annotation=mine.annotation_id)
    assert not app.exception
    assert any("space gone, which epoch 3 does not have" in warning.value for warning in app.warning)
    assert "<b>10</b> <small>clusters" in texts(app)


def test_two_clusters_cannot_be_merged_into_one(make_run: Callable[..., Run]) -> None:
    app = do(open_page("clusters", run=make_run(clusters=2).id), "Merge")
    assert not app.exception
    assert any("only two clusters" in warning.value for warning in app.warning)


def test_steps_are_listed_with_the_figures_after_each(make_run: Callable[..., Run]) -> None:
    run = make_run()
    known = Annotations(RunStore())
    mine = known.undo(annotated(run, Merge(clusters=(0, 1)), Rename(cluster=0, name="both")))
    words = texts(open_page("clusters", run=run.id, annotation=mine.annotation_id))
    assert "1 and 2 merged</th><td>9</td><td>" in words
    assert "<s>1+2 called both</s>" in words


def test_annotations_are_exported_with_their_steps_and_figures(make_run: Callable[..., Run]) -> None:
    from mmclust.data import catalogue
    from mmclust.report import annotations as files

    run = make_run()
    mine = annotated(run, Merge(clusters=(3, 4)), Rename(cluster=3, name="0 or 1"))
    labels, snapshot = catalogue.load("digits").labels, run.snapshot()
    found = json.loads(files.document(snapshot, mine, labels, [str(i) for i in range(10)]))
    assert found["annotation"] == "mine" and len(found["steps"]) == 2 and len(found["clusters"]) == 9
    assert found["clusters"][3]["name"] == "0 or 1" and found["clusters"][3]["run_clusters"] == [3, 4]
    assert found["after"]["acc"] < found["before"]["acc"]
    lines = files.table(snapshot, mine, labels, [str(i) for i in range(10)]).splitlines()
    assert lines[0] == "sample,run_cluster,cluster,cluster_label,cluster_name,class,class_name"
    assert len(lines) == 1798
    line = next(line.split(",") for line in lines[1:] if line.split(",")[1] == "4")
    assert line[2:5] == ["3", "4+5", "0 or 1"]


def png(size: tuple[int, int], mode: str = "RGB") -> bytes:
    picture = io.BytesIO()
    Image.linear_gradient("L").resize(size).convert(mode).save(picture, "PNG")
    return picture.getvalue()


def give(app: AppTest, *files: tuple[str, bytes], until: str) -> AppTest:
    """Drop files on the box for new samples, and wait until the page says something."""
    app.file_uploader[0].set_value([(name, content, "application/octet-stream") for name, content in files]).run()
    deadline = time.monotonic() + 60
    while until not in texts(app) and time.monotonic() < deadline:
        time.sleep(0.1)
        app.run()
    assert until in texts(app)
    return app


def test_new_samples_get_the_clusters_of_the_run(make_run: Callable[..., Run]):
    run = make_run(weights=True)
    app = open_page("clusters", run=run.id)
    app = give(app, ("a [b](http://x).png", png((30, 20))), ("b.png", png((8, 8), "L")), until="new sample 2")
    assert_clean(app)
    assert texts(app).count("of the run") >= 2 * 8, "the most similar samples of both"
    assert [one.proto.label for one in app.get("download_button")].count("Table") == 1
    assert "where the network looked: new sample 2" in texts(app)
    new = io.BytesIO()
    np.savez(new, images=np.zeros((3, 9, 9), np.uint8) + np.arange(9, dtype=np.uint8))
    app = give(app, ("new.npz", new.getvalue()), until="bring them to the same size")
    give(app, ("broken.png", b"no picture"), until="broken.png")
    assert not list(uploads.entries())


def test_a_run_without_weights_says_what_new_samples_need(make_run: Callable[..., Run]):
    give(open_page("clusters", run=make_run().id), ("a.png", png((8, 8))), until="No trained weights yet")
