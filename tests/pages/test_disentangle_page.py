"""The Disentangle page by clicking: read-outs and probes, style neighbours, codes over prototypes."""

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from mmclust import specs
from mmclust.data import catalogue
from mmclust.evaluation.snapshot import Snapshot
from mmclust.reproduction import dccs
from mmclust.reproduction.table import PaperTable
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore
from tests.pages.conftest import fresh_weights
from tests.pages.test_pages import assert_clean, open_page, texts, wait_for_jobs

N = 320


@pytest.fixture
def make_small(home) -> Callable[..., Run]:
    """`make_small(dataset, method, spaces, ...)` stores a finished run on the first samples of a data set."""

    def make(
        dataset: str,
        method: str,
        spaces: Callable[[np.ndarray], dict[str, np.ndarray]],
        *,
        n: int = N,
        clusters: int | None = None,
        landmarks: dict[str, np.ndarray] | None = None,
        weights: bool = False,
    ) -> Run:
        data = catalogue.load(dataset, limit=n)
        labels = np.arange(n) % 8 if data.labels is None else data.labels
        n_clusters = clusters or data.spec.n_clusters
        store = RunStore()
        run = store.create(specs.build_spec(dataset, method, epochs=2, limit=n, clusters=clusters))
        active = store.claim(run.id)
        assert active is not None
        with active:
            active.begin(n_samples=n, n_train=n, n_clusters=n_clusters, environment={})
            logits = 5 * np.eye(n_clusters, dtype=np.float32)[labels % n_clusters]
            found = {name: values.astype(np.float32) for name, values in spaces(labels).items()}
            active.snapshot(
                Snapshot(epoch=2, step=8, index=np.arange(n), spaces=found, logits=logits, landmarks=landmarks or {})
            )
            active.progress(step=8, total_steps=8, epoch=2)
            if weights:
                active.checkpoint({"step": 8, "method": fresh_weights(run)})
            active.finish("finished")
        return run

    return make


def of_shapes(labels: np.ndarray) -> dict[str, np.ndarray]:
    """A category that is the class, a style that holds position and colour, and nothing of the class."""
    data = catalogue.load("shapes", limit=len(labels))
    turn = 2 * np.pi * data.factors["hue"]
    style = np.stack([data.factors["x"], data.factors["y"], np.cos(turn), np.sin(turn)], axis=1)
    category = np.eye(8)[labels]
    return {"z": np.hstack([style, category]), "z_c": category, "z_s": style}


def opened(run: Run, **query: str):
    return wait_for_jobs(open_page("disentangle", run=run.id, **query), timeout=180)


def test_read_outs_and_probes_tell_category_from_style_and_name_every_known_factor(
    make_small: Callable[..., Run],
) -> None:
    run = make_small("shapes", "dccs", of_shapes)
    app = opened(run)
    assert_clean(app)
    words = texts(app)
    assert "k-means on Z_s, style" in words and "<td>100.0%</td>" in words
    assert "The groups in the style code are hardly those of the classes" in words
    assert "class from Z_s, style: 1" in words, "position and colour tell the class no better than chance, 1 in 8"
    assert "position, x: best predicted from Z" in words and "colour: best predicted from Z" in words
    assert "rotation: not predictable from any space" in words and "size: not predictable from any space" in words
    assert len(app.get("plotly_chart")) == 1
    assert len(list((run.folder / "analysis").glob("*.npz"))) == 3 + 3 * 6, "each read-out and each probe is kept"


def test_figures_of_the_paper_stand_beside_ours_for_its_own_data(
    make_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "reported" not in texts(opened(make_run()))
    monkeypatch.setattr(
        "mmclust.reproduction.kmeans_evaluations.READOUTS", {"dccs": (_as_digits(), {"z_s": "K-means on z_s"})}
    )
    words = texts(opened(make_run()))
    assert "ACC, reported" in words
    assert '<td class="mm-paper">51.6%</td>' in words
    assert "DCCS (ECCV 2020), Table 4" in words


def _as_digits() -> PaperTable:
    return replace(dccs.TABLE_4, datasets=("digits", *dccs.TABLE_4.datasets[1:]))


def test_a_row_of_neighbours_keeps_its_style_and_the_url_keeps_the_spaces(make_small: Callable[..., Run]) -> None:
    app = opened(make_small("shapes", "dccs", of_shapes), part="neighbours")
    assert_clean(app)
    words = texts(app)
    assert "**The same style, in other clusters**" in words
    assert words.count('class="mm-own"') == 8
    table = words[words.index("mm-style") : words.index("</table>", words.index("mm-style"))]
    assert table.count('alt="Image ') == 8 + 8 * 8
    next(box for box in app.selectbox if box.label == "Similar in").select("z_c").run()
    assert_clean(app)
    assert app.query_params["style"] == "z_c"
    app.number_input[0].set_value(5).run()
    assert "Image 5, class" in texts(app)
    controls = [*app.selectbox, *app.number_input, *app.button_group]
    assert all(control.proto.help for control in controls)


def test_selected_samples_are_the_ones_that_are_followed(make_small: Callable[..., Run]) -> None:
    run = make_small("shapes", "dccs", of_shapes)
    app = opened(run, part="neighbours", sel="class:3")
    assert_clean(app)
    rows = texts(app).split("<tr>")[2:]
    assert len(rows) == 10
    assert all("class star" in row.split("</th>")[0] for row in rows)


def of_prototypes(labels: np.ndarray) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    p = np.eye(20)[2 * labels + rng.integers(0, 2, len(labels))] + 0.05 * rng.normal(size=(len(labels), 20))
    return {"z": rng.normal(size=(len(labels), 8)), "p": p / np.linalg.norm(p, axis=1, keepdims=True)}


@pytest.mark.slow
def test_prototypes_have_their_use_their_owners_and_their_distances_under_augmentation(
    make_small: Callable[..., Run],
) -> None:
    run = make_small("digits", "imc-swav", of_prototypes, landmarks={"p": np.eye(40, 20)}, weights=True)
    app = opened(run, part="codes")
    assert_clean(app)
    words = texts(app)
    assert "(20 of 40 used)" in words
    assert "of ln 40 = 3.69 nats" in words
    share = re.search(r"on average, the owning cluster has (\d+)% of a prototype's use", words)
    assert share is not None and int(share[1]) >= 90, "each prototype lies in one cluster, but for its probability"
    assert "Distances of codes under two augmentations" in words
    assert "reports about 0.06 and 0.63" in words
    assert len(app.get("plotly_chart")) == 3


def test_codes_of_a_method_without_prototypes_are_its_clusters(make_run: Callable[..., Run]) -> None:
    app = opened(make_run(), part="codes")
    assert_clean(app)
    words = texts(app)
    assert "is stored with the first checkpoint" in words
    assert "it has no finer prototypes" in words


@pytest.mark.parametrize("part", ["spaces", "neighbours"])
@pytest.mark.parametrize(("n", "clusters"), [(50, 8), (400, 200), (9, 2)])
def test_few_samples_and_many_clusters_are_shown_as_far_as_they_go(
    n: int, clusters: int, part: str, make_small: Callable[..., Run]
) -> None:
    run = make_small(
        "digits", "dccs", lambda y: {"z": np.random.default_rng(0).normal(size=(len(y), 3))}, n=n, clusters=clusters
    )
    app = opened(run, part=part)
    assert_clean(app)
    words = texts(app)
    assert ("k-means" if part == "spaces" else "mm-style") in words


def test_without_classes_agreement_with_the_run_is_left(make_small: Callable[..., Run], tmp_path) -> None:
    path = tmp_path / "mine.npz"
    np.savez(path, images=catalogue.load("digits").views[0][:, 0])
    run = make_small(str(path), "dccs", lambda y: {"z": np.eye(8)[y]}, clusters=8)
    app = opened(run)
    assert_clean(app)
    words = texts(app)
    assert "Without classes, only the agreement" in words
    assert "The cluster is best predicted from Z" in words
    assert "ACC" not in words.split("mm-figures")[1].split("</table>")[0]


@pytest.mark.parametrize("part", ["spaces", "neighbours", "codes"])
def test_a_run_that_is_deleted_while_the_page_is_open_gives_way_to_another(
    part: str, make_run: Callable[..., Run]
) -> None:
    run, other = make_run(seed=0), make_run(seed=1)
    app = opened(run, part=part)
    RunStore().delete(run.id)
    app.run()
    wait_for_jobs(app, timeout=120)
    assert_clean(app)
    assert app.query_params["run"] == other.id


def test_a_paused_training_is_shown_at_its_last_snapshot(make_run: Callable[..., Run]) -> None:
    run = make_run(status="paused")
    app = opened(run)
    assert_clean(app)
    assert "k-means on Z_s, style" in texts(app)
