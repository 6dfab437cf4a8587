"""DCCS as a person meets it: idea, equations, hyper-parameters, presets. Needs no torch."""

from dataclasses import dataclass

from mmclust.methods.automatic import BUDGETS_MIN
from mmclust.methods.card import MethodCard, Preset, Term, hyperparameter
from mmclust.methods.dccs.automatic import automatic

_COLOR = ("cifar10", "cifar20", "cifar100", "stl10", "imagenet10", "tiny-imagenet", "shapes")


@dataclass(frozen=True, kw_only=True)
class Config:
    """Hyper-parameters of DCCS; defaults are the paper's for MNIST."""

    beta_aug: float = hyperparameter(
        2.0,
        live=True,
        title="Augmentation weight",
        low=0,
        high=10,
        step=0.5,
        symbol=r"\beta_{Aug}",
        group="Objective",
        help="How strongly an augmented image must keep its category. 0 switches the term off.",
        paper=dict.fromkeys(_COLOR, 4.0),
    )
    beta_mi: float = hyperparameter(
        0.5,
        live=True,
        title="Mutual information weight",
        low=0,
        high=2,
        step=0.05,
        symbol=r"\beta_{MI}",
        group="Objective",
        help="How informative the code must be about its image. 0 switches the term off.",
    )
    beta_adv: float = hyperparameter(
        1.0,
        live=True,
        title="Adversarial weight",
        low=0.1,
        high=5,
        step=0.1,
        symbol=r"\beta_{Adv}",
        group="Objective",
        help="Pull of the codes towards the prior: one-hot categories, equal-sized clusters, Gaussian style.",
    )
    style_dim: int = hyperparameter(
        50,
        title="Style dimensions",
        low=0,
        high=100,
        step=5,
        symbol="S",
        group="Code",
        help="Dimensions of the style code, which holds differences within a cluster. 0 uses the category alone.",
    )
    sigma: float = hyperparameter(
        0.1,
        live=True,
        title="Style deviation",
        low=0.01,
        high=0.5,
        step=0.01,
        symbol=r"\sigma",
        group="Code",
        help="Standard deviation of the style prior; the category part has length 1.",
    )
    n_critic: int = hyperparameter(
        4,
        title="Critic steps",
        low=1,
        high=10,
        step=1,
        symbol="n_{critic}",
        group="Critic",
        help="Critic updates before each encoder update.",
    )
    lambda_gp: float = hyperparameter(
        10.0,
        live=True,
        title="Gradient penalty weight",
        low=1,
        high=50,
        step=1,
        symbol=r"\lambda",
        group="Critic",
        help="Weight of the gradient penalty that keeps the critic smooth.",
    )
    learning_rate: float = hyperparameter(
        1e-4,
        live=True,
        low=1e-5,
        high=5e-3,
        log=True,
        symbol=r"\eta",
        group="Optimiser",
        help="Step size of Adam, for encoder and critic.",
    )
    schedule: str = hyperparameter(
        "constant",
        choices=("constant", "cosine"),
        group="Optimiser",
        help="Learning rate schedule: constant as published, or cosine decay to a hundredth (not in the paper).",
    )
    ending: str = hyperparameter(
        "last",
        title="End of the run",
        choices=("last", "before-fall"),
        group="Optimiser",
        help=(
            "Networks that count: those of the last epoch (published), or, where clusters fall out of use at the end, "
            "those of the last quarter's epoch that used them most evenly. No labels are used."
        ),
    )
    batch_size: int = hyperparameter(
        64,
        low=16,
        high=512,
        step=16,
        symbol="B",
        group="Optimiser",
        help="Images per step. Larger is faster per image but means fewer updates and other batch statistics.",
    )
    crop_area: float = hyperparameter(
        0.4,
        live=True,
        title="Smallest crop",
        low=0.1,
        high=1,
        step=0.05,
        group="Augmentation",
        help="Smallest fraction of the image area that a random crop keeps.",
    )
    rotation: float = hyperparameter(
        0.0,
        live=True,
        low=0,
        high=45,
        step=1,
        group="Augmentation",
        help=(
            "Largest random rotation in degrees, with a shear of as many hundredths of a pixel per row. Not in the "
            "paper."
        ),
    )
    jitter: float = hyperparameter(
        0.4,
        live=True,
        title="Colour jitter",
        low=0,
        high=0.8,
        step=0.05,
        group="Augmentation",
        help=(
            "Strength of random brightness and contrast changes (for colour images also saturation, and a third for "
            "hue)."
        ),
    )
    flip: bool = hyperparameter(
        False,
        title="Horizontal flip",
        group="Augmentation",
        help="Flip images horizontally at random. Off for digits, whose mirror images are different symbols.",
        paper=dict.fromkeys((*_COLOR, "fashion-mnist"), True),
    )
    input: str = hyperparameter(
        "gray",
        title="Encoder input",
        choices=("gray", "sobel", "rgb"),
        group="Network",
        help="Input of the encoder: luma, its edges, or colour (colour images only).",
    )
    encoder: str = hyperparameter(
        "auto",
        choices=("auto", "light", "small", "plain", "residual-32", "residual-96"),
        group="Network",
        help=(
            "auto: the published network for the image size, from 14 pixels; a small one below. light: the same, but "
            "at most the network for 28 pixels."
        ),
    )
    width: float = hyperparameter(
        1.0,
        title="Network width",
        low=0.125,
        high=2,
        step=0.125,
        group="Network",
        help="Scale of the channels of all networks. Values below 1 train faster but are not the paper's network.",
    )
    statistics: str = hyperparameter(
        "running",
        title="Batch-norm statistics",
        choices=("running", "train"),
        group="Network",
        help=(
            "Batch-norm statistics for evaluation: running statistics of the training (published), or measured on "
            "plain training images, which suits short runs."
        ),
    )


_PAPER_NOTE = "The published settings; the authors train up to 3000 epochs. Plan for a GPU."

CARD = MethodCard(
    name="dccs",
    title="DCCS",
    paper="https://arxiv.org/abs/2007.10004",
    citation=(
        "Junjie Zhao, Donghuan Lu, Kai Ma, Yu Zhang, Yefeng Zheng: Deep Image Clustering with Category-Style "
        "Representation. ECCV 2020."
    ),
    idea=(
        "An encoder splits each image into a **category** $z_c$ (which cluster?) and a **style** $z_s$ (how does it "
        "look?). A critic compares the codes with samples of a prior, a random one-hot category beside Gaussian "
        "style, so that clusters become clear-cut and equally large. A random augmentation of an image must keep its "
        "category but may change its style, and the code as a whole must still tell which image it came from."
    ),
    views="one image view",
    network_mib=127,
    terms=(
        Term(
            name="aug",
            title="Augmentation",
            latex=r"\mathcal{L}_{Aug} = \mathrm{KL}\big(Q_c(x)\,\|\,Q_c(T(x))\big)",
            meaning="An image and its random crop, jitter or mirror image get the same category.",
            weight="beta_aug",
        ),
        Term(
            name="mi",
            title="Mutual information",
            latex=(
                r"\mathcal{L}_{MI} = -\tfrac12\,\mathbb{E}\big[\log S(D(x,z))\big]"
                r" - \tfrac12\,\mathbb{E}\big[\log(1-S(D(x,\hat z)))\big]"
            ),
            meaning="A discriminator can distinguish an image's own code from another image's.",
            weight="beta_mi",
        ),
        Term(
            name="adv",
            title="Adversarial",
            latex=r"\mathcal{L}_{Adv}^{Q} = -\mathbb{E}_{z\sim Q}\big[C(z)\big]",
            meaning="Codes look like samples of the prior.",
            weight="beta_adv",
        ),
        Term(
            name="critic",
            title="Critic",
            latex=r"\mathcal{L}_{C} = \mathbb{E}_{z\sim Q}[C(z)] - \mathbb{E}_{\tilde z\sim P}[C(\tilde z)]",
            meaning=(
                "The critic, in its own update, separates codes from prior samples; negated, the Wasserstein estimate."
            ),
            weight="beta_adv",
        ),
        Term(
            name="penalty",
            title="Gradient penalty",
            latex=r"\lambda\,\mathbb{E}\big[(\|\nabla_{\hat z} C(\hat z)\|_2 - 1)^2\big]",
            meaning="Keeps the critic's slope at one between codes and prior.",
            weight="lambda_gp",
        ),
    ),
    objective=(
        r"\min_{Q,D}\; \beta_{MI}\,\mathcal{L}_{MI} + \beta_{Aug}\,\mathcal{L}_{Aug}"
        r" + \beta_{Adv}\,\mathcal{L}_{Adv}^{Q}"
        r"\qquad \min_{C}\; \beta_{Adv}\,(\mathcal{L}_{C} + \lambda\,\mathcal{L}_{GP})"
    ),
    config=Config,
    augments=True,
    automatic=automatic,
    steps_per_update=lambda values: values["n_critic"] + 1,
    presets={
        **dict.fromkeys(BUDGETS_MIN, {}),
        "paper": {"*": Preset(epochs=3000, note=_PAPER_NOTE)},
    },
    ablations={
        "M1: Adv": {"beta_mi": 0.0, "beta_aug": 0.0},
        "M2: Adv + MI": {"beta_aug": 0.0},
        "M3: Adv + Aug": {"beta_mi": 0.0},
        "M4: Adv + MI + Aug (full)": {},
    },
    remedies={
        "empty": "The pull towards the prior is too weak, or the augmentation term took over early: lower {beta_aug}, "
        "or raise {beta_adv} or {n_critic}.",
        "uneven": "Lower {beta_aug}, or raise {beta_adv} or {n_critic}. If your classes differ much in size, this "
        "method splits the large ones.",
        "soft": "Train longer, or raise {beta_adv}.",
        "falling": "The augmentation may be too strong (lower {beta_aug} or {jitter}), or {learning_rate} too high.",
        "critic unstable": "Lower {learning_rate} or raise {lambda_gp}; with bf16, try float32.",
        "critic blind": "Raise {n_critic}.",
    },
)
