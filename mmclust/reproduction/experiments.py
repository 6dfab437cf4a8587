"""The tables and figures that `reproduce` can make, as data."""

from typing import Any

from mmclust.reproduction import dmid_uic, dmim, image_experiments, msdib
from mmclust.reproduction.experiment import Experiment, Place, Row

_KMEANS = (
    "k-means is run on features scaled to [0, 1], 10 starts; its best view is chosen by silhouette, not by labels."
)

_NEITHER = (
    "In auto's own row the method's objective follows a start that was found without labels; the row before it is that "
    "start, of the same runs."
)
_STRONGER = (
    Row(label="spectral co-training", baseline="cotraining-spectral"),
    Row(label="co-regularised spectral", baseline="coregularised-spectral"),
    Row(label="UMAP + Gaussian mixture", baseline="umap-gmm"),
    Row(label="EVoC", baseline="evoc"),
)
_ALIGNED = Row(label="alignment + k-means, no clustering objective", baseline="aligned-kmeans")


def _auto(method: str, title: str, reported: str, **more: Any) -> tuple[Row, Row]:
    """The start of preset auto alone, and the method after it."""
    return (
        Row(label=f"start of auto alone, before {title}'s objective", method=method, start=True, **more),
        Row(label=f"{title}, auto", reported=reported, method=method, **more),
    )


_DMIM_OWN = tuple(Place(dataset=name) for name in ("esp", "mirflickr", "iapr", "nus-wide"))
_DMIM_STAND_INS = tuple(
    Place(dataset=name, stands_for="the paper's image and text features")
    for name in ("mnist-usps", "caltech-2v", "mfeat", "wikipedia")
)

_SETTINGS = {"paper": "paper's settings", "auto": "auto"}
_DMIM_ABLATIONS = (
    ("I(Z1; Z2) only (IIC-like)", "I(Z1;Z2) only", "I(Z1; Z2) only"),
    (
        "without superfluous information",
        "no superfluous-information term (over-clustering on)",
        "No superfluous-information term",
    ),
    ("without over-clustering", "no over-clustering", "No over-clustering"),
    ("full", "full", "Full"),
)

_DMIM = (
    Experiment(
        name="dmim-table2",
        title="DMIM, Table 2: comparison",
        paper=dmim.PAPER,
        tables=(dmim.TABLE_2,),
        places=_DMIM_OWN + _DMIM_STAND_INS,
        n_seeds=20,
        rows=(
            Row(label="k-means, best view", reported="K-means (best single view)", baseline="kmeans-best-view"),
            Row(label="k-means, all views", baseline="kmeans"),
            Row(label="CCA + k-means", reported="CCA", baseline="cca-kmeans"),
            Row(label="spectral clustering", baseline="spectral"),
            *_STRONGER,
            _ALIGNED,
            Row(label="IIC-like", baseline="iic-like"),
            *_auto("dmim", "DMIM", "DMIM"),
            Row(label="DMIM, paper's settings", reported="DMIM", method="dmim", preset="paper", quick=False),
        ),
        notes=(_KMEANS, _NEITHER),
    ),
    Experiment(
        name="dmim-table3",
        title="DMIM, Table 3: ablation",
        paper=dmim.PAPER,
        tables=(dmim.TABLE_3,),
        places=_DMIM_OWN + _DMIM_STAND_INS,
        n_seeds=20,
        rows=tuple(
            Row(
                label=f"{label}, {_SETTINGS[preset]}",
                reported=reported,
                method="dmim",
                preset=preset,
                ablation=ablation,
                quick=preset == "auto",
            )
            for preset in ("paper", "auto")
            for label, reported, ablation in _DMIM_ABLATIONS
        ),
        notes=(
            "Rows of auto start alike, from a clustering that was found without labels, so they lie close together.",
        ),
    ),
    Experiment(
        name="dmim-fig3",
        title="DMIM, Fig. 3: objective and accuracy against training",
        paper=dmim.PAPER,
        places=_DMIM_OWN + _DMIM_STAND_INS[:2],
        n_seeds=5,
        rows=(Row(label="DMIM, paper's settings", method="dmim", preset="paper"),),
        curves=("objective/main", "eval/acc", "eval/nmi"),
        notes=("The paper's curves rise over about 300 iterations and are flat after about 500; no values in print.",),
    ),
    Experiment(
        name="dmim-fig4",
        title="DMIM, Fig. 4: accuracy against over-clustering",
        paper=dmim.PAPER,
        places=_DMIM_OWN + _DMIM_STAND_INS[:2],
        n_seeds=5,
        rows=(Row(label="DMIM, paper's settings", method="dmim", preset="paper"),),
        axes={"over_factor": (0, 1, 2, 3, 5, 8, 10, 12, 15, 20)},
        quick_axes={"over_factor": (1, 5, 10, 20)},
        notes=(
            "r = 0 leaves the second head away. The paper's curves rise, are best at r = 10 on all four sets and fall "
            "then; no values in print.",
        ),
    ),
    Experiment(
        name="dmim-readings",
        title="DMIM: readings of what the paper leaves open",
        paper=dmim.PAPER,
        places=_DMIM_STAND_INS[:2],
        n_seeds=5,
        rows=(
            Row(label="paper's settings (beta 2, Eq. 14 as printed)", method="dmim", preset="paper"),
            Row(label="beta 0.3", method="dmim", preset="paper", changes={"beta": 0.3}),
            Row(label="released demo", method="dmim", preset="released-demo"),
        ),
    ),
)

_MSDIB_PLACES = tuple(Place(dataset=name) for name in msdib.DATASETS)
_MSDIB_FIGURES = (
    *_MSDIB_PLACES,
    *(Place(dataset=name, stands_for="the paper's image and text features") for name in ("mfeat", "wikipedia")),
)
_MSDIB_CHOICE = (
    "The paper reports one run out of 20, chosen by lowest loss and accuracy. Ours is the mean over all seeds; the run "
    "of lowest final loss stands beside it, chosen without labels.",
)
_MSDIB_ABLATIONS = (
    ("DDC", "DDC"),
    ("DDC + IC", "DDC + IC"),
    ("DDC + IP", "DDC + IP"),
    ("DDC + IC + IP", "DDC + IC + IP (full)"),
)

_MSDIB = (
    Experiment(
        name="msdib-table1",
        title="MSDIB, Table 1: comparison",
        paper=msdib.PAPER,
        tables=(msdib.TABLE_1,),
        places=_MSDIB_PLACES,
        n_seeds=20,
        by_loss=True,
        rows=(
            Row(label="k-means, best view", reported="KM", baseline="kmeans-best-view"),
            Row(label="k-means, all views", reported="AmKM", baseline="kmeans"),
            Row(label="spectral clustering, all views", reported="AmNcuts", baseline="spectral"),
            Row(label="CCA + k-means", baseline="cca-kmeans"),
            *_STRONGER,
            _ALIGNED,
            Row(label="SiMVC-like", reported="SiMVC", baseline="simvc-like"),
            *_auto("msdib", "MSDIB", "MSDIB"),
            Row(label="MSDIB, paper's settings", reported="MSDIB", method="msdib", preset="paper", quick=False),
            Row(
                label="parameter-free, paper's settings",
                reported="parameter-free",
                method="msdib",
                preset="paper",
                ablation="Parameter-free (alpha = beta = 1)",
            ),
        ),
        notes=(*_MSDIB_CHOICE, _KMEANS, _NEITHER, "KM and AmKM are read as k-means on the best and on all modalities."),
    ),
    Experiment(
        name="msdib-table2",
        title="MSDIB, Table 2: ablation",
        paper=msdib.PAPER,
        tables=(msdib.TABLE_2,),
        places=_MSDIB_PLACES,
        n_seeds=20,
        by_loss=True,
        rows=(
            *(
                Row(
                    label=f"{label}, paper's settings",
                    reported=label,
                    method="msdib",
                    preset="paper",
                    ablation=name,
                    quick=False,
                )
                for label, name in _MSDIB_ABLATIONS
            ),
            *(
                Row(label=f"{label}, auto", reported=label, method="msdib", ablation=name)
                for label, name in _MSDIB_ABLATIONS
            ),
        ),
        notes=(*_MSDIB_CHOICE, "DDC is the clustering loss of Kampffmeyer et al. (2019)."),
    ),
    Experiment(
        name="msdib-fig2",
        title="MSDIB, Fig. 2: accuracy over alpha and beta",
        paper=msdib.PAPER,
        places=_MSDIB_FIGURES,
        n_seeds=3,
        n_quick_seeds=1,
        rows=(Row(label="MSDIB", method="msdib", preset="paper"),),
        axes={
            "alpha": (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
            "beta": (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
        },
        quick_axes={"alpha": (0.1, 0.5, 0.9), "beta": (0.1, 0.5, 0.9)},
        notes=("The paper calls its accuracy consistent across most settings; no values in print.",),
    ),
    Experiment(
        name="msdib-fig3",
        title="MSDIB, Fig. 3: loss, accuracy and NMI against epochs",
        paper=msdib.PAPER,
        places=_MSDIB_FIGURES,
        n_seeds=5,
        rows=(Row(label="MSDIB, paper's settings", method="msdib", preset="paper"),),
        curves=("objective/main", "eval/acc", "eval/nmi"),
        notes=("The paper's curves are stable after about 40 epochs; no values in print.",),
    ),
    Experiment(
        name="msdib-readings",
        title="MSDIB: readings of what the paper leaves open",
        paper=msdib.PAPER,
        places=_MSDIB_PLACES[:1],
        n_seeds=5,
        by_loss=True,
        rows=(
            Row(label="paper's settings (kappa 0.01, means over views and pairs)", method="msdib", preset="paper"),
            *(
                Row(label=label, method="msdib", preset="paper", changes=changes)
                for label, changes in (
                    ("kappa 1", {"kappa": 1.0}),
                    ("sum of Y'Y over pairs of clusters", {"overlap": "clusters-sum"}),
                    ("factor 1/c", {"pair_divisor": "clusters"}),
                )
            ),
            Row(
                label="all as printed",
                method="msdib",
                preset="paper",
                ablation="As printed (kappa 1, sums over views and pairs)",
            ),
        ),
    ),
)

_DMID_ROWS = (
    Row(label="k-means, all views", baseline="kmeans"),
    Row(label="CCA + k-means", baseline="cca-kmeans"),
    *_STRONGER,
    _ALIGNED,
    *_auto("dmid-uic", "DMID-UIC", "DMID-UIC"),
    Row(label="DMID-UIC, paper's settings", reported="DMID-UIC", method="dmid-uic", preset="paper", quick=False),
    Row(
        label="without its generative half, paper's settings",
        method="dmid-uic",
        preset="paper",
        ablation="without the generative half",
        quick=False,
    ),
)
_DMID_PLACES = (
    (Place(dataset="multi-fashion"), Place(dataset="fashion-3view", stands_for="the published Multi-Fashion file")),
    (Place(dataset="mnist-usps"),),
    (Place(dataset="caltech101-7"), Place(dataset="caltech-2v", stands_for="Caltech101-7")),
    (Place(dataset="unige-maastricht"),),
)
_DMID_TABLES = (dmid_uic.TABLE_1, dmid_uic.TABLE_2, dmid_uic.TABLE_3, dmid_uic.TABLE_4)

_DMID = (
    *(
        Experiment(
            name=f"dmid-table{number}",
            title=f"DMID-UIC, {table.number}: {table.title}",
            paper=dmid_uic.PAPER,
            tables=(table,),
            places=places,
            metrics=("acc", "nmi", "purity"),
            n_seeds=10,
            rows=_DMID_ROWS,
            notes=(_KMEANS, _NEITHER, "auto trains the clustering half alone."),
        )
        for number, (table, places) in enumerate(zip(_DMID_TABLES, _DMID_PLACES, strict=True), start=1)
    ),
    Experiment(
        name="dmid-fig2",
        title="DMID-UIC, Fig. 2: accuracy over alpha and lambda",
        paper=dmid_uic.PAPER,
        places=(*_DMID_PLACES[0], Place(dataset="mnist-usps", stands_for="the published Multi-Fashion file")),
        n_seeds=3,
        n_quick_seeds=1,
        rows=(Row(label="DMID-UIC", method="dmid-uic", preset="paper"),),
        axes={"alpha": (1e-4, 1e-3, 0.01, 0.1, 1.0), "lambda_ce": (1e-4, 1e-3, 0.01, 0.1, 1.0)},
        quick_axes={"alpha": (0.01, 0.1), "lambda_ce": (0.01, 0.1)},
        notes=(
            "The paper's best is at 0.1 and 0.1; no values in print.",
            "Every network has an Adam of its own, which cancels a factor on all its terms. lambda therefore does "
            "nothing to encoders and prototypes; for the generators it weighs finding the code against passing as "
            "real. alpha is the discriminators' learning rate as a share of the others'.",
        ),
    ),
)

EXPERIMENTS = {
    experiment.name: experiment
    for experiment in (*image_experiments.DCCS, *image_experiments.IMC, *_DMIM, *_MSDIB, *_DMID)
}


def find(name: str) -> Experiment:
    """The experiment of a name.

    Raises:
        ValueError: there is none; the message lists the known ones.
    """
    if name not in EXPERIMENTS:
        raise ValueError(f"{name!r} is not known; known are {', '.join(EXPERIMENTS)}")
    return EXPERIMENTS[name]
