"""Captions described by numbers: weighted words, or a sentence encoder; and the words that are typical of groups.

Shapes: N samples, D columns, G groups.
"""

import warnings
import weakref
from pathlib import Path
from typing import Any

import numpy as np

from mmclust.data.dataset import ViewSpec
from mmclust.data.progress import Progress
from mmclust.features import towers
from mmclust.features.extractors import Extractor, Options
from mmclust.loading import load_scikit_learn

BATCH = 64


def tfidf(
    extractor: Extractor, texts: np.ndarray, spec: ViewSpec | None, options: Options, progress: Progress
) -> np.ndarray:
    """Latent semantic analysis (N, D): TF-IDF of words and pairs of words, then a truncated SVD.

    Raises:
        ValueError: the captions hold fewer than two different words.
    """
    load_scikit_learn()
    from sklearn.decomposition import TruncatedSVD

    weights, _ = _weighted(texts, pairs=True)
    n_columns = min(options.n_columns, *(size - 1 for size in weights.shape))
    if n_columns < 1:
        raise ValueError("the captions hold fewer than two different words; nothing tells them apart")
    progress(0.3, "Decomposing the words")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the explained variance of equal captions is 0 / 0
        return TruncatedSVD(n_columns, random_state=0).fit_transform(weights).astype(np.float32)


def _weighted(texts: np.ndarray, *, pairs: bool) -> tuple[Any, np.ndarray]:
    """TF-IDF weights (N, W), sparse, and the words (W,); words of a single caption count where there are few."""
    load_scikit_learn()
    from sklearn.feature_extraction.text import TfidfVectorizer

    for rarest in (2, 1):
        words = TfidfVectorizer(
            sublinear_tf=True, stop_words="english", min_df=rarest, max_features=50_000, ngram_range=(1, 1 + pairs)
        )
        try:
            weights = words.fit_transform(texts.tolist())
        except ValueError:  # scikit-learn: empty vocabulary
            continue
        if weights.shape[1] > 20 or rarest == 1:
            return weights, words.get_feature_names_out()
    raise ValueError("the captions hold no words but such as 'the' and 'of'; nothing tells them apart")


def sentences(
    extractor: Extractor, texts: np.ndarray, spec: ViewSpec | None, options: Options, progress: Progress
) -> np.ndarray:
    """Embeddings (N, D) of a sentence encoder: that of a folder, or one that is downloaded.

    Raises:
        ValueError: the package or the model is not here.
    """
    try:
        from sentence_transformers import SentenceTransformer  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise ValueError(
            "sentence encoders need the package sentence-transformers; install it with "
            "`pip install sentence-transformers`, or take TF-IDF, which needs nothing"
        ) from None
    if options.weights == "random":
        raise ValueError("a sentence encoder with random weights says nothing; take TF-IDF, or give a model's folder")
    name = towers.SENTENCES if options.weights in ("", "download") else str(Path(options.weights).expanduser())
    try:
        device = None if options.device == "auto" else options.device
        model = SentenceTransformer(name, device=device, local_files_only=options.weights != "download")
    except Exception as error:  # errors of four libraries
        if not options.weights:
            raise towers.to_be_asked(extractor) from None
        first = str(error).strip().partition("\n")[0][:160]
        raise ValueError(f"the sentence encoder {name} could not be loaded ({first}); give the folder of one") from None
    found = []
    for start in range(0, len(texts), BATCH):
        found.append(model.encode(texts[start : start + BATCH].tolist(), show_progress_bar=False))
        progress(min(1.0, (start + BATCH) / len(texts)), f"{extractor.title}: {start:,} of {len(texts):,}")
    return np.concatenate(found).astype(np.float32)


_last: tuple[weakref.ref[np.ndarray], Any, np.ndarray] | None = None
"""The captions that were weighted last, their weights and words: pages ask again for each way to group them."""


def _weights_of(texts: np.ndarray) -> tuple[Any, np.ndarray]:
    """TF-IDF weights (N, W) of captions, and the words (W,); none where the captions hold no words."""
    global _last
    known = _last
    if known is not None and known[0]() is texts:
        return known[1:]
    try:
        weights, words = _weighted(texts, pairs=False)
    except ValueError:
        weights, words = None, np.empty(0, str)
    _last = weakref.ref(texts), weights, words
    return weights, words


def typical_words(texts: np.ndarray, groups: np.ndarray, n_groups: int, count: int = 8) -> list[list[str]]:
    """The words that tell each group from the others, the most typical first.

    The mean TF-IDF weight of a word in the group less that in all captions: words that all groups share do not show.

    Args:
        texts: (N,) captions.
        groups: (N,) group of each.
        n_groups: G.
        count: words of a group, at most.

    Returns:
        G lists of words, empty for groups without captions or words.
    """
    weights, words = _weights_of(texts)
    if not len(words):
        return [[] for _ in range(n_groups)]
    everywhere = np.asarray(weights.mean(axis=0)).ravel()
    found = []
    for group in range(n_groups):
        member = np.flatnonzero(groups == group)
        excess = np.asarray(weights[member].mean(axis=0)).ravel() - everywhere if len(member) else np.zeros(len(words))
        best = np.argsort(-excess, kind="stable")[:count]
        found.append([str(words[word]) for word in best if excess[word] > 0])
    return found
