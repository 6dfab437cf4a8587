"""The tables and figures of DCCS and IMC-SwAV that `reproduce` can make, as data."""

from functools import partial

from mmclust.reproduction import dccs, imc_swav
from mmclust.reproduction.experiment import Experiment, Place, Row
from mmclust.reproduction.table import PaperTable

_DIGITS = (Place(dataset="digits", stands_for="the paper's data sets in the quick look"),)
_CURVES_ALONE = "The paper prints a picture without values."

_DCCS_ABLATIONS = (
    ("Adv", "M1: Adv"),
    ("Adv + MI", "M2: Adv + MI"),
    ("Adv + Aug", "M3: Adv + Aug"),
    ("Adv + MI + Aug", "M4: Adv + MI + Aug (full)"),
)
_DCCS_EPOCH = (
    "The published code logs the best of all epochs, found with the labels; ours is the last epoch. NMI has the "
    "geometric normaliser, as in the published code."
)
_K_MEANS = (
    "Simple methods see pixels scaled to [0, 1] (k-means: 10 starts) and are scored on the samples that their row "
    "names; spectral clustering and Ward's tree compare all pairs of samples and get 10,000 random ones."
)
_PAIRS_LIMIT = 10_000


def _simple(table: PaperTable) -> tuple[Row, ...]:
    """Methods without a network of their own, beside the paper's rows where it has them."""
    rows = (
        ("k-means, all images", "K-means", "kmeans", None),
        ("spectral clustering, 10,000 images", "SC", "spectral", _PAIRS_LIMIT),
        ("Ward's tree, 10,000 images", "AC", "agglomerative", _PAIRS_LIMIT),
        ("autoencoder + k-means, all images", "AE", "ae-kmeans", None),
        ("UMAP + Gaussian mixture, 10,000 images", "", "umap-gmm", _PAIRS_LIMIT),
        ("EVoC, 10,000 images", "", "evoc", _PAIRS_LIMIT),
    )
    return tuple(
        Row(label=label, reported=name if name in table.rows else "", baseline=baseline, limit=limit)
        for label, name, baseline, limit in rows
    )


def _dccs(table: PaperTable, rows: tuple[Row, ...], *notes: str) -> Experiment:
    return Experiment(
        name=f"dccs-table{table.number.removeprefix('Table ')}",
        title=f"DCCS, {table.number}: {table.title}",
        paper=dccs.PAPER,
        tables=(table,),
        places=tuple(Place(dataset=name) for name in table.datasets),
        quick_places=_DIGITS,
        quick_limit=600,
        quick_epochs=20,
        metrics=dccs.METRICS,
        n_seeds=3,
        rows=rows,
        notes=(*notes, _DCCS_EPOCH),
    )


_dccs_figure = partial(
    Experiment,
    paper=dccs.PAPER,
    quick_places=_DIGITS,
    quick_limit=600,
    quick_epochs=20,
    metrics=dccs.METRICS,
    n_seeds=1,
    n_quick_seeds=1,
    rows=(Row(label="DCCS", method="dccs", preset="paper"),),
)
_DCCS_ROWS = (
    Row(label="DCCS, paper's settings", reported="DCCS", method="dccs", preset="paper"),
    Row(label="start of auto alone, before DCCS's objective", method="dccs", start=True, quick=False),
    Row(label="DCCS, auto", reported="DCCS", method="dccs", quick=False),
)
_SWEPT = (Place(dataset="fashion-mnist"), Place(dataset="cifar10"))

DCCS = (
    _dccs(dccs.TABLE_2, (*_simple(dccs.TABLE_2), *_DCCS_ROWS), _K_MEANS),
    _dccs(dccs.TABLE_3, (*_simple(dccs.TABLE_3), *_DCCS_ROWS), _K_MEANS),
    _dccs(
        dccs.TABLE_4,
        (
            Row(label="argmax z_c", reported="argmax z_c", method="dccs", preset="paper"),
            *(
                Row(
                    label=f"k-means on {space}",
                    reported=f"K-means on {space}",
                    method="dccs",
                    preset="paper",
                    kmeans_space=space,
                )
                for space in ("z", "z_c", "z_s")
            ),
        ),
        "All rows read the same runs.",
    ),
    _dccs(
        dccs.TABLE_5,
        tuple(
            Row(label=label, reported=label, method="dccs", preset="paper", ablation=name)
            for label, name in _DCCS_ABLATIONS
        ),
    ),
    _dccs_figure(
        name="dccs-fig2",
        title="DCCS, Fig. 2: samples of the prior beside codes of MNIST",
        places=(Place(dataset="mnist"),),
        maps="prior",
        notes=("t-SNE of 1,000 samples of each, together. The paper shows one island per category in both.",),
    ),
    _dccs_figure(
        name="dccs-fig3",
        title="DCCS, Fig. 3: Wasserstein estimate and accuracy against training, with maps",
        places=(Place(dataset="cifar10"),),
        curves=("signal/wasserstein", "eval/acc"),
        maps="stages",
        notes=("In the paper the negative critic loss falls steadily while the accuracy rises.", _CURVES_ALONE),
    ),
    _dccs_figure(
        name="dccs-fig4",
        title="DCCS, Fig. 4: the ten most probable images of each cluster",
        places=(Place(dataset="mnist"), Place(dataset="imagenet10")),
        panel="top",
        notes=("In the paper style varies inside a row; one row of ImageNet-10 mixes airships and airliners.",),
    ),
    _dccs_figure(
        name="dccs-fig5",
        title="DCCS, Fig. 5: accuracy against the weight of the augmentation",
        places=_SWEPT,
        axes={"beta_aug": (0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)},
        quick_axes={"beta_aug": (0.0, 2.0, 8.0)},
        notes=("In the paper Fashion-MNIST falls off on both sides; CIFAR-10 is flat for large values.", _CURVES_ALONE),
    ),
    _dccs_figure(
        name="dccs-fig6",
        title="DCCS, Fig. 6: accuracy against the size of the style code",
        places=_SWEPT,
        axes={"style_dim": (0, 10, 20, 30, 40, 50, 60, 70)},
        quick_axes={"style_dim": (0, 20, 50)},
        notes=("In the paper the accuracy is flat from 10 to 70 and much lower at 0.", _CURVES_ALONE),
    ),
)

_STRICT = {"statistics": "test"}
_STATISTICS = (
    "The published code measures batch statistics on the test images before it evaluates them; a row that does so "
    "says it, all others measure them on training images."
)
_STL10 = "STL-10 is trained on its 100,000 unlabelled images too where the file has them, as in the paper."
_CROPS = (
    ("2 x 32", {"n_low": 0, "high_size": 32}, {"n_low": 0, "high_size": 16}),
    ("2 x 28+2 x 18", {"n_low": 2}, {"n_low": 2}),
    ("2 x 28+4 x 18", {}, {"n_low": 4}),
    ("2 x 28+6 x 18", {"n_low": 6}, {"n_low": 6}),
)
"""Crops as the paper names them, ours, and ours in the quick look, where images have 16 pixels."""
_TIMES = dict(zip((label for label, _, _ in _CROPS), ("1×", "1.1×", "1.7×", "2.4×"), strict=True))
"""Training time of Table 4, which the paper prints in multiples."""
_IMC = Row(label="IMC-SwAV, paper's settings", reported="IMC-SwAV", method="imc-swav", preset="paper")
_CIFAR10 = (Place(dataset="cifar10"),)
_imc = partial(
    Experiment,
    paper=imc_swav.PAPER,
    places=_CIFAR10,
    quick_places=_DIGITS,
    quick_limit=600,
    quick_epochs=2,
    metrics=imc_swav.METRICS,
    n_seeds=5,
    n_quick_seeds=1,
    rows=(Row(label="IMC-SwAV", method="imc-swav", preset="paper"),),
)

IMC = (
    _imc(
        name="imc-table2",
        title="IMC-SwAV, Table 2: comparison",
        tables=(imc_swav.TABLE_2, imc_swav.TABLE_TINY),
        places=tuple(Place(dataset=name) for name in ("cifar10", "cifar20", "stl10", "tiny-imagenet")),
        n_seeds=15,
        n_quick_seeds=2,
        rows=(
            *_simple(imc_swav.TABLE_2),
            _IMC,
            Row(label="start of auto alone, before IMC-SwAV's objective", method="imc-swav", start=True, quick=False),
            Row(label="IMC-SwAV, auto", reported="IMC-SwAV", method="imc-swav", quick=False),
            Row(
                label="IMC-SwAV, statistics of the test images",
                reported="IMC-SwAV",
                method="imc-swav",
                preset="paper",
                changes=_STRICT,
                quick=False,
            ),
        ),
        notes=(_STATISTICS, _STL10, _K_MEANS),
    ),
    _imc(
        name="imc-table3",
        title="IMC-SwAV, Table 3: CIFAR-100 with 100 classes",
        tables=(imc_swav.TABLE_3,),
        places=(Place(dataset="cifar100"),),
        metrics=("acc", "acc_top5", "nmi", "ari"),
        n_quick_seeds=2,
        rows=(
            _IMC,
            Row(
                label="k-means on its embedding",
                reported="K-means on its embedding",
                method="imc-swav",
                preset="paper",
                kmeans_space="z",
            ),
        ),
        notes=(
            "Both rows read the same runs. k-means has no second choice, so no top-5 accuracy of ours.",
            _STATISTICS,
        ),
    ),
    _imc(
        name="imc-table4",
        title="IMC-SwAV, Table 4: numbers and sizes of crops",
        tables=(imc_swav.TABLE_4,),
        probe="z",
        relative_times=_TIMES,
        rows=tuple(
            Row(label=label, reported=label, method="imc-swav", preset="paper", changes=changes, quick_changes=quick)
            for label, changes, quick in _CROPS
        ),
        notes=(
            _STATISTICS,
            "Sup.: accuracy of a linear classifier on the embedding. The paper does not say how it is trained; ours is "
            "a logistic regression on at most 10,000 evaluated images, mean over five folds. Train time: multiples "
            "of the first row's.",
        ),
    ),
    _imc(
        name="imc-fig2",
        title="IMC-SwAV, Fig. 2: divergence of codes under two augmentations",
        panel="distances",
        n_seeds=1,
        notes=("In the paper about 0.06 on the diagonal and 0.63 beside it; no values in print.",),
    ),
    _imc(
        name="imc-fig3a",
        title="IMC-SwAV, Fig. 3a: confusions on CIFAR-10's test images",
        panel="confusion",
        n_seeds=1,
        notes=("The paper names cats and deer as its main confusions.",),
    ),
    _imc(
        name="imc-fig3b",
        title="IMC-SwAV, Fig. 3b: Grad-CAM of right and wrong images of STL-10",
        panel="saliency",
        places=(Place(dataset="stl10"),),
        n_seeds=1,
        notes=("In the paper wings and bodies are looked at where it is right.", _STL10),
    ),
    _imc(
        name="imc-fig3c",
        title="IMC-SwAV, Fig. 3c: accuracy against the number of images",
        quick_limit=None,
        n_seeds=3,
        axes={"train_images": tuple(range(10_000, 50_001, 5_000))},
        quick_axes={"train_images": (400, 800)},
        notes=(
            "1000 to 5000 training images a class, drawn at random among all classes; all 10,000 test images are "
            "evaluated. In the paper the accuracy is stable above 2500 a class (25,000).",
            _CURVES_ALONE,
        ),
    ),
    _imc(
        name="imc-fig4a",
        title="IMC-SwAV, Fig. 4a: figures against the number of prototypes",
        axes={"n_prototypes": (100, 200, 300, 500, 700, 1000, 1300, 1600, 2000)},
        quick_axes={"n_prototypes": (40, 100)},
        notes=("In the paper the mean accuracy is above 0.865 everywhere and flat from 300 on.", _CURVES_ALONE),
    ),
    _imc(
        name="imc-fig4b",
        title="IMC-SwAV, Fig. 4b: accuracy against training for four sets of crops",
        rows=tuple(
            Row(label=label, method="imc-swav", preset="paper", changes=changes, quick_changes=quick)
            for label, changes, quick in _CROPS
        ),
        curves=("eval/acc",),
        notes=("In the paper 2 x 28+4 x 18 reaches 0.877 within 250 epochs. The runs are those of Table 4.",),
    ),
    _imc(
        name="imc-fig4c",
        title="IMC-SwAV, Fig. 4c: accuracy over the sizes of large and small crops",
        n_seeds=1,
        axes={"high_size": tuple(range(20, 33, 2)), "low_size": tuple(range(12, 23, 2))},
        quick_axes={"high_size": (8, 14), "low_size": (6, 8)},
        allowed=lambda point: 4 <= point["high_size"] - point["low_size"] <= 14,
        notes=(
            "As in the paper, pairs that differ by less than 4 or more than 14 pixels are left out. There 2 x 20+4 x "
            "12 is slightly worse; from 26 and 18 pixels on all are above 0.86.",
            _CURVES_ALONE,
        ),
    ),
)
