"""What the estimators share: parameters, fitting, and what a fitted one can tell.

Shapes: n samples, K clusters, D dimensions of a space.
"""

import tempfile
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, ClusterMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from mmclust import methods, worker
from mmclust.data import memory, uploads
from mmclust.data.dataset import MultiViewDataset
from mmclust.estimators import inputs
from mmclust.prediction import Predictor
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore
from mmclust.specs import build_spec

if TYPE_CHECKING:
    import pandas as pd

    from mmclust.runs.active import ActiveRun

Callback = Callable[[Mapping[str, float], int, float], bool | None]
"""Called with new values of curves by name, the step and the epoch; True ends the training."""


class DeepClustering(ClusterMixin, TransformerMixin, BaseEstimator):
    """A method by scikit-learn's conventions. Its training is that of the app and the command line.

    Args:
        n_clusters: K.
        preset: auto chooses preprocessing, start and schedule from the data; quick and best-known plan for less and
            more time; paper holds the published settings.
        budget_min: minutes of one core that auto plans for; None for the preset's.
        epochs: None for the preset's.
        hyperparameters: by name, to set differently; `mmclust.methods.card(name).hyperparameters` lists them.
        preprocessing: steps of `mmclust.data.preprocessing`; None for what method and preset ask for.
        random_state: seed of weights and all draws.
        device: auto, cpu or cuda.
        callbacks: each called with (values, step, epoch) whenever curves go on; True from one ends the training.
        verbose: show a progress bar.

    Attributes:
        labels_: (n,) cluster of each sample.
        probabilities_: (n, K).
        n_iter_: epochs trained.
        history_: data frame of the curves, a row for each step with an entry.
        run_id_: of the run behind it.
        n_features_in_: columns of all views, or pixels of an image.
    """

    _method: ClassVar[str] = ""

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        preset: str = "auto",
        budget_min: float | None = None,
        epochs: int | None = None,
        hyperparameters: Mapping[str, Any] | None = None,
        preprocessing: Sequence[str] | None = None,
        random_state: int = 0,
        device: str = "auto",
        callbacks: Sequence[Callback] = (),
        verbose: bool = False,
    ) -> None:
        self.n_clusters = n_clusters
        self.preset = preset
        self.budget_min = budget_min
        self.epochs = epochs
        self.hyperparameters = hyperparameters
        self.preprocessing = preprocessing
        self.random_state = random_state
        self.device = device
        self.callbacks = callbacks
        self.verbose = verbose

    def fit(self, X: Any, y: Any = None, *, store: bool = False, title: str = "") -> Self:
        """Train on samples.

        Args:
            X: images or views, see the class.
            y: ignored; clusterings use no labels.
            store: keep data and run in the user's home, where the app shows the training live.
            title: of both there.

        Raises:
            ValueError: data or parameters that cannot be used, in one sentence.
            RuntimeError: the training failed; the sentence says why.
        """
        dataset = self._read(X)
        owner, name = self._place(dataset, store, title)
        run = owner.create(self._spec(name, dataset, title))
        active = owner.claim(run.id)
        if active is None:
            raise RuntimeError("another run has the device; wait for it to end, or fit without store=True")
        status = self._train(active)
        if status == "interrupted":
            raise KeyboardInterrupt
        if status == "failed":
            raise RuntimeError(run.record().error)
        return self.take(run)

    def fit_predict(self, X: Any, y: Any = None, **more: Any) -> np.ndarray:
        """Train on samples; their clusters (n,)."""
        return self.fit(X, **more).labels_

    def predict(self, X: Any) -> np.ndarray:
        """Clusters (n,) of new samples."""
        return self.predict_proba(X).argmax(axis=1)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities (n, K) of the clusters of new samples."""
        check_is_fitted(self)
        return self._predictor()(self._read(X)).probs

    def transform(self, X: Any, space: str | None = None) -> np.ndarray:
        """Codes (n, D) of samples.

        Args:
            X: like what the method was trained on.
            space: one of `spaces_`; None for the first.

        Raises:
            ValueError: no such space.
        """
        check_is_fitted(self)
        space = space or self.spaces_[0]
        if space not in self.spaces_:
            raise ValueError(f"space={space!r} is not known; choose one of {', '.join(self.spaces_)}")
        return self._predictor()(self._read(X)).spaces[space]

    def _read(self, X: Any) -> MultiViewDataset:
        about = methods.card(self._method)
        if about.several_views:
            return inputs.views(X, self.n_clusters, about.title)
        return inputs.images(X, self.n_clusters)

    def _place(self, dataset: MultiViewDataset, store: bool, title: str) -> tuple[RunStore, str]:
        """The store of the run, and the name it finds the data under."""
        if store:
            return RunStore(), uploads.keep(dataset, uploads.About(title=title or "Arrays"))
        folder = tempfile.TemporaryDirectory(prefix="mmclust-", ignore_cleanup_errors=True)
        owner, name = RunStore(Path(folder.name)), memory.hold(dataset)
        weakref.finalize(owner, _let_go, folder, name)
        return owner, name

    def _spec(self, name: str, dataset: MultiViewDataset, title: str) -> Any:
        if not isinstance(self.n_clusters, (int, np.integer)) or not 2 <= self.n_clusters <= dataset.n_samples:
            raise ValueError(
                f"n_clusters={self.n_clusters} is not allowed; give a whole number from 2 to the number of samples, "
                f"{dataset.n_samples}"
            )
        return build_spec(
            name,
            self._method,
            preset=self.preset,
            budget_min=self.budget_min,
            changes=self.hyperparameters,
            preprocessing=self.preprocessing,
            epochs=self.epochs,
            seed=self.random_state,
            clusters=int(self.n_clusters),
            device=self.device,
            title=title,
        )

    def _train(self, active: "ActiveRun") -> str:
        from tqdm.auto import tqdm

        with tqdm(total=active.spec.epochs, unit="epoch", disable=not self.verbose, desc=self._method) as bar:

            def follow(values: Mapping[str, float], step: int, epoch: float) -> None:
                bar.update(round(epoch, 1) - bar.n)
                stops = [bool(callback(values, step, epoch)) for callback in self.callbacks]
                if any(stops):
                    active.stop()

            active.listeners.append(follow)
            return worker.execute(active)

    def take(self, run: Run) -> Self:
        """Become the estimator of a run."""
        snapshot, record = run.snapshot(), run.record()
        self._run, self._kept = run, None
        order = np.argsort(snapshot.index)
        self.labels_ = snapshot.y_pred[order]
        self.probabilities_ = snapshot.probs[order]
        self.n_iter_ = int(record.epoch)
        self.run_id_ = run.id
        self.spaces_ = tuple(snapshot.spaces)
        self.n_features_in_ = _n_features(run)
        return self

    @property
    def history_(self) -> "pd.DataFrame":
        """The curves, a row for each step with an entry; columns epoch and the curves' names."""
        check_is_fitted(self)
        points = self._run.metrics()
        return points.pivot_table(index=["step", "epoch"], columns="name", values="value").reset_index("epoch")

    def _predictor(self) -> Predictor:
        if self._kept is None:
            self._kept = Predictor(self._run)
        return self._kept


def _let_go(folder: tempfile.TemporaryDirectory, name: str) -> None:
    memory.release(name)
    folder.cleanup()


def _n_features(run: Run) -> int:
    from mmclust.data import catalogue

    return sum(int(np.prod(view.shape)) for view in catalogue.describe(run.spec.dataset).views)
