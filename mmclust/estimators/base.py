"""What the estimators share: parameters, fitting, and what a fitted one can tell.

Shapes: n samples, K clusters, D dimensions of a space.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClusterMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from mmclust import methods, worker
from mmclust.data import uploads
from mmclust.data.dataset import MultiViewDataset
from mmclust.estimators import conventions, inputs, saved
from mmclust.prediction import Predictor
from mmclust.runs.run import Run
from mmclust.runs.spec import most_clusters
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
        random_state: seed of weights and all draws; None or a RandomState draws one.
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
        random_state: int | np.random.RandomState | None = 0,
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
            TypeError: parameters of another kind.
            RuntimeError: the training failed; the sentence says why. Its cause is what a callback raised.
        """
        self._check_types()
        dataset = self._read(X, fitting=True)
        if dataset.n_samples < 2:
            raise ValueError(f"Found array with {dataset.n_samples} sample(s) while a minimum of 2 is required.")
        owner, name = self._place(dataset, store, title)
        run = owner.create(self._spec(name, dataset, title))
        active = owner.claim(run.id)
        if active is None:
            raise RuntimeError("another run has the device; wait for it to end, or fit without store=True")
        status, raised = self._train(active)
        if status == "interrupted":
            raise KeyboardInterrupt
        if raised is not None:
            raise RuntimeError(f"a callback raised {type(raised).__name__}: {raised}") from raised
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
        return self._fitted.predictor(self._read(X)).probs

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
        self._fitted.named = space
        return self._fitted.predictor(self._read(X)).spaces[space]

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> np.ndarray:
        """Names (D,) of the columns of `transform`, such as dccs_z_c0: of the space it gave last, else of the first.

        So `set_output(transform="pandas")` names the columns of its frames.

        Args:
            input_features: names of the columns of X; they are checked, and make no difference.

        Raises:
            NotFittedError: it is not fitted.
            ValueError: another number of names, or other names than X had.
        """
        check_is_fitted(self)
        conventions.check_names(input_features, self.n_features_in_, getattr(self, "feature_names_in_", None))
        space = self._fitted.named or self.spaces_[0]
        own = f"{type(self).__name__.lower()}_{space}"
        return np.array([f"{own}{i}" for i in range(self._fitted.widths[space])], dtype=object)

    def save(self, path: str | Path) -> None:
        """Write the fitted estimator as one file: parameters, run, weights and the samples it was trained on.

        Callbacks are not kept. Nothing in the file is executed when it is opened.

        Raises:
            NotFittedError: it is not fitted.
            OSError: the file cannot be written.
        """
        check_is_fitted(self)
        Path(path).write_bytes(saved.pack(self._fitted.run, self._plain_parameters()))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The estimator of a file that `save` wrote.

        Raises:
            ValueError: no such file, or one of another class.
            OSError: it cannot be read.
        """
        opened = saved.unpack(Path(path).read_bytes(), Path(path).name)
        if opened.run.spec.method != cls._method:
            raise ValueError(
                f"{Path(path).name} holds an estimator of {methods.card(opened.run.spec.method).title}; "
                f"open it with the class of that method, not with {cls.__name__}"
            )
        return cls(**opened.parameters).take(opened.run)

    def __getstate__(self) -> dict[str, Any]:
        inherited: Any = super().__getstate__()
        state = dict(inherited)
        if (fitted := state.pop("_fitted", None)) is not None:
            state["_packed"] = saved.pack(fitted.run, {})
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        packed = state.pop("_packed", None)
        super().__setstate__(state)
        if packed is not None:
            self._fitted = _Fitted(saved.unpack(packed, "the pickle").run)

    def _plain_parameters(self) -> dict[str, Any]:
        kept = {name: value for name, value in self.get_params().items() if name != "callbacks"}
        if not isinstance(self.random_state, (int, np.integer)):
            kept["random_state"] = self._fitted.run.spec.seed
        return kept

    def _read(self, X: Any, *, fitting: bool = False) -> MultiViewDataset:
        return inputs.images(X, self.n_clusters)

    def _seed(self) -> int:
        if isinstance(self.random_state, (int, np.integer)):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def _place(self, dataset: MultiViewDataset, store: bool, title: str) -> tuple[RunStore, str]:
        """The store of the run, and the name it finds the data under."""
        if store:
            return RunStore(), uploads.keep(dataset, uploads.About(title=title or "Arrays"))
        return saved.temporary_store(dataset)

    def _check_types(self) -> None:
        """Refuse parameters of the constructor that are of another kind; their values are checked by `build_spec`."""
        if not isinstance(self.hyperparameters, (Mapping, type(None))):
            raise TypeError(
                f"hyperparameters={self.hyperparameters!r} is no mapping; give values by name, such as "
                '{"learning_rate": 0.001}'
            )
        if isinstance(self.preprocessing, str):
            raise TypeError(
                f"preprocessing={self.preprocessing!r} is one text; give a list of steps, [{self.preprocessing!r}]"
            )
        if not isinstance(self.budget_min, (Real, type(None))):
            raise TypeError(f"budget_min={self.budget_min!r} is no number; give minutes, or None for the preset's")
        if not isinstance(self.callbacks, Sequence) or not all(map(callable, self.callbacks)):
            raise TypeError(
                f"callbacks={self.callbacks!r} cannot be called; give a list of functions of (values, step, epoch)"
            )

    def _spec(self, name: str, dataset: MultiViewDataset, title: str) -> Any:
        most = most_clusters(dataset.n_samples)
        if not isinstance(self.n_clusters, (int, np.integer)) or not 2 <= self.n_clusters <= most:
            raise ValueError(
                f"n_clusters={self.n_clusters} is not allowed; give a whole number from 2 to half the number of "
                f"samples, {most}"
            )
        return build_spec(
            name,
            self._method,
            preset=self.preset,
            budget_min=self.budget_min,
            changes=self.hyperparameters,
            preprocessing=self.preprocessing,
            epochs=self.epochs,
            seed=self._seed(),
            clusters=int(self.n_clusters),
            device=self.device,
            title=title,
        )

    def _train(self, active: "ActiveRun") -> tuple[str, Exception | None]:
        """How the run ended, and what a callback raised."""
        from tqdm.auto import tqdm

        with tqdm(total=active.spec.epochs, unit="epoch", disable=not self.verbose, desc=self._method) as bar:
            raised: list[Exception] = []

            def follow(values: Mapping[str, float], step: int, epoch: float) -> None:
                bar.update(round(epoch, 1) - bar.n)
                try:
                    stops = [bool(callback(values, step, epoch)) for callback in self.callbacks]
                except Exception as error:  # the run ends as by a stop, and `fit` passes it on
                    raised.append(error)
                    stops = [True]
                if any(stops):
                    active.stop()

            active.listeners.append(follow)
            return worker.execute(active), raised[0] if raised else None

    def take(self, run: Run) -> Self:
        """Become the estimator of a run."""
        snapshot, record = run.snapshot(), run.record()
        self._fitted = _Fitted(run)
        order = np.argsort(snapshot.index)
        self.labels_ = snapshot.y_pred[order]
        self.probabilities_ = snapshot.probs[order]
        self.n_iter_ = int(record.epoch)
        self.run_id_ = run.id
        self.spaces_ = tuple(snapshot.spaces)
        self.n_features_in_ = _n_features(run)
        return self

    @property
    def run_(self) -> Run:
        """The run behind it."""
        check_is_fitted(self)
        return self._fitted.run

    @property
    def history_(self) -> "pd.DataFrame":
        """The curves, a row for each step with an entry; columns epoch and the curves' names."""
        check_is_fitted(self)
        points = self._fitted.run.metrics()
        return points.pivot_table(index=["step", "epoch"], columns="name", values="value").reset_index("epoch")


class ViewClustering(DeepClustering):
    """A method for several views.

    Args:
        n_clusters: K.
        split: where X is one table: how many columns belong to each view in turn, or into how many views of about as
            many columns it is cut. So the estimator stands in pipelines and searches of scikit-learn. None: X is a list
            or mapping of views.
        preset: this and the others, see `DeepClustering`.
        budget_min: minutes.
        epochs: of training.
        hyperparameters: by name.
        preprocessing: steps.
        random_state: seed.
        device: auto, cpu or cuda.
        callbacks: called with (values, step, epoch).
        verbose: show a progress bar.
    """

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        split: int | Sequence[int] | None = None,
        preset: str = "auto",
        budget_min: float | None = None,
        epochs: int | None = None,
        hyperparameters: Mapping[str, Any] | None = None,
        preprocessing: Sequence[str] | None = None,
        random_state: int | np.random.RandomState | None = 0,
        device: str = "auto",
        callbacks: Sequence[Callback] = (),
        verbose: bool = False,
    ) -> None:
        super().__init__(
            n_clusters,
            preset=preset,
            budget_min=budget_min,
            epochs=epochs,
            hyperparameters=hyperparameters,
            preprocessing=preprocessing,
            random_state=random_state,
            device=device,
            callbacks=callbacks,
            verbose=verbose,
        )
        self.split = split

    def __sklearn_tags__(self) -> Any:
        """One table, sparse too, where it is split into views."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _read(self, X: Any, *, fitting: bool = False) -> MultiViewDataset:
        title = methods.card(self._method).title
        if self.split is not None:
            table = validate_data(self, X, reset=fitting, accept_sparse="csr", dtype=np.float32)
            return inputs.parts(table, self.split, self.n_clusters, title)
        return inputs.views(X, self.n_clusters, title)


class _Fitted:
    """The run behind a fitted estimator, and what takes new samples once it is needed."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.named: str | None = None
        """Space that `transform` gave last, since scikit-learn asks for names right after it."""

    @cached_property
    def widths(self) -> dict[str, int]:
        """Columns D of each space."""
        return {name: codes.shape[1] for name, codes in self.run.snapshot().spaces.items()}

    @cached_property
    def predictor(self) -> Predictor:
        """Of the run."""
        return Predictor(self.run)


def _n_features(run: Run) -> int:
    from mmclust.data import catalogue

    return sum(int(np.prod(view.shape)) for view in catalogue.describe(run.spec.dataset).views)
