"""DMID-UIC as a person meets it: idea, equations, hyper-parameters, presets. Needs no torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mmclust.methods.automatic import BUDGETS_MIN
from mmclust.methods.card import MethodCard, Preset, Term, hyperparameter
from mmclust.methods.dmid_uic.automatic import automatic


@dataclass(frozen=True, kw_only=True)
class Config:
    """Hyper-parameters of DMID-UIC; defaults are the paper's where it gives them."""

    lambda_ce: float = hyperparameter(
        0.1,
        live=True,
        title="Code recovery weight",
        low=1e-4,
        high=1,
        log=True,
        symbol=r"\lambda",
        group="Objective",
        help="For the generators: weight of recovering the code, relative to the adversarial loss.",
    )
    alpha: float = hyperparameter(
        0.1,
        title="Discriminator pace",
        low=1e-4,
        high=1,
        log=True,
        symbol=r"\alpha",
        group="Objective",
        help="Learning rate of the discriminators as a fraction of the others'.",
    )
    generative: bool = hyperparameter(
        True,
        title="Generative training",
        group="Objective",
        help="Train generators and discriminators along with the clustering. Off is three times faster.",
    )
    recover_code: bool = hyperparameter(
        True,
        group="Objective",
        help="The encoders must recover the code of a generated sample (L_ce).",
    )
    generator_loss: str = hyperparameter(
        "non-saturating",
        choices=("non-saturating", "paper"),
        group="Objective",
        help="Loss of the generators: log D, or the paper's exponential of the logit (clipped at 3).",
    )
    fake_units: str = hyperparameter(
        "code",
        choices=("code", "all"),
        group="Objective",
        help="Outputs that must reject a generated sample: of its cluster and the last, or all alike as printed.",
    )
    prior: str = hyperparameter(
        "uniform",
        choices=("uniform", "batch"),
        group="Objective",
        help="Distribution of generated clusters: uniform, or as the batch is assigned.",
    )
    ce_warmup: int = hyperparameter(
        3,
        title="Generator warm-up",
        low=0,
        high=50,
        step=1,
        group="Objective",
        help="Epochs before generated samples train the encoders, because at first they are random images.",
    )
    target: str = hyperparameter(
        "shared",
        choices=("shared", "fused", "printed"),
        group="Targets",
        help=(
            "What assignments are drawn to: one target from the mean of all, from the fused one alone, or, as printed, "
            "the views to the fused one without a target."
        ),
    )
    tau_start: float = hyperparameter(
        2.5,
        title="Sharpness at the start",
        low=1,
        high=10,
        step=0.5,
        symbol=r"\tau_0",
        group="Targets",
        help="Sharpness of the targets at the start; high values freeze an early partition.",
    )
    tau_end: float = hyperparameter(
        6.0,
        live=True,
        title="Sharpness at the end",
        low=1,
        high=10,
        step=0.5,
        symbol=r"\tau_1",
        group="Targets",
        help="Sharpness of the targets at the end; below 3, assignments stay soft.",
    )
    tau_ramp: float = hyperparameter(
        0.7,
        title="Sharpness ramp",
        low=0.05,
        high=1,
        step=0.05,
        group="Targets",
        help="Fraction of the training over which the sharpness rises.",
    )
    balance: bool = hyperparameter(
        True,
        title="Balanced targets",
        group="Targets",
        help="Targets use all clusters equally. Off lets clusters merge.",
    )
    distance: str = hyperparameter(
        "plain",
        choices=("plain", "squared"),
        group="Targets",
        help="Distance to a prototype in the assignment; the paper's is not squared.",
    )
    align_epochs: int = hyperparameter(
        0,
        low=0,
        high=100,
        step=1,
        group="Start",
        help=(
            "Epochs of alignment between the views before the prototypes are placed; they count towards the run's "
            "epochs. 0 is the paper's random start."
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
    autoencoder_epochs: int = hyperparameter(
        0,
        low=0,
        high=100,
        step=1,
        group="Start",
        help="Epochs of autoencoder pretraining at the start; they count towards the run's epochs.",
    )
    latent_dim: int = hyperparameter(
        64,
        title="Code dimensions",
        low=2,
        high=128,
        step=2,
        symbol="L",
        group="Network",
        help="Dimensions of each view's code.",
    )
    noise_dim: int = hyperparameter(
        30,
        title="Noise dimensions",
        low=5,
        high=100,
        step=5,
        group="Network",
        help="Dimensions of the generators' noise.",
    )
    encoder: str = hyperparameter(
        "mlp",
        choices=("mlp", "conv"),
        group="Network",
        help="Dense layers for every view, or convolutions for image views.",
    )
    learning_rate: float = hyperparameter(
        1e-3,
        live=True,
        low=1e-5,
        high=5e-3,
        log=True,
        symbol=r"\eta",
        group="Optimiser",
        help="Step size of Adam for encoders, prototypes and generators; alpha times it for discriminators.",
    )
    batch_size: int = hyperparameter(
        250,
        low=16,
        high=1024,
        step=10,
        symbol="n",
        group="Optimiser",
        help="Samples per step. Balanced targets need several samples of each cluster in it.",
    )


def _preprocessing(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Every column to [0, 1], where generators live; pixels become columns unless convolutions read them."""
    return ("minmax",) if values["encoder"] == "conv" else ("flatten", "minmax")


def stages(config: Config, epochs: int) -> tuple[tuple[str, int], ...]:
    """Pretraining within the run's epochs, each kind in at most half of what is left, then the training."""
    autoencode = min(config.autoencoder_epochs, epochs // 2)
    align = min(config.align_epochs, (epochs - autoencode) // 2)
    legs = (("autoencode", autoencode), ("align", align), ("train", epochs - autoencode - align))
    return tuple((name, n) for name, n in legs if n)


CARD = MethodCard(
    stages=stages,
    name="dmid-uic",
    title="DMID-UIC",
    paper="https://doi.org/10.6180/jase.202506_28(6).0014",
    citation=(
        "Yanfeng Wang, Jinfeng Wang, Weirong Zhang: Deep Mutual Information Decoupling based Unsupervised Image "
        "Clustering. Journal of Applied Science and Engineering 28(6), 2025."
    ),
    idea=(
        "Each view has an **encoder**; all codes of a sample are joined, and **prototypes** in the joint space make "
        "soft assignments, for the whole and for each view. The mean assignment, sharpened and spread evenly over the "
        "clusters, is the target of all of them. Beside this runs the **generative half**: from one noise vector and "
        "one cluster code, a generator per view draws a sample; discriminators with one output per cluster judge "
        "whether it passes as a real member of that cluster, and the encoders must find its code again."
    ),
    views="two or more views, images or vectors",
    several_views=True,
    terms=(
        Term(
            name="con",
            title="Contrast",
            latex=(
                r"\mathcal{L}_{con} = \mathrm{KL}(T\,\|\,P) + \tfrac1V\sum_v \mathrm{KL}(T\,\|\,P^v),\quad "
                r"p_{ij} \propto r_{ij}^2,\; r_{ij} \propto (1+\|z_i-q_j\|)^{-1}"
            ),
            meaning="The whole and every view assign a sample to the same cluster; clusters stay equally large.",
            weight="lambda_ce",
        ),
        Term(
            name="ce",
            title="Code recovered",
            latex=(
                r"\mathcal{L}_{ce} = -\mathbb{E}\big[\log p_c(E(G(z,c)))\big]"
                r" - \tfrac1V\sum_v \mathbb{E}\big[\log p^v_c\big]"
            ),
            meaning="Encoders and prototypes recover the cluster code of generated samples: code and cluster coincide.",
            weight="lambda_ce",
        ),
        Term(
            name="gan",
            title="Generators",
            latex=r"\mathcal{L}_{G} = -\sum_v \mathbb{E}\Big[\sum_{i=1}^{K+1} a_i \log D^v_i(G^v(z,c))\Big],\; a=(c,1)",
            meaning="A generated sample passes as real, and as a member of its cluster, in every view.",
        ),
        Term(
            name="dis",
            title="Discriminators",
            latex=(
                r"\mathcal{L}_{D} = -\sum_v \Big\{\mathbb{E}\Big[\sum_i w_i \log D^v_i(x^v)\Big]"
                r" + \mathbb{E}\Big[\sum_i a_i \log(1-D^v_i(G^v(z,c)))\Big]\Big\},\; w=(P(x),1)"
            ),
            meaning=(
                "Each unit distinguishes real members of its cluster from generated ones; the last unit, all real from "
                "all generated samples."
            ),
        ),
        Term(
            name="align",
            title="Alignment (before)",
            latex=(
                r"\mathcal{L}_{align} = -\mathbb{E}\Big[\log \frac{\exp(\cos(z^a_i,z^b_i)/t)}"
                r"{\sum_j\exp(\cos(z^a_i,z^b_j)/t)}\Big]"
            ),
            meaning=(
                "Not in the paper: before the prototypes are placed, InfoNCE aligns the views of a sample, so that "
                "codes hold what the views share."
            ),
        ),
        Term(
            name="reconstruction",
            title="Reconstruction (before)",
            latex=r"\tfrac1V\sum_v \tfrac1{d_v}\|x^v - \mathrm{dec}^v(z^v)\|^2",
            meaning="Autoencoder pretraining, if asked for.",
        ),
    ),
    objective=(
        r"\min_{E,Q}\; \lambda(\mathcal{L}_{con} + \mathcal{L}_{ce})\qquad "
        r"\min_{G}\; \mathcal{L}_{G} + \lambda\mathcal{L}_{ce}\qquad \min_{D}\; \mathcal{L}_{D}"
    ),
    config=Config,
    automatic=automatic,
    presets={
        **dict.fromkeys(BUDGETS_MIN, {}),
        "paper": {
            "*": Preset(
                epochs=25,
                values={"batch_size": 100},
                note=(
                    "Both halves from a random start, with the paper's batch, rates, lambda and alpha. Layer sizes, "
                    "targets, epochs and the weights of generated samples are our reading: the paper gives none, or "
                    "(for generated samples) all units alike, which is an option."
                ),
            ),
        },
    },
    ablations={
        "full": {},
        "without the generative half": {"generative": False},
        "without L_ce": {"recover_code": False},
        "all units reject generated samples (as printed)": {"fake_units": "all"},
        "without warm-up of L_ce": {"ce_warmup": 0},
        "without balanced targets": {"balance": False},
        "without rising sharpness (tau = 4)": {"tau_start": 4.0, "tau_end": 4.0},
        "soft targets (tau = 2)": {"tau_start": 2.0, "tau_end": 2.0},
        "target from P alone": {"target": "fused"},
        "L_con as printed, no target": {"target": "printed"},
        "squared distances": {"distance": "squared"},
        "without alignment": {"align_epochs": 0},
        "autoencoder instead of alignment": {"align_epochs": 0, "autoencoder_epochs": 10},
    },
    preprocessing=_preprocessing,
    generates=True,
    remedies={
        "empty": "Keep {balance} on and {batch_size} large; raising {align_epochs} helps most.",
        "uneven": "Keep {balance} on and {batch_size} large; raising {align_epochs} helps most.",
        "soft": "This is usual at low sharpness: raise {tau_end}, or train longer.",
        "disagree": "Raise {align_epochs}, so that the views' codes share more before the prototypes are placed.",
    },
)
