"""Pictures found by words: how near each is to a phrase, in a space where a network describes both.

Shapes: N samples, D columns.
"""

from functools import lru_cache

import numpy as np

from mmclust.data.dataset import MultiViewDataset, WordSpace
from mmclust.features.extractors import Extractor, Options, find

LONGEST = 300
"""Letters of a phrase."""
_BLOCK = 65_536


def space_of(extractor: Extractor, weights: str, codes: np.ndarray) -> WordSpace | None:
    """The space of the codes (N, D) of an image network whose text network describes phrases; None without such."""
    if extractor.package != "open_clip" or extractor.of != "image":
        return None
    lengths = np.linalg.norm(codes, axis=1, keepdims=True)
    return WordSpace(
        codes=(codes / np.where(lengths > 0, lengths, 1)).astype(np.float16),
        extractor=f"cliptext:{extractor.model}",
        weights=weights,
    )


def similarities(dataset: MultiViewDataset, phrase: str) -> np.ndarray:
    """Cosine similarity (N,) float32 of each picture to a phrase: larger is nearer.

    Args:
        dataset: whose pictures were described by an image network that has a text network.
        phrase: in words.

    Raises:
        ValueError: the data set has no such space, the phrase is empty or too long, or the network is not here.
    """
    space, phrase = dataset.word_space, " ".join(phrase.split())
    if space is None:
        raise ValueError(
            f"the pictures of {dataset.spec.name} were not described by a network that also reads words; "
            "compute features with clip_image, or any clip:MODEL/TAG, and train on these"
        )
    if not phrase or len(phrase) > LONGEST:
        raise ValueError(f"the phrase has {len(phrase)} letters; give 1 to {LONGEST}")
    code = _described(space.extractor, space.weights, phrase)
    if space.codes.shape[1:] != code.shape:
        raise ValueError(
            f"{space.extractor} describes a phrase by {len(code)} numbers and pictures have {space.codes.shape[1]}; "
            "compute the features again"
        )
    found = np.empty(len(space.codes), np.float32)
    for start in range(0, len(found), _BLOCK):
        rows = slice(start, start + _BLOCK)
        found[rows] = np.asarray(space.codes[rows], np.float32) @ code
    return found


@lru_cache(maxsize=256)
def _described(extractor: str, weights: str, phrase: str) -> np.ndarray:
    """A phrase as a unit vector (D,) float32."""
    code = find(extractor).run(np.array([phrase], object), None, Options(weights=weights))[0]
    return code / (np.linalg.norm(code) or 1)
