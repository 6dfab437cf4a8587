"""MSDIB as a person meets it: idea, equations, hyper-parameters, presets. Needs no torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mmclust.methods.automatic import BUDGETS_MIN
from mmclust.methods.card import MethodCard, Preset, Term, hyperparameter
from mmclust.methods.msdib.automatic import automatic


@dataclass(frozen=True, kw_only=True)
class Config:
    """Hyper-parameters of MSDIB."""

    ddc: float = hyperparameter(
        1.0,
        live=True,
        title="Clustering loss weight",
        low=0,
        high=2,
        step=0.1,
        symbol="w",
        group="Objective",
        help="Weight of the clustering loss on the fused branch. The paper uses 1; 0 switches it off.",
    )
    alpha: float = hyperparameter(
        1.0,
        live=True,
        title="Preservation weight",
        low=0,
        high=1,
        step=0.1,
        symbol=r"\alpha",
        group="Objective",
        help="Weight of the preservation of fused features and clusters in each view. 0 switches it off.",
    )
    beta: float = hyperparameter(
        1.0,
        live=True,
        title="Compression weight",
        low=0,
        high=1,
        step=0.1,
        symbol=r"\beta",
        group="Objective",
        help="Weight of the compression of each view's features and of what two views share. 0 switches it off.",
    )
    kappa: float = hyperparameter(
        0.01,
        live=True,
        title="Bottleneck share",
        low=0,
        high=1,
        step=0.005,
        symbol=r"\kappa",
        group="Objective",
        help=("Weight of the Gaussian bottleneck within the compression. 1 is as printed, 0.01 as in the public code."),
    )
    bottleneck_views: str = hyperparameter(
        "mean",
        choices=("mean", "sum"),
        group="Objective",
        help="Bottleneck over the views: their mean, or their sum as printed.",
    )
    balance: float = hyperparameter(
        0.0,
        live=True,
        title="Balance weight",
        low=0,
        high=1,
        step=0.05,
        symbol="u",
        group="Objective",
        help="Weight of balanced self-labels (Sinkhorn scaling) within the compression. 0 switches them off.",
    )
    balance_target: str = hyperparameter(
        "shared",
        choices=("shared", "own"),
        group="Objective",
        help="Source of these self-labels: the fused clusters, or each view itself.",
    )
    entropy_weight: float = hyperparameter(
        1.5,
        live=True,
        low=1,
        high=2,
        step=0.1,
        symbol=r"\lambda",
        group="Objective",
        help=(
            "Weight of the cluster entropies in I(Y, Ys): values above 1 favour equally used clusters. The paper uses "
            "1."
        ),
    )
    align_epochs: int = hyperparameter(
        40,
        low=0,
        high=200,
        step=1,
        group="Start",
        help=(
            "Epochs of alignment between the views at the start; the clusters then start from k-means on the fused "
            "features. At most two thirds of the run's epochs. 0 is the paper's random start."
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
    warm_start: int = hyperparameter(
        10,
        low=0,
        high=30,
        step=1,
        group="Start",
        help="Without an alignment: epochs at the start without the clustering loss. The paper uses 0.",
    )
    starts: int = hyperparameter(
        5,
        low=1,
        high=10,
        step=1,
        group="Start",
        help=(
            "Without an alignment: number of warm-ups from different random weights; training continues with the "
            "lowest objective. At most two thirds of the epochs. The paper uses 1."
        ),
    )
    feature_density: str = hyperparameter(
        "softmax",
        choices=("softmax", "relu"),
        group="Objective",
        help="How a real feature vector becomes non-negative for I(H, H): softmax over its entries, or ReLU.",
    )
    overlap: str = hyperparameter(
        "samples",
        choices=("samples", "clusters", "clusters-sum"),
        group="Objective",
        help=(
            "Second part of the clustering loss: mean over pairs of samples (DDC) or of clusters, or the sum over "
            "pairs of clusters (as printed)."
        ),
    )
    pair_divisor: str = hyperparameter(
        "pairs",
        choices=("pairs", "clusters"),
        group="Objective",
        help="What sums over pairs of clusters are divided by: the number of pairs (DDC), or of clusters (as printed).",
    )
    kernel_width: float = hyperparameter(
        0.15,
        low=0.05,
        high=1,
        step=0.05,
        group="Objective",
        help="Kernel width of the clustering loss, as a fraction of the batch's median squared distance.",
    )
    learning_rate: float = hyperparameter(
        1e-4,
        live=True,
        low=1e-5,
        high=1e-3,
        log=True,
        symbol=r"\eta",
        group="Optimiser",
        help="Step size of Adam. At 0.001, a bad partition freezes within a few epochs.",
    )
    batch_size: int = hyperparameter(
        100,
        low=0,
        high=512,
        step=50,
        symbol="n",
        group="Optimiser",
        help="Samples per step; should be several times the number of clusters. 0 uses all samples at once.",
    )
    input_noise: float = hyperparameter(
        0.1,
        live=True,
        low=0,
        high=0.3,
        step=0.05,
        group="Optimiser",
        help=(
            "Standard deviation of Gaussian noise on the inputs, which lie in [0, 1], during training. The paper uses "
            "0."
        ),
    )
    clip: float = hyperparameter(
        5.0,
        title="Gradient clipping",
        low=0.1,
        high=100,
        step=0.1,
        group="Optimiser",
        help="Gradients are clipped to this norm.",
    )
    encoder: str = hyperparameter(
        "mlp",
        choices=("mlp", "conv"),
        group="Network",
        help="Image views as vectors of pixels (mlp), or through a small convolutional stem (conv).",
    )
    trunk: str = hyperparameter(
        "shared",
        choices=("shared", "separate"),
        group="Network",
        help="Views share all layers after the first one, or (public code) no layers.",
    )
    feature: str = hyperparameter(
        "gaussian",
        choices=("gaussian", "whole"),
        group="Network",
        help=(
            "What is fused and clustered: a Gaussian sample, or (public code) the encoder's whole output with means "
            "and raw deviations."
        ),
    )
    normalise: bool = hyperparameter(
        True,
        group="Network",
        help="Batch normalisation in the encoders. The public code has none.",
    )
    statistics: str = hyperparameter(
        "shared",
        title="Batch-norm statistics",
        choices=("shared", "per-view"),
        group="Network",
        help="Running statistics of batch normalisation for evaluation: pooled over the views, or separate.",
    )


def preprocessing(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Preparation: columns to [0, 1]; images become vectors for the encoder mlp."""
    return ("flatten", "minmax") if values["encoder"] == "mlp" else ("minmax",)


_PAPER = {
    "alpha": 0.5,
    "beta": 0.5,
    "entropy_weight": 1.0,
    "align_epochs": 0,
    "warm_start": 0,
    "starts": 1,
    "input_noise": 0.0,
}


def several_starts(config: Config) -> bool:
    """Whether several starts are tried before the training."""
    return config.starts > 1 and config.warm_start > 0 and not config.align_epochs


def stages(config: Config, epochs: int) -> tuple[tuple[str, int], ...]:
    """An alignment or several starts, in at most two thirds of the epochs; then the training."""
    if align := min(config.align_epochs, 2 * epochs // 3):
        return (("align", align), ("train", epochs - align))
    warm = config.warm_start
    n_starts = min(config.starts, 2 * epochs // 3 // warm) if several_starts(config) else 1
    if n_starts < 2:
        return (("train", epochs),)
    starts = tuple((f"start_{number}", warm) for number in range(1, n_starts + 1))
    return (*starts, ("train", epochs - n_starts * warm))


CARD = MethodCard(
    stages=stages,
    name="msdib",
    title="MSDIB",
    paper="https://ojs.aaai.org/index.php/AAAI/article/view/33903",
    citation=(
        "Shizhe Hu, Jiahao Fan, Guoliang Zou, Yangdong Ye: Multi-aspect Self-guided Deep Information Bottleneck for "
        "Multi-modal Clustering. AAAI 2025."
    ),
    idea=(
        "Each view becomes a Gaussian feature $H^i$; learned weights **fuse** them into $H^s$, and one head turns all "
        "of them into cluster probabilities $Y^i$ and $Y^s$. The information bottleneck then pulls twice: "
        "**compression** keeps little of the input in a feature and little in common between the views' features, "
        "**preservation** keeps each view's features and clusters predictable from the fused ones, which thus guide "
        "the views. A divergence-based loss on the fused branch makes the clusters compact and separate. The fused "
        "clusters are the result."
    ),
    views="two or more views, images or vectors",
    several_views=True,
    terms=(
        Term(
            name="separation",
            title="Cluster separation",
            latex=r"\mathcal{L}_{1} = \tfrac{2}{K(K-1)}\sum_{i<j}"
            r" \tfrac{a_i^\top E a_j}{\sqrt{a_i^\top E a_i\; a_j^\top E a_j}}",
            meaning="Fused clusters (columns of Y) are separated; E compares hidden features.",
            weight="ddc",
        ),
        Term(
            name="overlap",
            title="Orthogonal assignments",
            latex=r"\mathcal{L}_{2} = \tfrac{2}{n(n-1)}\,\mathrm{triu}(Y^s {Y^s}^\top)",
            meaning="Samples share a cluster no more often than needed, which prevents clusters from absorbing others.",
            weight="ddc",
        ),
        Term(
            name="corners",
            title="Clear assignments",
            latex=r"\mathcal{L}_{3} = \mathcal{L}_{1}(U),\ U_{ab} = e^{-\|y_a - e_b\|^2}",
            meaning="Assignments move to the corners of the simplex: one cluster, not several.",
            weight="ddc",
        ),
        Term(
            name="shared",
            title="Compression between views",
            latex=r"\mathcal{L}_{C} = \sum_{i<j} I(H^i; H^j)",
            meaning="Features of two views share little information.",
            weight="beta",
        ),
        Term(
            name="bottleneck",
            title="Compression of a view",
            latex=r"\mathcal{L}_{B} = \tfrac1V\sum_i \mathrm{KL}(\mathcal N(\mu^i,\sigma^i)\,\|\,\mathcal N(0,1))",
            meaning="A view's features carry little information; weighted by both factors.",
            weight="kappa",
        ),
        Term(
            name="balance",
            title="Equal clusters",
            latex=r"\mathcal{L}_{Q} = \sum_{b} \mathrm{CE}(q, Y^b)",
            meaning="All assignments follow balanced self-labels (the constraint of Eq. 12); off by default.",
            weight="balance",
        ),
        Term(
            name="keep_features",
            title="Preservation of features",
            latex=r"\mathcal{L}_{H} = -\sum_i I(H^i; H^s)",
            meaning="Each view's features are informative about the fused ones.",
            weight="alpha",
        ),
        Term(
            name="keep_clusters",
            title="Preservation of clusters",
            latex=r"\mathcal{L}_{Y} = -\sum_i I(Y^i; Y^s)",
            meaning="Each view alone predicts the fused clusters, its pseudo-labels.",
            weight="alpha",
        ),
        Term(
            name="align",
            title="Alignment (before)",
            latex=(
                r"\mathcal{L}_{align} = -\mathbb{E}\Big[\log \frac{\exp(\cos(H^i_a,H^j_a)/t)}"
                r"{\sum_b\exp(\cos(H^i_a,H^j_b)/t)}\Big]"
            ),
            meaning=(
                "Not in the paper: before clusters are placed, InfoNCE aligns the views of a sample, so that features "
                "hold what the views share."
            ),
        ),
    ),
    objective=(
        r"\min\; w\,(\mathcal{L}_{1} + \mathcal{L}_{2} + \mathcal{L}_{3})"
        r" + \beta\,(\mathcal{L}_{C} + \kappa\,\mathcal{L}_{B} + u\,\mathcal{L}_{Q})"
        r" + \alpha\,(\mathcal{L}_{H} + \mathcal{L}_{Y})"
    ),
    config=Config,
    automatic=automatic,
    presets={
        **dict.fromkeys(BUDGETS_MIN, {}),
        "paper": {
            "*": Preset(
                epochs=100,
                values=_PAPER,
                note=(
                    "The published terms and schedule: one random start, no input noise, plain mutual information. "
                    "Weights within the terms are those of DDC and of the public code, not of print (kappa 0.01, means "
                    "over views and pairs; the ablation 'As printed' has print's). alpha and beta are 0.5, the middle "
                    "of the published grid, as the paper names no single value."
                ),
            )
        },
    },
    ablations={
        "DDC": {"alpha": 0.0, "beta": 0.0},
        "DDC + IC": {"alpha": 0.0},
        "DDC + IP": {"beta": 0.0},
        "DDC + IC + IP (full)": {},
        "Parameter-free (alpha = beta = 1)": {"alpha": 1.0, "beta": 1.0},
        "As printed (kappa 1, sums over views and pairs)": {
            "kappa": 1.0,
            "bottleneck_views": "sum",
            "overlap": "clusters-sum",
            "pair_divisor": "clusters",
        },
    },
    preprocessing=preprocessing,
    remedies={
        "empty": (
            "By default, nothing balances the clusters: raise {balance}, lower {learning_rate}, or try other seeds."
        ),
        "uneven": "Raise {balance}, lower {learning_rate}, or try other seeds.",
        "disagree": "Raise {alpha}, so that views follow the fused clusters, or leave out an uninformative view.",
    },
)
