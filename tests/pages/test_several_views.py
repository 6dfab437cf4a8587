"""The pages with runs of several views: what the views say alone and together, on every page."""

from collections.abc import Callable

import numpy as np
import pytest

from mmclust import specs
from mmclust.data import catalogue, preprocessing
from mmclust.evaluation.metrics import score
from mmclust.evaluation.snapshot import Snapshot
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore

from .test_pages import ABOUT_RUNS, assert_clean, component_data, open_page, texts, wait_for_jobs

N = 400
SWAP = np.array([0, 2, 1, *range(3, 10)])


@pytest.fixture
def make_views_run() -> Callable[..., Run]:
    """`make_views_run(method, dataset=...)` stores a run on the digits in two views; the second view swaps 1 and 2."""

    def make(method: str = "dmim", *, dataset: str = "digits-2view", weights: bool = False, changes=None) -> Run:
        run = RunStore().create(
            specs.build_spec(dataset, method, epochs=2, limit=N, clusters=10, changes=changes or {})
        )
        data = catalogue.load(dataset, limit=N)
        clusters = np.arange(N) % 10 if data.labels is None else data.labels
        active = RunStore().claim(run.id)
        assert active is not None
        rng = np.random.default_rng(0)
        with active:
            active.begin(n_samples=N, n_train=N, n_clusters=10, environment={})
            for epoch in (0, 2):
                scores = [
                    (2.0 + 2 * epoch) * np.eye(10)[y] + rng.normal(size=(N, 10))
                    for y in (clusters, clusters, SWAP[clusters])
                ]
                fused, *alone = (values.astype(np.float32) for values in scores)
                spaces = {"z": fused, "z_1": alone[0], "z_2": alone[1]}
                spaces["over"] = np.eye(20, dtype=np.float32)[2 * clusters + rng.integers(0, 2, N)]
                landmarks = {"z": 4 * np.eye(10, dtype=np.float32), "z_1": 4 * np.eye(10, dtype=np.float32)}
                snapshot = Snapshot(
                    epoch=epoch,
                    step=epoch,
                    index=np.arange(N),
                    spaces=spaces,
                    logits=fused,
                    view_logits=tuple(alone),
                    landmarks=landmarks,
                )
                active.snapshot(snapshot)
                values = {"signal/usage_entropy": 2.29, "signal/confidence": 0.9, "signal/agreement": 0.8}
                values |= {"signal/weight_1": 0.6, "signal/weight_2": 0.4, "loss/information": -1.0 / (epoch + 1)}
                if data.labels is not None:
                    values |= {f"eval/{name}": value for name, value in score(clusters, snapshot.y_pred).items()}
                    values |= {"view/acc_1": 0.9, "view/acc_2": 0.8, "view/nmi_1": 0.9, "view/nmi_2": 0.8}
                active.log(values, step=epoch, epoch=epoch)
            active.progress(step=2, total_steps=2, epoch=2)
            if weights:
                active.checkpoint({"step": 2, "method": fresh_weights(run)})
            active.finish("finished")
        return run

    return make


def fresh_weights(run: Run) -> dict:
    """The state of the run's method before training."""
    from mmclust.engine.trainer import build
    from mmclust.methods import card, method_class

    config = card(run.spec.method).config(**run.spec.config)
    spec = preprocessing.spec_after(catalogue.describe(run.spec.dataset), run.spec.preprocessing, N)
    return build(method_class(run.spec.method), config, spec, 0).state_dict()


@pytest.mark.parametrize("page", ("home", "train", *ABOUT_RUNS))
def test_page_works_with_a_run_of_two_views(page: str, make_views_run: Callable[..., Run]) -> None:
    app = open_page(page, run=make_views_run().id, projection="PCA")
    assert_clean(app)
    if page in ABOUT_RUNS:
        assert "<b>2</b> <small>views" in texts(app)


@pytest.mark.parametrize("page", ("train", *ABOUT_RUNS))
def test_page_works_with_two_views_without_classes(page: str, make_views_run: Callable[..., Run], tmp_path) -> None:
    path = tmp_path / "mine.npz"
    digits = catalogue.load("digits-2view")
    np.savez(path, pixels=digits.views[0], strokes=digits.views[1])
    app = open_page(page, run=make_views_run("msdib", dataset=str(path)).id, projection="PCA")
    assert_clean(app)
    assert "<small>ACC" not in texts(app)


def test_clusters_page_stacks_the_views_of_each_sample_and_hides_those_not_wanted(
    make_views_run: Callable[..., Run],
) -> None:
    app = open_page("clusters", run=make_views_run().id)
    words = texts(app)
    assert words.count('class="mm-profile"') == 100
    assert words.count('alt="Mean image of cluster') == words.count('alt="Mean profile of cluster') == 10
    next(group for group in app.button_group if group.label == "Views").set_value([0]).run()
    assert_clean(app)
    assert 'class="mm-profile"' not in texts(app)


def test_assignment_of_one_view_is_chosen_on_the_page_or_in_the_url(make_views_run: Callable[..., Run]) -> None:
    run = make_views_run()
    app = open_page("clusters", run=run.id)
    assert "10 · 9" in texts(app) and "2 · 1" in texts(app)
    next(group for group in app.button_group if group.label == "Assignment").set_value("view 2").run()
    assert_clean(app)
    assert "2 · 2" in texts(app) and "2 · 1" not in texts(app)
    assert app.query_params["assignment"] == "view 2"
    linked = open_page("confusion", run=run.id, assignment="view 2")
    assert_clean(linked)
    table = next(data for c in linked.get("bidi_component") if "columns" in (data := component_data(c)))
    assert "2 · 2" in [column["name"] for column in table["columns"]]


def test_views_page_names_swapped_clusters_and_shows_the_samples_of_a_cell(make_views_run: Callable[..., Run]) -> None:
    run = make_views_run()
    app = open_page("views", run=run.id)
    assert_clean(app)
    words = texts(app)
    assert "**Swapped**: clusters 2 · 1 and 3 · 2 have changed places" in words
    assert "samples** in this cell" in words
    assert 'class="mm-figures"' in words
    app = open_page("views", run=run.id, rows="fused", columns="view 1")
    assert "Swapped" not in texts(app)


@pytest.mark.parametrize("show", ("disagreements", "training", "over-clusters"))
def test_parts_of_the_views_page(show: str, make_views_run: Callable[..., Run]) -> None:
    app = open_page("views", run=make_views_run().id, show=show)
    assert_clean(app)
    wanted = {
        "disagreements": "have views that disagree",
        "training": "**Fusion weights**",
        "over-clusters": "**20 of 20 over-clusters are in use**",
    }
    assert wanted[show] in texts(app)


def test_views_page_of_a_run_of_one_view_leads_to_a_training_on_two(make_run: Callable[..., Run]) -> None:
    app = open_page("views", run=make_run().id)
    assert_clean(app)
    assert "This run has one view" in texts(app)
    assert "Train on two views" in [button.label for button in app.button]


def test_train_page_has_a_line_for_each_view(make_views_run: Callable[..., Run]) -> None:
    app = open_page("train", run=make_views_run("msdib").id)
    assert_clean(app)
    words = texts(app)
    assert "ACC of each view alone" in words and "Fusion weights" in words
    assert "Agreement of the views" in words


@pytest.mark.parametrize("method", ("dmim", "msdib", "dmid-uic"))
def test_method_card_and_form_show_every_method(method: str) -> None:
    app = open_page("train", method=method, dataset="digits-2view")
    assert_clean(app)
    assert ": the idea" in texts(app)
    assert app.latex


def test_generated_samples_stand_as_code_by_noise_for_every_view(make_views_run: Callable[..., Run]) -> None:
    changes = {"generative": True}
    run = make_views_run("dmid-uic", weights=True, changes=changes)
    app = wait_for_jobs(open_page("disentangle", run=run.id, part="generated"), timeout=120)
    assert_clean(app)
    words = texts(app)
    assert words.count('alt="Generated sample of cluster') == 10 * 8 * 2
    assert "generated samples are assigned to their own code" in words
    assert "**Variety**" in words


def test_views_of_a_sample_take_the_place_of_augmentations_and_of_a_style_code(
    make_views_run: Callable[..., Run],
) -> None:
    run = make_views_run("dmid-uic")
    words = texts(wait_for_jobs(open_page("disentangle", run=run.id, part="codes"), timeout=120))
    assert "Distances of codes of pixels and of strokes" in words
    app = wait_for_jobs(open_page("disentangle", run=run.id), timeout=120)
    assert_clean(app)
    words = texts(app)
    assert "no separate style code" in words
    assert "which view Z is of" in words


def test_a_run_without_generators_says_so(make_views_run: Callable[..., Run]) -> None:
    run = make_views_run("dmid-uic", weights=True, changes={"generative": False})
    app = wait_for_jobs(open_page("disentangle", run=run.id, part="generated"), timeout=120)
    assert_clean(app)
    assert [warning.value[:24] for warning in app.warning] == ["This run has no generato"]


def test_explain_page_lays_attribution_over_images_and_names_columns_of_numbers(
    make_views_run: Callable[..., Run],
) -> None:
    run = make_views_run("dmid-uic", weights=True)
    app = wait_for_jobs(open_page("explain", run=run.id), timeout=120)
    assert_clean(app)
    words = texts(app)
    assert "Contribution by view:" in words
    assert words.count('alt="Attribution of the mean of cluster') == 10
    assert words.count('alt="Attribution of Sample') >= 12
    app = wait_for_jobs(open_page("explain", run=run.id, view="view 2"), timeout=120)
    assert_clean(app)
    words = texts(app)
    assert "Most important columns" in words
    assert words.count('class="mm-signed"') == 10


@pytest.mark.slow
def test_explain_page_reads_feature_maps_where_a_view_has_convolutions(make_views_run: Callable[..., Run]) -> None:
    run = make_views_run("dmim", weights=True, changes={"encoder": "conv"})
    app = wait_for_jobs(open_page("explain", run=run.id), timeout=180)
    assert_clean(app)
    assert 'alt="HiResCAM of Sample' in texts(app)
    next(box for box in app.selectbox if box.label == "CAM method").select("grad-cam").run()
    wait_for_jobs(app, timeout=180)
    assert_clean(app)
    assert 'alt="Grad-CAM of Sample' in texts(app)
