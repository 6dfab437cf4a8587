"""One class for each method, and the way back from a run to one of them."""

from mmclust.estimators.base import DeepClustering, ViewClustering
from mmclust.runs.store import RunStore


class DCCS(DeepClustering):
    """Deep image clustering with category-style representation (Zhao et al., ECCV 2020).

    X is a set of images: (n, H, W), (n, H, W, C) or (n, C, H, W), or a list of PIL pictures. Spaces of `transform` are
    `z_c` (category) and `z_s` (style).
    """

    _method = "dccs"


class IMCSwAV(DeepClustering):
    """Information maximisation clustering with multi-view self-labelling (Ntelemis, Jin and Thomas, KBS 2022).

    X is a set of images, as for `DCCS`.
    """

    _method = "imc-swav"


class DMIM(ViewClustering):
    """Deep mutual information maximin for cross-modal clustering (Mao et al., AAAI 2021).

    X is a list or mapping of two views or more, each (n, D).
    """

    _method = "dmim"


class MSDIB(ViewClustering):
    """Multi-aspect self-guided deep information bottleneck (Hu et al., AAAI 2025).

    X is a list or mapping of two views or more, each (n, D).
    """

    _method = "msdib"


class DMIDUIC(ViewClustering):
    """Deep mutual information decoupling for unsupervised image clustering (Wang et al., JASE 2025).

    X is a list or mapping of two views or more, each (n, D).
    """

    _method = "dmid-uic"


def open_run(run_id: str, store: RunStore | None = None) -> DeepClustering:
    """The estimator of a finished run, such as one made in the browser.

    Args:
        run_id: as the app and `mmclust runs` show it.
        store: that it is in; None for the user's.

    Raises:
        ValueError: no such run, or one without a result.
    """
    run = (store or RunStore()).get(run_id)
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
