import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import mmclust
import mmclust.estimators.saved
from mmclust import DCCS, DMIDUIC, DMIM, MSDIB, IMCSwAV
from mmclust.data import uploads
from mmclust.estimators import inputs
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore

SHORT: dict[str, Any] = {"preset": "paper", "epochs": 2}
DIGITS = load_digits(return_X_y=True)[0][:200].reshape(-1, 8, 8).astype(np.float32)


@pytest.fixture(scope="module")
def views() -> list[np.ndarray]:
    """Two views of 120 samples in three groups."""
    random = np.random.default_rng(0)
    centres = [random.normal(0, 4, (3, columns)) for columns in (12, 9)]
    group = np.arange(120) % 3
    return [(c[group] + random.normal(0, 1, (120, c.shape[1]))).astype(np.float32) for c in centres]


def test_importing_the_package_loads_no_torch_and_lists_what_it_offers():
    code = (
        "import mmclust, sys; assert 'torch' not in sys.modules and 'sklearn' not in sys.modules; print(dir(mmclust))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    assert "DMIDUIC" in found.stdout and "os" not in eval(found.stdout)
    with pytest.raises(AttributeError, match="no attribute 'KMeans'"):
        getattr(mmclust, "KMeans")  # noqa: B009


@pytest.mark.parametrize("kind", [DCCS, IMCSwAV, DMIM, MSDIB, DMIDUIC])
def test_parameters_are_read_set_and_cloned(kind: Callable):
    made = kind(5, preset="paper", random_state=3, hyperparameters={"batch_size": 8})
    twin: Any = clone(made)
    assert twin.get_params() == made.get_params()
    assert made.set_params(n_clusters=4).n_clusters == 4
    assert f"{kind.__name__}(" in repr(made)
    for call in (made.predict, made.predict_proba, made.transform):
        with pytest.raises(NotFittedError):
            call(DIGITS)


@pytest.mark.slow
def test_images_are_fitted_predicted_and_transformed():
    heard = []
    made = DCCS(10, hyperparameters={"width": 0.125}, callbacks=[lambda *news: heard.append(news)], **SHORT)
    labels = made.fit_predict(DIGITS)
    assert labels.shape == (200,) and made.probabilities_.shape == (200, 10)
    assert (made.n_iter_, made.n_features_in_) == (2, 64)
    assert {"epoch", "loss/aug"} <= set(made.history_.columns)
    assert np.asarray(made.history_["epoch"]).max() == 2
    assert any("loss/aug" in values for values, _, _ in heard)
    np.testing.assert_array_equal(made.predict(DIGITS), labels)
    np.testing.assert_allclose(made.predict_proba(DIGITS[:7]), made.probabilities_[:7], atol=1e-5)
    assert made.transform(DIGITS[:9], "z_s").shape == (9, 50)
    with pytest.raises(ValueError, match="choose one of z, z_c, z_s"):
        made.transform(DIGITS, "z_q")
    frame = made.set_output(transform="pandas").transform(DIGITS[:9], "z_s")
    assert isinstance(frame, pd.DataFrame) and list(frame.columns) == [f"dccs_z_s{i}" for i in range(50)]
    assert pd.DataFrame(made.transform(DIGITS[:9], "z_c")).columns[-1] == "dccs_z_c9"
    again = DCCS(10, hyperparameters={"width": 0.125}, **SHORT).fit(DIGITS)
    np.testing.assert_array_equal(again.labels_, labels)
    assert DCCS(10, hyperparameters={"width": 0.125}, random_state=1, **SHORT).fit(DIGITS).run_id_ != made.run_id_


@pytest.mark.slow
@pytest.mark.parametrize("kind", [DMIM, MSDIB, DMIDUIC])
def test_views_come_as_arrays_frames_tensors_or_sparse(kind: Callable, views: list[np.ndarray]):
    made = kind(3, **SHORT).fit(views)
    assert made.n_features_in_ == 21
    for given in (
        [pd.DataFrame(views[0]), torch.from_numpy(views[1])],
        {"a": sparse.csr_matrix(views[0]), "b": views[1].tolist()},
    ):
        np.testing.assert_array_equal(made.predict(given), made.labels_)


@pytest.mark.slow
def test_frames_keep_their_index_and_name_the_codes(views: list[np.ndarray]):
    table = pd.DataFrame(np.concatenate(views, axis=1), index=range(500, 620)).rename(columns=str)
    made = DMIM(3, split=[12, 9], **SHORT)
    with pytest.raises(NotFittedError):
        made.get_feature_names_out()
    steps = make_pipeline(StandardScaler(), made).set_output(transform="pandas")
    codes = steps.fit_transform(table)
    assert list(codes.index) == list(table.index)
    assert list(codes.columns) == [f"dmim_z{i}" for i in range(codes.shape[1])]
    assert list(made.get_feature_names_out()) == list(codes.columns)
    with pytest.raises(ValueError, match=r"length equal to number of features \(21\), got 20"):
        made.get_feature_names_out(table.columns[1:])
    with pytest.raises(ValueError, match="not equal to feature_names_in_"):
        made.get_feature_names_out(table.columns[::-1])


@pytest.mark.slow
def test_auto_finds_what_is_there(views: list[np.ndarray]):
    found = DMIM(3, preset="quick").fit_predict(views)
    assert pd.crosstab(np.arange(120) % 3, found).max(axis=1).tolist() == [40, 40, 40]


@pytest.mark.slow
def test_a_callback_ends_the_training():
    made = DCCS(
        10, preset="paper", epochs=500, hyperparameters={"width": 0.125}, callbacks=[lambda v, s, epoch: epoch > 1]
    )
    assert 1 <= made.fit(DIGITS).n_iter_ < 100


@pytest.mark.slow
def test_an_estimator_is_saved_opened_and_pickled(tmp_path: Path, views: list[np.ndarray]):
    three: Any = np.int64(3)
    made = DMIM(three, split=[12, 9], random_state=None, callbacks=[lambda v, s, epoch: epoch > 0.5], **SHORT)
    with pytest.raises(NotFittedError):
        made.save(tmp_path / "early")
    table = np.concatenate(views, axis=1)
    made.fit(table)
    made.save(tmp_path / "model")
    back = DMIM.load(tmp_path / "model")
    assert (
        back.split == [12, 9]
        and back.random_state
        == mmclust.estimators.saved.unpack((tmp_path / "model").read_bytes(), "model").run.spec.seed
    )
    for twin in (back, pickle.loads(pickle.dumps(made.set_params(callbacks=())))):
        np.testing.assert_array_equal(twin.predict(table), made.labels_)
        pd.testing.assert_frame_equal(twin.history_, made.history_)
    with pytest.raises(ValueError, match="holds an estimator of DMIM; open it with the class of that method"):
        MSDIB.load(tmp_path / "model")
    (tmp_path / "model").write_bytes(b"PK nothing")
    with pytest.raises(ValueError, match="model is no saved estimator or is damaged"):
        DMIM.load(tmp_path / "model")


@pytest.mark.slow
def test_a_progress_bar_is_shown_when_asked_for(views: list[np.ndarray], capsys: pytest.CaptureFixture[str]):
    DMIM(3, **SHORT).fit(views)
    assert "epoch" not in capsys.readouterr().err
    DMIM(3, verbose=True, **SHORT).fit(views)
    assert "dmim: 100%" in capsys.readouterr().err


@pytest.mark.slow
def test_new_samples_of_another_kind_are_refused(views: list[np.ndarray]):
    made = DMIM(3, **SHORT).fit(views)
    with pytest.raises(ValueError, match="those of arrays have 5; bring them to the same size"):
        made.predict([views[0], np.zeros((120, 5))])
    with pytest.raises(ValueError, match="trained on 2 views and arrays has 3 views"):
        made.predict([*views, views[0]])
    with pytest.raises(ValueError, match="NaN"):
        made.predict([views[0], np.full((120, 9), np.nan)])


@pytest.mark.slow
def test_a_stored_fit_is_a_run_of_the_app_and_comes_back(home: object, views: list[np.ndarray]):
    made = DMIM(3, **SHORT).fit(views, store=True, title="From a notebook")
    (record,) = RunStore().list(examples=False)
    assert (record.run_id, record.status, record.title) == (made.run_id_, "finished", "From a notebook")
    assert [entry.title for entry in uploads.entries()] == ["From a notebook"]
    back = mmclust.open_run(record.run_id)
    assert isinstance(back, DMIM)
    np.testing.assert_array_equal(back.predict(views), made.labels_)


@pytest.mark.slow
def test_a_run_of_the_app_becomes_an_estimator(finished_run: Callable[..., Run]):
    run = finished_run("dccs", "digits", preset="paper", changes={"width": 0.125}, limit=192, epochs=2)
    made = mmclust.open_run(run.id)
    assert isinstance(made, DCCS) and made.get_params()["hyperparameters"]["width"] == 0.125
    assert len(made.labels_) == 192


@pytest.mark.parametrize(
    "given, shape, span",
    [
        (np.zeros((4, 8, 9), np.uint8), (1, 8, 9), (0, 255)),
        (np.zeros((4, 8, 9, 3), np.uint8), (3, 8, 9), (0, 255)),
        (torch.zeros(4, 3, 8, 9), (3, 8, 9), (0, 1)),
        (np.linspace(-1, 1, 256).reshape(4, 8, 8), (1, 8, 8), (-1, 1)),
        (DIGITS, (1, 8, 8), (0, 16)),
        (DIGITS.astype(np.uint8), (1, 8, 8), (0, 16)),
        (16 * DIGITS[:4] - 1, (1, 8, 8), (-1, 255)),
        ([Image.new("L", (9, 8), 40), Image.new("L", (9, 8), 90)], (1, 8, 9), (0, 255)),
        (np.linspace(-7, 900, 256).reshape(4, 8, 8), (1, 8, 8), (-7, 900)),
        ([Image.new("RGB", (9, 8)), Image.new("L", (9, 8))], (3, 8, 9), (0, 255)),
        ([Image.new("L", (9, 8))] * 3, (1, 8, 9), (0, 255)),
    ],
)
def test_images_come_in_many_forms(given: object, shape: tuple[int, ...], span: tuple[float, float]):
    (view,) = inputs.images(given, 2).spec.views
    assert view.shape == shape
    assert (view.low, view.high) == pytest.approx(span)


@pytest.mark.parametrize(
    "given, why",
    [
        (np.zeros((10, 64)), "Reshape rows of pixels"),
        (np.zeros((10, 8, 8, 5)), "1 or 3 channels"),
        (np.full((10, 8, 8), np.nan), "NaN or infinity"),
        (np.zeros((0, 8, 8)), "0 sample"),
        (np.zeros((1, 8, 8)), "minimum of 2"),
        (np.array([["a"]]), "Expected numbers"),
        ([[[1.0, 2.0]], [[3.0]]], "Samples need one shape"),
        ([Image.new("L", (9, 8)), Image.new("L", (8, 8))], "one size, got 8 x 8, 9 x 8"),
    ],
)
def test_images_that_are_none_are_refused(given: object, why: str):
    with pytest.raises(ValueError, match=why):
        DCCS(2).fit(given)


def test_views_that_do_not_fit_are_refused(views: list[np.ndarray]):
    for given, why in (
        (views[0], r"two or more views .* got one array of shape \(120, 12\).*such as \[X1, X2\]"),
        ([views[0]], "two or more views"),
        ([views[0], views[1][:50]], r"inconsistent numbers of samples: \[120, 50\]"),
        ([views[0], np.full((120, 3), np.inf)], "infinity"),
        ([views[0], np.array([["a"]] * 120, object)], "Expected numbers"),
    ):
        with pytest.raises(ValueError, match=why):
            DMIM(3).fit(given)


@pytest.mark.parametrize(
    "about, why",
    [
        ({"n_clusters": 1}, "n_clusters=1 is not allowed"),
        ({"n_clusters": 121}, "half the number of samples, 60"),
        ({"n_clusters": 2.5}, "whole number"),
        ({"split": [20, 2]}, "does not cut 21 feature"),
        ({"split": 1}, "two views or more"),
        ({"split": 0}, "split=0 does not cut"),
        ({"preset": "best"}, "preset 'best' is not known"),
        ({"hyperparameters": {"gama": 1}}, "gama"),
        ({"device": "tpu"}, "tpu"),
    ],
)
def test_parameters_that_are_not_allowed_are_refused(about: dict, why: str, views: list[np.ndarray]):
    with pytest.raises(ValueError, match=why):
        DMIM(**(dict[str, Any](n_clusters=3) | about)).fit(np.concatenate(views, axis=1) if "split" in about else views)


@pytest.mark.parametrize(
    "about, why",
    [
        ({"hyperparameters": [1]}, "give values by name"),
        ({"preprocessing": "l2"}, r"give a list of steps, \['l2'\]"),
        ({"budget_min": "3"}, "give minutes"),
        ({"callbacks": print}, "cannot be called"),
        ({"callbacks": [3]}, "cannot be called"),
    ],
)
def test_parameters_of_another_kind_are_refused(about: dict, why: str, views: list[np.ndarray]):
    with pytest.raises(TypeError, match=why):
        DMIM(3, **about).fit(views)


def test_what_a_callback_raises_reaches_the_caller(views: list[np.ndarray]):
    with pytest.raises(RuntimeError, match="a callback raised ZeroDivisionError") as told:
        DMIM(3, callbacks=[lambda v, s, epoch: bool(1 / 0)], **SHORT).fit(views)
    assert isinstance(told.value.__cause__, ZeroDivisionError)


def test_parameters_that_are_not_known_are_refused():
    with pytest.raises(ValueError, match="Invalid parameter 'gamma'"):
        DMIM(3).set_params(gamma=1)
    with pytest.raises(TypeError, match="gamma"):
        DMIM(3, gamma=1)  # pyright: ignore[reportCallIssue]


def test_a_run_of_a_method_that_is_gone_is_refused(home: Path):
    from dataclasses import replace

    from mmclust.specs import build_spec

    run = RunStore().create(replace(build_spec("digits", "dccs", preset="paper"), method="deep-thought"))
    with pytest.raises(ValueError, match="method deep-thought, which has no estimator"):
        mmclust.open_run(run.id)
