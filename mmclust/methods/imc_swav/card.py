"""IMC-SwAV as a person meets it: idea, equations, hyper-parameters, presets. Needs no torch."""

from dataclasses import dataclass

from mmclust.methods.automatic import BUDGETS_MIN
from mmclust.methods.card import MethodCard, Preset, Term, hyperparameter
from mmclust.methods.imc_swav.automatic import automatic

_MANY_CLASSES = dict.fromkeys(("cifar100", "tiny-imagenet"), 512)


@dataclass(frozen=True, kw_only=True)
class Config:
    """Hyper-parameters of IMC-SwAV; defaults are the published code's for CIFAR-10."""

    beta: float = hyperparameter(
        4.0,
        live=True,
        title="Balance weight",
        low=0.5,
        high=10,
        step=0.5,
        symbol=r"\beta",
        group="Objective",
        help="Weight of equal cluster sizes in the classifier. Below 1, clusters become empty.",
    )
    temperature: float = hyperparameter(
        0.1,
        live=True,
        low=0.05,
        high=0.5,
        step=0.01,
        symbol=r"\tau",
        group="Objective",
        help="Sharpness of the prototype probabilities; smaller is sharper.",
    )
    epsilon: float = hyperparameter(
        0.05,
        title="Target softness",
        low=0.02,
        high=0.2,
        step=0.01,
        symbol=r"\varepsilon",
        group="Objective",
        help="Softness of the target codes; smaller is harder.",
    )
    sinkhorn_rounds: int = hyperparameter(
        3,
        low=1,
        high=10,
        step=1,
        group="Objective",
        help="Number of Sinkhorn rounds that balance the targets over the prototypes.",
    )
    swav_weight: float = hyperparameter(
        1.0,
        live=True,
        title="Swapped prediction weight",
        low=0,
        high=5,
        step=0.1,
        group="Objective",
        help="Weight of the self-labelling loss that trains encoder and prototypes.",
    )
    logit_weight: float = hyperparameter(
        0.01,
        live=True,
        title="Logit bound weight",
        low=0,
        high=1,
        step=0.01,
        group="Objective",
        help="Weight of the penalty on classifier logits outside -5 to 5. 0 switches it off.",
    )
    n_prototypes: int = hyperparameter(
        1000,
        title="Prototypes",
        low=20,
        high=3000,
        step=20,
        symbol="k'",
        group="Code",
        help="Number of prototypes, finer groups than clusters; the paper's results are flat above 300.",
    )
    projection_dim: int = hyperparameter(
        128,
        title="Projection dimensions",
        low=8,
        high=512,
        step=8,
        group="Code",
        help="Dimensions of the space of the prototypes.",
    )
    high_size: int = hyperparameter(
        0,
        title="Large crop size",
        low=0,
        high=224,
        step=2,
        group="Views",
        help="Size of the two large crops in pixels. 0 means 7/8 of the image, 28 of 32.",
        paper={"stl10": 76, "tiny-imagenet": 56},
    )
    low_size: int = hyperparameter(
        0,
        title="Small crop size",
        low=0,
        high=224,
        step=2,
        group="Views",
        help="Size of the small crops in pixels. 0 means 9/16 of the image, 18 of 32.",
        paper={"stl10": 52, "tiny-imagenet": 36},
    )
    n_low: int = hyperparameter(
        4,
        title="Small crops",
        low=0,
        high=8,
        step=1,
        symbol="V_l",
        group="Views",
        help="Small crops per image; more are more accurate and slower.",
    )
    high_area: float = hyperparameter(
        0.2,
        live=True,
        title="Large crop area",
        low=0.08,
        high=1,
        step=0.02,
        group="Views",
        help="Smallest fraction of the image in a large crop; the largest is the whole image.",
    )
    low_area: float = hyperparameter(
        0.4,
        live=True,
        title="Small crop area",
        low=0.08,
        high=1,
        step=0.02,
        group="Views",
        help="Largest fraction of the image in a small crop; the smallest is 0.08.",
    )
    flip: bool = hyperparameter(
        True,
        title="Horizontal flip",
        group="Augmentation",
        help="Flip images horizontally at random. Off for digits, whose mirror images are different symbols.",
        paper=dict.fromkeys(("digits", "mnist", "usps"), False),
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
            "Strength of random brightness and contrast changes (for colour images also saturation, and a quarter for "
            "hue)."
        ),
    )
    jitter_share: float = hyperparameter(
        0.8,
        live=True,
        title="Jitter probability",
        low=0,
        high=1,
        step=0.05,
        group="Augmentation",
        help="Fraction of crops whose brightness, contrast and colour change.",
    )
    gray_share: float = hyperparameter(
        0.25,
        live=True,
        title="Grayscale probability",
        low=0,
        high=1,
        step=0.05,
        group="Augmentation",
        help="Fraction of crops converted to gray (colour images only).",
    )
    learning_rate: float = hyperparameter(
        5e-4,
        live=True,
        low=1e-5,
        high=5e-3,
        log=True,
        symbol=r"\eta",
        group="Optimiser",
        help="Step size of Adam at the start; times 0.4 after 30, 60 and 80 % of the epochs.",
    )
    warm_up: int = hyperparameter(
        500,
        low=0,
        high=5000,
        step=50,
        group="Optimiser",
        help="Steps over which the learning rate rises from 0; the prototypes are fixed meanwhile.",
    )
    weight_decay: float = hyperparameter(
        1e-5,
        low=0,
        high=1e-3,
        step=1e-5,
        group="Optimiser",
        help="L2 penalty on all weights (coupled, as in Adam).",
    )
    train_images: int = hyperparameter(
        0,
        title="Training images",
        low=0,
        high=200_000,
        step=500,
        group="Training",
        help="Train on a random part of so many training images; the same images are evaluated. 0: all.",
    )
    idle_classifier: str = hyperparameter(
        "coast",
        choices=("coast", "rest"),
        group="Optimiser",
        help="Where data has unlabelled images (STL-10), the classifier learns from the others alone, once a batch of "
        "them is together. In the steps between, Adam moves it on by its momentum (published) or leaves it.",
    )
    batch_size: int = hyperparameter(
        256,
        low=16,
        high=2048,
        step=16,
        symbol="m",
        group="Optimiser",
        help="Images per step; must be well above the number of clusters.",
        paper=_MANY_CLASSES,
    )
    head: str = hyperparameter(
        "linear",
        title="Projection head",
        choices=("linear", "mlp"),
        group="Network",
        help="Projection head: two linear layers as in the published code, or SwAV's MLP with a hidden layer.",
    )
    width: float = hyperparameter(
        1.0,
        title="Network width",
        low=0.125,
        high=2,
        step=0.125,
        group="Network",
        help="Scale of the channels of ResNet-18 and classifier. Values below 1 are not the paper's network.",
    )
    normalisation: str = hyperparameter(
        "published",
        choices=("published", "measured"),
        group="Network",
        help=(
            "Mean and standard deviation of the channels: published values where the paper has them for the data set, "
            "or measured on the training images."
        ),
    )
    statistics: str = hyperparameter(
        "train",
        title="Batch-norm statistics",
        choices=("train", "test", "off"),
        group="Network",
        help=(
            "Images on which batch-norm statistics are measured before an evaluation: training images, evaluated "
            "images (as for the published numbers; transductive), or none."
        ),
    )


MILESTONES = (0.3, 0.6, 0.8)
"""Shares of the epochs after which the learning rate falls: 150, 300 and 400 of the published 500."""

CARD = MethodCard(
    rate_falls=lambda config, epochs: tuple(share * epochs for share in MILESTONES),
    name="imc-swav",
    title="IMC-SwAV",
    paper="https://arxiv.org/abs/2103.07368",
    citation=(
        "Foivos Ntelemis, Yaochu Jin, Spencer A. Thomas: Information Maximization Clustering via Multi-View "
        "Self-Labelling. Knowledge-Based Systems, 2022."
    ),
    idea=(
        "Each image is seen through two large and four small crops. An encoder learns **prototypes**: the code of one "
        "crop, balanced so that all prototypes are used equally, must be predicted from every other crop. Beside it "
        "a **classifier** on the embedding sorts images into the clusters asked for: its output should be certain "
        "given the prototypes, and all clusters should be used. The classifier's loss never changes the encoder."
    ),
    views="one image view",
    network_mib=211,
    sample_mib=4.0,
    terms=(
        Term(
            name="swav",
            title="Swapped prediction",
            latex=(
                r"\mathcal{L}_{SwAV} = -\tfrac{1}{V_h (V-1)} \sum_{i}\sum_{v\neq i}"
                r" \mathbb{E}\big[q_i^{\top}\log u_v\big]"
            ),
            meaning="The balanced code of a large crop is predicted from every other crop.",
            weight="swav_weight",
        ),
        Term(
            name="mi",
            title="Information",
            latex=r"\mathcal{L}_{MI} = \tfrac{1}{V^2}\sum_{j,i}\big[H(Y_j|U_i) - \beta\,H(Y_j)\big]",
            meaning="A cluster is certain given the prototypes of any crop, and all clusters are used.",
        ),
        Term(
            name="logit",
            title="Logit bound",
            latex=r"0.01\;\mathbb{E}\big[\textstyle\sum_k \max(0, |a_k| - 5)\big]",
            meaning="Keeps the logits in a range where gradients can still correct the classifier.",
            weight="logit_weight",
        ),
    ),
    objective=(
        r"\min_{E,P,C}\; \mathcal{L}_{SwAV} \qquad \min_{A}\; \mathcal{L}_{MI} + 0.01\,\mathcal{L}_{logit}"
        r"\qquad u = \mathrm{softmax}(\hat p\, C^{\top}/\tau),\; y = \mathrm{softmax}(A(e))"
    ),
    config=Config,
    codes=("p", "temperature"),
    augments=True,
    cam_layers=("stage 4", "stage 3"),
    automatic=automatic,
    presets={
        **dict.fromkeys(BUDGETS_MIN, {}),
        "paper": {
            "*": Preset(
                epochs=500,
                note="The published settings, 500 epochs; needs a GPU. The paper reports the mean of 15 runs.",
            )
        },
    },
    ablations={
        "No small crops": {"n_low": 0},
        "Two small crops": {"n_low": 2},
        "No logit bound": {"logit_weight": 0.0},
        "SwAV's projection head": {"head": "mlp"},
        "Full": {},
    },
    train_part="train+unlabelled",
    eval_part="test",
)
