"""One class for each method, and the way back from a run to one of them."""

from mmclust.estimators.base import DeepClustering, ViewClustering
from mmclust.runs.store import RunStore


class DCCS(DeepClustering):
    """Deep image clustering with category-style representation (Zhao et al., ECCV 2020).

    X is a set of images: (n, H, W), (n, H, W, C) or (n, C, H, W), or a list of PIL pictures. Spaces of `transform` are
    `z_c` (category) and `z_s` (style).

    Example:
        >>> from sklearn.datasets import load_digits
        >>> images = load_digits().images[:64].astype("float32")
        >>> made = DCCS(10, preset="paper", epochs=1, hyperparameters={"width": 0.125}).fit(images)
        >>> made.labels_.shape, made.transform(images, space="z_c").shape
        ((64,), (64, 10))
    """

    _method = "dccs"


class IMCSwAV(DeepClustering):
    """Information maximisation clustering with multi-view self-labelling (Ntelemis, Jin and Thomas, KBS 2022).

    X is a set of images, as for `DCCS`.

    Example:
        >>> IMCSwAV(10, preset="paper").get_params()["n_clusters"]
        10
        >>> IMCSwAV(10).fit([[1.0, 2.0], [3.0, 4.0]])
        Traceback (most recent call last):
        ...
        ValueError: Expected images of shape (n, H, W), (n, H, W, C) or (n, C, H, W), got an array of shape (2, 2)...
    """

    _method = "imc-swav"


class DMIM(ViewClustering):
    """Deep mutual information maximin for cross-modal clustering (Mao et al., AAAI 2021).

    X is a list or mapping of two views or more, each (n, D).

    Example:
        >>> import numpy as np
        >>> random = np.random.default_rng(0)
        >>> first, second = random.normal(size=(40, 6)), random.normal(size=(40, 5))
        >>> made = DMIM(3, preset="paper", epochs=1).fit([first, second])
        >>> made.predict([first[:4], second[:4]]).shape, made.predict_proba([first[:4], second[:4]]).shape
        ((4,), (4, 3))
    """

    _method = "dmim"


class MSDIB(ViewClustering):
    """Multi-aspect self-guided deep information bottleneck (Hu et al., AAAI 2025).

    X is a list or mapping of two views or more, each (n, D).

    Example:
        >>> import numpy as np
        >>> random = np.random.default_rng(0)
        >>> first, second = random.normal(size=(40, 6)), random.normal(size=(40, 5))
        >>> made = MSDIB(3, preset="paper", epochs=1).fit([first, second])
        >>> made.predict([first[:4], second[:4]]).shape, made.predict_proba([first[:4], second[:4]]).shape
        ((4,), (4, 3))
    """

    _method = "msdib"


class DMIDUIC(ViewClustering):
    """Deep mutual information decoupling for unsupervised image clustering (Wang et al., JASE 2025).

    X is a list or mapping of two views or more, each (n, D).

    Example:
        >>> import numpy as np
        >>> random = np.random.default_rng(0)
        >>> first, second = random.normal(size=(40, 6)), random.normal(size=(40, 5))
        >>> made = DMIDUIC(3, preset="paper", epochs=1).fit([first, second])
        >>> made.predict([first[:4], second[:4]]).shape, made.predict_proba([first[:4], second[:4]]).shape
        ((4,), (4, 3))
    """

    _method = "dmid-uic"


def open_run(run_id: str, store: RunStore | None = None) -> DeepClustering:
    """The estimator of a finished run, such as one made in the browser.

    Args:
        run_id: as the app and `mmclust runs` show it.
        store: that it is in; None for the user's.

    Raises:
        ValueError: no such run, or one without a result.

    Example:
        >>> example = RunStore.example()
        >>> made = open_run(example.list()[0].run_id)
        >>> made.labels_.shape == made.probabilities_.argmax(axis=1).shape
        True
    """
    run = (store or RunStore()).get(str(run_id))
    spec = run.spec
    kind = next((known for known in (DCCS, IMCSwAV, DMIM, MSDIB, DMIDUIC) if known._method == spec.method), None)
    if kind is None:
        raise ValueError(f"run {run_id} is of method {spec.method}, which has no estimator")
    snapshot = run.snapshot()
    made = kind(
        snapshot.n_clusters,
        preset=spec.preset,
        epochs=spec.epochs,
        hyperparameters=dict(spec.config),
        preprocessing=spec.preprocessing,
        random_state=spec.seed,
        device=spec.device,
    )
    return made.take(run)
