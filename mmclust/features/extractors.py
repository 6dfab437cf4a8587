"""What features can be computed of pictures and captions: the table that forms and commands are made from.

Nothing here imports torch; an extractor's module is imported when it is used.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

import numpy as np

from mmclust.data.dataset import ViewSpec
from mmclust.data.progress import Progress

CAPTIONS = "captions"
"""Name of the captions where a view is asked for."""


@dataclass(frozen=True, kw_only=True)
class Extractor:
    """A way to describe samples by numbers."""

    name: str
    title: str
    about: str
    """In a sentence, with the paper."""
    of: Literal["image", "text"]
    n_columns: int
    """Length of a description; the longest one where it depends on the data, 0 where only the network knows."""
    function: str
    """"module:function", called as `function(extractor, samples, spec, options, progress)`, gives (N, D) float32."""
    has_weights: bool = False
    """A trained network: its weights are downloaded, come from a file, or are random."""
    package: str = ""
    """Of the network, where it is optional: timm or open_clip."""
    model: str = ""
    """Its name there; of open_clip also the tag of the weights, after a slash."""

    def run(
        self, samples: np.ndarray, spec: ViewSpec | None, options: "Options", progress: Progress | None = None
    ) -> np.ndarray:
        """Features (N, D) float32 of images (N, C, H, W) or texts (N,).

        Raises:
            ValueError: what is missing, in one sentence.
        """
        module, function = self.function.split(":")
        work: Any = getattr(import_module(module), function)
        return work(self, samples, spec, options, progress or (lambda fraction, message: None))


@dataclass(frozen=True, kw_only=True)
class Options:
    """What an extractor may be told; each uses what concerns it."""

    weights: str = ""
    """Of networks: "download", "random", or the path of a file (a folder for sentence encoders). Empty: those that were
    fetched before; of others their size and licence are said instead."""
    px: int = 224
    """Edge that pictures are enlarged to before a network sees them."""
    device: str = "auto"
    n_columns: int = 100
    """Of TF-IDF: how many columns are kept of the decomposition."""


_NETWORK = "mmclust.features.backbones:describe"
_CLASSIC = "mmclust.features.classic"

_ALL = (
    Extractor(
        name="vgg16",
        title="VGG-16",
        of="image",
        n_columns=4096,
        function=_NETWORK,
        has_weights=True,
        about="The 4096 activations before the last layer of VGG-16 (Simonyan, Zisserman, ICLR 2015), trained on "
        "ImageNet: what DMIM and MSDIB start from. Slow without a GPU.",
    ),
    Extractor(
        name="resnet18",
        title="ResNet-18",
        of="image",
        n_columns=512,
        function=_NETWORK,
        has_weights=True,
        about="The 512 averaged activations of ResNet-18 (He et al., CVPR 2016), trained on ImageNet, for a tenth of "
        "the work of VGG-16.",
    ),
    Extractor(
        name="resnet50",
        title="ResNet-50",
        of="image",
        n_columns=2048,
        function=_NETWORK,
        has_weights=True,
        about="The 2048 averaged activations of ResNet-50 (He et al., CVPR 2016), trained on ImageNet.",
    ),
    Extractor(
        name="mobilenet_v3_small",
        title="MobileNetV3 small",
        of="image",
        n_columns=1024,
        function=_NETWORK,
        has_weights=True,
        about="The 1024 activations before the last layer of MobileNetV3 (Howard et al., ICCV 2019), "
        "trained on ImageNet: made for small processors.",
    ),
    Extractor(
        name="convnext_tiny",
        title="ConvNeXt tiny",
        of="image",
        n_columns=768,
        function=_NETWORK,
        has_weights=True,
        about="The 768 averaged activations of ConvNeXt (Liu et al., CVPR 2022), trained on ImageNet.",
    ),
    Extractor(
        name="vit_b_16",
        title="ViT-B/16",
        of="image",
        n_columns=768,
        function=_NETWORK,
        has_weights=True,
        about="The 768 numbers of the class token of a vision transformer (Dosovitskiy et al., ICLR 2021), trained on "
        "ImageNet.",
    ),
    Extractor(
        name="hog",
        title="HOG",
        of="image",
        n_columns=324,
        function=f"{_CLASSIC}:hog",
        about="Histograms of the directions of edges in 4 x 4 cells (Dalal, Triggs, CVPR 2005): shape without colour.",
    ),
    Extractor(
        name="lbp",
        title="LBP",
        of="image",
        n_columns=112,
        function=f"{_CLASSIC}:lbp",
        about="Local binary patterns in four quarters (Ojala et al., PAMI 2002): texture without colour.",
    ),
    Extractor(
        name="colours",
        title="Colour histogram",
        of="image",
        n_columns=64,
        function=f"{_CLASSIC}:colours",
        about="How often each of 4 x 4 x 4 colours occurs (Swain, Ballard, IJCV 1991): colour without shape.",
    ),
    Extractor(
        name="tfidf",
        title="TF-IDF",
        of="text",
        n_columns=100,
        function="mmclust.features.texts:tfidf",
        about="Weighted words, reduced by a singular value decomposition (latent semantic analysis, Deerwester et al., "
        "1990). Needs no trained network.",
    ),
    Extractor(
        name="sentences",
        title="Sentence encoder",
        of="text",
        n_columns=768,
        has_weights=True,
        function="mmclust.features.texts:sentences",
        about="A BERT that was trained to describe whole sentences (Reimers, Gurevych, EMNLP 2019).",
    ),
)

_TOWERS = (
    (
        "dinov2_small",
        "DINOv2 small",
        "timm:vit_small_patch14_dinov2.lvd142m",
        "Oquab et al., TMLR 2024: trained without labels",
        384,
    ),
    (
        "dinov3_small",
        "DINOv3 small",
        "timm:vit_small_patch16_dinov3.lvd1689m",
        "Simeoni et al., 2025: trained without labels",
        384,
    ),
    (
        "siglip_base",
        "SigLIP base",
        "timm:vit_base_patch16_siglip_224.webli",
        "Zhai et al., ICCV 2023: trained on captions",
        768,
    ),
    ("convnext_tiny_12k", "ConvNeXt tiny, ImageNet-12k", "timm:convnext_tiny.in12k", "Liu et al., CVPR 2022", 768),
    ("clip_image", "CLIP ViT-B/32, images", "clip:ViT-B-32/laion2b_s34b_b79k", "Radford et al., ICML 2021", 512),
    ("clip_text", "CLIP ViT-B/32, texts", "cliptext:ViT-B-32/laion2b_s34b_b79k", "Radford et al., ICML 2021", 512),
)
"""Name, title, full name, source and length of networks that the list shows; any other is found by its full name."""


def _tower(full: str, *, name: str = "", title: str = "", source: str = "", n_columns: int = 0) -> Extractor | None:
    """The extractor of a full name such as timm:NAME; None where it has no such prefix."""
    kind, _, model = full.partition(":")
    if kind not in ("timm", "clip", "cliptext") or not model:
        return None
    return Extractor(
        name=name or full,
        title=title or full,
        of="text" if kind == "cliptext" else "image",
        n_columns=n_columns,
        function=f"mmclust.features.towers:{'texts' if kind == 'cliptext' else 'images'}",
        has_weights=True,
        package="timm" if kind == "timm" else "open_clip",
        model=model,
        about=f"{full} ({source}). Needs {'timm' if kind == 'timm' else 'open_clip_torch'}." if source else full,
    )


EXTRACTORS = {extractor.name: extractor for extractor in _ALL}
for _name, _title, _full, _source, _n_columns in _TOWERS:
    if (_made := _tower(_full, name=_name, title=_title, source=_source, n_columns=_n_columns)) is not None:
        EXTRACTORS[_name] = _made


def find(name: str) -> Extractor:
    """The extractor of that name.

    Raises:
        ValueError: there is none.
    """
    if (by_full_name := _tower(name.strip())) is not None:
        return by_full_name
    key = name.strip().lower().replace("-", "_")
    if key not in EXTRACTORS:
        raise ValueError(
            f"features {name!r} are not known; choose one of {', '.join(EXTRACTORS)}, "
            "or a network by timm:NAME, clip:MODEL/TAG or cliptext:MODEL/TAG"
        )
    return EXTRACTORS[key]
