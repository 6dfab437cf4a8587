"""DMIM as a person meets it: idea, equations, hyper-parameters, presets. Needs no torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mmclust.methods.automatic import BUDGETS_MIN
from mmclust.methods.card import MethodCard, Preset, Term, hyperparameter
from mmclust.methods.dmim.automatic import automatic


@dataclass(frozen=True, kw_only=True)
class Config:
    """Hyper-parameters of DMIM."""

    beta: float = hyperparameter(
        0.3,
        live=True,
        title="Superfluous information weight",
        low=0,
        high=2,
        step=0.05,
        symbol=r"\beta",
        group="Objective",
        help=(
            "Weight of the superfluous-information term, a mean over views: the pull towards equally large clusters. 0 "
            "switches it off; 2 is the sum of two views that is printed."
        ),
    )
    over_weight: float = hyperparameter(
        1.0,
        live=True,
        title="Over-clustering weight",
        low=0,
        high=2,
        step=0.1,
        symbol="w_o",
        group="Objective",
        help="Weight of the second, finer head. 0 switches over-clustering off.",
    )
    over_factor: int = hyperparameter(
        10,
        title="Over-clustering factor",
        low=0,
        high=20,
        step=1,
        symbol="r",
        group="Objective",
        help="The finer head has r times as many clusters. 0 removes it.",
    )
    gamma: float = hyperparameter(
        0.0,
        live=True,
        title="Bottleneck weight",
        low=0,
        high=2,
        step=0.0001,
        symbol=r"\gamma",
        group="Objective",
        help=(
            "Weight of a bottleneck on the features. Use small values with the Gaussian one: 0.003 already makes all "
            "samples alike."
        ),
    )
    bottleneck: str = hyperparameter(
        "gaussian",
        choices=("gaussian", "softmax"),
        group="Objective",
        help="Bottleneck as KL of the Gaussian features from N(0, 1), or as in the released demo, of softmax vectors.",
    )
    entropy_weight: float = hyperparameter(
        1.0,
        live=True,
        low=1,
        high=3,
        step=0.1,
        symbol=r"\lambda",
        group="Objective",
        help="Weight of the cluster entropies in the mutual information. The paper uses 1, IIC-style runs 2.",
    )
    tau: float = hyperparameter(
        3.0,
        live=True,
        title="Self-label sharpness",
        low=1,
        high=20,
        step=0.5,
        symbol=r"\tau",
        group="Self-labels",
        help="Sharpness of the assignments before they are balanced into self-labels. At 1, no clusters form.",
    )
    target: str = hyperparameter(
        "shared",
        title="Self-label target",
        choices=("shared", "per-view", "first-view"),
        group="Self-labels",
        help="Source of the self-labels q: the mean of all views, each view itself, or the first view.",
    )
    target_loss: str = hyperparameter(
        "cross-entropy",
        choices=("cross-entropy", "reverse-kl", "softmax-twice"),
        group="Self-labels",
        help="How assignments follow q: CE(q, p), KL(p || q), or the demo's cross entropy after a second softmax.",
    )
    target_heads: str = hyperparameter(
        "both",
        choices=("both", "clusters"),
        group="Self-labels",
        help="Which heads follow self-labels: clusters and over-clusters, or only the clusters.",
    )
    renew_every: int = hyperparameter(
        0,
        title="Self-label renewal",
        low=0,
        high=50,
        step=1,
        group="Self-labels",
        help=(
            "Epochs for which hard self-labels of the whole data set are kept. 0: soft ones, computed for every batch."
        ),
    )
    sinkhorn_rounds: int = hyperparameter(
        50,
        low=1,
        high=100,
        step=1,
        group="Self-labels",
        help=(
            "Sinkhorn rounds that balance the self-labels over the clusters. After the usual 5, confident assignments "
            "are not yet balanced: two classes may merge and a third split permanently."
        ),
    )
    prediction: str = hyperparameter(
        "aligned",
        choices=("aligned", "mean", "first-view"),
        group="Self-labels",
        help=(
            "How the views' assignments are combined: their mean after matching clusters between views (without "
            "labels), their plain mean, or the first view alone."
        ),
    )
    learning_rate: float = hyperparameter(
        1e-3,
        live=True,
        low=1e-5,
        high=3e-3,
        log=True,
        symbol=r"\eta",
        group="Optimiser",
        help="Step size of Adam. The paper uses 0.00005; 0.0001 suits small feature sets.",
    )
    batch_size: int = hyperparameter(
        256,
        low=0,
        high=2048,
        step=64,
        symbol="n",
        group="Optimiser",
        help="Samples per step; should be several times the number of over-clusters. 0 uses all samples at once.",
    )
    input_noise: float = hyperparameter(
        0.0,
        live=True,
        low=0,
        high=1,
        step=0.05,
        group="Optimiser",
        help="Standard deviation of Gaussian noise on the inputs during training. Helps on small feature sets.",
    )
    encoder: str = hyperparameter(
        "mlp",
        choices=("mlp", "conv"),
        group="Network",
        help="Image views as principal components (mlp), or through a small convolutional stem (conv).",
    )
    pca_dims: int = hyperparameter(
        100,
        title="Principal components",
        low=0,
        high=200,
        step=10,
        symbol="d",
        group="Network",
        help="Principal components kept of each vector view. 0 keeps the columns as they are.",
    )
    hidden: int = hyperparameter(
        256,
        title="Hidden width",
        low=32,
        high=1024,
        step=32,
        symbol="h",
        group="Network",
        help="Width of the encoder's first layer.",
    )
    feature_dim: int = hyperparameter(
        128,
        title="Feature dimensions",
        low=16,
        high=512,
        step=16,
        group="Network",
        help="Dimensions of the feature z.",
    )
    feature: str = hyperparameter(
        "gaussian",
        choices=("gaussian", "deterministic", "beside"),
        group="Network",
        help=(
            "What the heads read: a Gaussian sample, its mean without any sampling, or the layer before (the demo: "
            "samples serve the bottleneck alone)."
        ),
    )
    deviation_shift: float = hyperparameter(
        2.0,
        low=0,
        high=5,
        step=0.5,
        group="Network",
        help=(
            "Standard deviations of the Gaussian feature start near softplus(-shift): larger means less noise. The "
            "demo uses 0."
        ),
    )
    shared_encoder: bool = hyperparameter(
        True,
        group="Network",
        help="One encoder and one head for all views, as published; off gives each view its own encoder.",
    )
    align_epochs: int = hyperparameter(
        0,
        low=0,
        high=200,
        step=1,
        group="Start",
        help=(
            "Epochs of alignment between the views at the start; the clusters then start from k-means on the mean "
            "features of the views. At most two thirds of the run's epochs. 0 is the paper's random start."
        ),
    )
    align_temperature: float = hyperparameter(
        0.5,
        low=0.05,
        high=2,
        step=0.05,
        group="Start",
        help="Temperature of the alignment; small values consider only the closest negatives.",
    )
    match_views: bool = hyperparameter(
        True,
        group="Network",
        help=(
            "Rotate the views' inputs towards each other before training (without labels), so that the shared encoder "
            "receives corresponding components. Off as published."
        ),
    )
    statistics: str = hyperparameter(
        "shared",
        title="Batch-norm statistics",
        choices=("shared", "per-view"),
        group="Network",
        help="Running statistics of batch normalisation for evaluation: pooled over the views, or separate.",
    )
    initialisation: str = hyperparameter(
        "uniform",
        choices=("uniform", "normal"),
        group="Network",
        help="Initialisation of the weights: the usual uniform one, or the demo's N(0, 0.02).",
    )


def preprocessing(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Preparation: columns to [0, 1], principal components, one common scale; images only become vectors for mlp."""
    flatten = ("flatten",) if values["encoder"] == "mlp" else ()
    pca = (f"pca-{values['pca_dims']}",) if values["pca_dims"] else ()
    return (*flatten, "minmax", *pca, "unit")


_SMALL_SETS = ("caltech-2v", "caltech101-7", "digits-2view", "mfeat", "wikipedia", "unige-maastricht")
"""Feature sets of a few thousand samples, for which the paper's settings get sharper self-labels and more epochs."""
_PAPER = {
    "beta": 2.0,  # Eq. 14 sums the two views' terms without a weight; ours is their mean
    "learning_rate": 5e-5,
    "hidden": 512,
    "sinkhorn_rounds": 5,
    "match_views": False,
}
_DEMO = {
    "hidden": 100,
    "feature_dim": 100,
    "feature": "beside",
    "deviation_shift": 0.0,
    "initialisation": "normal",
    "beta": 0.5,
    "gamma": 2.0,  # the demo adds the two modalities' terms; ours is their mean
    "bottleneck": "softmax",
    "tau": 10.0,
    "target": "first-view",
    "target_loss": "softmax-twice",
    "target_heads": "clusters",
    "renew_every": 5,
    "sinkhorn_rounds": 75,
    "prediction": "first-view",
    "learning_rate": 5e-4,
    "batch_size": 0,
    "match_views": False,
}


def stages(config: Config, epochs: int) -> tuple[tuple[str, int], ...]:
    """An alignment, in at most two thirds of the epochs, if asked for; then the training."""
    align = min(config.align_epochs, 2 * epochs // 3)
    return tuple((name, n) for name, n in (("align", align), ("train", epochs - align)) if n)


CARD = MethodCard(
    stages=stages,
    name="dmim",
    title="DMIM",
    paper="https://ojs.aaai.org/index.php/AAAI/article/view/17076",
    citation=(
        "Yiqiao Mao, Xiaoqiang Yan, Qiang Guo, Yangdong Ye: Deep Mutual Information Maximin for Cross-Modal "
        "Clustering. AAAI 2021."
    ),
    idea=(
        "All views of a sample go through **one encoder and one softmax head**. What two views agree on is kept: the "
        "mutual information of their assignments is *maximised*. What a view tells beyond that is dropped: its "
        "assignments must follow balanced self-labels, so that a cluster can neither swallow the others nor die. A "
        "second, finer head (over-clustering) does the same with $r$ times as many clusters and teaches the encoder "
        "differences that the coarse head alone would overlook."
    ),
    views="two or more views, images or vectors",
    several_views=True,
    terms=(
        Term(
            name="information",
            title="Shared information",
            latex=r"\mathcal{L}_{I} = -\tfrac{1}{P}\sum_{i<j} I(Z_i; Z_j)",
            meaning="The clusters of one view predict those of the others; lower is better (at best -log K).",
        ),
        Term(
            name="superfluous",
            title="Superfluous information",
            latex=r"\mathcal{L}_{S} = \tfrac1V\sum_{v} \mathrm{CE}(q, Z_v),\ \textstyle\sum_i q(x_i) = N/K",
            meaning="The assignments of every view follow balanced self-labels.",
            weight="beta",
        ),
        Term(
            name="information_over",
            title="Shared information, over-clusters",
            latex=r"\mathcal{L}_{I}' = -\tfrac{1}{P}\sum_{i<j} I(Z_i'; Z_j')",
            meaning="The same for the finer head.",
            weight="over_weight",
        ),
        Term(
            name="superfluous_over",
            title="Superfluous information, over-clusters",
            latex=r"\mathcal{L}_{S}' = \tfrac1V\sum_{v} \mathrm{CE}(q', Z_v')",
            meaning="The same for the finer head; weighed by both factors.",
            weight="over_weight",
        ),
        Term(
            name="bottleneck",
            title="Bottleneck",
            latex=r"\mathcal{L}_{B} = \mathrm{KL}\big(\mathcal N(\mu,\sigma^2)\,\|\,\mathcal N(0,1)\big)",
            meaning="Keeps features near a standard normal; off by default.",
            weight="gamma",
        ),
        Term(
            name="align",
            title="Alignment (before)",
            latex=(
                r"\mathcal{L}_{align} = -\mathbb{E}\Big[\log \frac{\exp(\cos(z^i_a,z^j_a)/t)}"
                r"{\sum_b\exp(\cos(z^i_a,z^j_b)/t)}\Big]"
            ),
            meaning=(
                "Not in the paper: before clusters are placed, InfoNCE aligns the views of a sample, so that features "
                "hold what the views share. Off by default."
            ),
        ),
    ),
    objective=(
        r"\min\; \mathcal{L}_{I} + \beta\,\mathcal{L}_{S} + w_o\,(\mathcal{L}_{I}' + \beta\,\mathcal{L}_{S}')"
        r" + \gamma\,\mathcal{L}_{B}"
    ),
    config=Config,
    automatic=automatic,
    presets={
        **dict.fromkeys(BUDGETS_MIN, {}),
        "paper": {
            "*": Preset(
                epochs=200,
                values=_PAPER,
                note=(
                    "The published objective, its terms weighted as printed (beta 2: one for each of two views), and "
                    "learning rate; batch size, widths, length and the sharpness of self-labels are not published and "
                    "are our reading."
                ),
            ),
            **dict.fromkeys(
                _SMALL_SETS,
                Preset(
                    epochs=600,
                    values=_PAPER | {"tau": 10.0},
                    note=(
                        "The published objective, its terms weighted as printed (beta 2: one for each of two views), "
                        "and learning rate; batch size, widths, length and the sharper self-labels are our reading."
                    ),
                ),
            ),
        },
        "released-demo": {
            "*": Preset(
                epochs=500,
                values=_DEMO,
                note=(
                    "The settings of the authors' released demo, which differ from the paper in many places: all "
                    "samples at once, hard self-labels from the first view alone. The last epoch counts, not the "
                    "demo's best one by labels."
                ),
            )
        },
    },
    ablations={
        "I(Z1; Z2) only": {"beta": 0.0, "over_weight": 0.0},
        "No superfluous-information term": {"beta": 0.0},
        "No over-clustering": {"over_weight": 0.0},
        "Full": {},
    },
    preprocessing=preprocessing,
    remedies={
        "empty": "The self-labels do not keep the clusters apart: raise {beta} or {batch_size}.",
        "uneven": "Raise {beta} or {batch_size}. If your classes differ much in size, this method splits large ones.",
        "disagree": "Lower {beta}, so that shared information has more weight, or leave out an uninformative view.",
    },
)
