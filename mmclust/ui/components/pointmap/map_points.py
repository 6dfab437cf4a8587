"""What stands on a map: the points, what they can be coloured by, and the file that the browser draws them from."""

import json
from dataclasses import dataclass

import numpy as np

from mmclust.analysis import uncertainty
from mmclust.analysis.projection_quality import ProjectionQuality
from mmclust.analysis.spaces import Space
from mmclust.clustering import Clustering
from mmclust.columns import of_run
from mmclust.evaluation.metrics import NO_CLASS, shown_groups
from mmclust.evaluation.snapshot import Snapshot
from mmclust.plots.palette import CONFIDENCE, FAULT, NEUTRAL, RIGHT, WRONG, cluster_colors, ramp
from mmclust.ui.components import descriptions, pictures, pointmap
from mmclust.ui.components.pointmap import Coloring, Frame, Mark, Words, atlas, region_words
from mmclust.ui.shell import files

CAPTION = 160
"""Letters of a caption that stand on a card."""
MOST = 12_000
"""Points of a picture of all views at once; beyond, a random sample of the samples is drawn."""


@dataclass(frozen=True, kw_only=True)
class Points:
    """What stands in the picture. Shapes: m points, M marks."""

    xy: np.ndarray
    """(m, 2) positions of samples."""
    rows: np.ndarray
    """(m,) places in the clustering's arrays; every sample several times where all views are shown at once."""
    views: np.ndarray | None
    """(m,) number of the data's view each point is of; None for a space of one view or of all together."""
    landmarks: np.ndarray
    """(M, 2) positions of prototypes in the same projection."""
    frames: tuple[Frame, ...] = ()
    """The same samples at every saved epoch; empty for a map of one epoch."""


def shown_rows(n_samples: int, n_members: int) -> np.ndarray:
    """Which samples stand in a picture of so many spaces at once."""
    if n_members == 1 or n_samples * n_members <= MOST:
        return np.arange(n_samples)
    return np.sort(np.random.default_rng(0).choice(n_samples, MOST // n_members, replace=False))


def codes(clustering: Clustering, space: Space, rows: np.ndarray) -> np.ndarray:
    """Codes (m, D) of samples in each member of a space, one below the other."""
    parts = [clustering.snapshot.spaces[name].reshape(len(clustering.ids), -1) for name in space.members]
    if len(parts) == 1 and len(rows) == len(clustering.ids):
        return parts[0]
    return np.concatenate([part[rows] for part in parts])


def landmarks(clustering: Clustering, space: Space) -> np.ndarray:
    """Prototypes (M, D) that lie in a space."""
    found = [clustering.snapshot.landmarks[name] for name in space.members if name in clustering.snapshot.landmarks]
    return np.concatenate(found) if found else np.empty((0, 0), np.float32)


def frame(clustering: Clustering, snapshot: Snapshot, rows: np.ndarray, ids: np.ndarray, xy: np.ndarray) -> Frame:
    """One epoch of a timeline. A cluster keeps its number, and with it its colour, through a whole run."""
    clusters = snapshot.y_pred[rows]
    values = {"cluster": clusters} | certainty(snapshot.log_probs[rows])
    if clustering.y_true is not None and clustering.matched is not None and clustering.data.labels is not None:
        labels = clustering.data.labels[ids]
        values["correctness"] = _correctness(clustering.matched[clusters] == labels, labels == NO_CLASS)
    return Frame(epoch=snapshot.epoch, xy=xy, values=values)


def certainty(log_probs: np.ndarray) -> dict[str, np.ndarray]:
    """How sure assignments are by log-probabilities (n, K), as colourings over time: each (n,) between 0 and 1."""
    most = np.log(max(2, log_probs.shape[1]))
    return {
        "confidence": np.exp(log_probs.max(axis=1)),
        "margin": of_run.margin(log_probs),
        "entropy": uncertainty.entropy(log_probs) / most,
    }


def _correctness(right: np.ndarray, unlabelled: np.ndarray) -> np.ndarray:
    """0 for right, 1 for wrong and 2 for no class, of booleans (n,)."""
    return np.where(unlabelled, 2, ~right).astype(np.uint8)


def texts(clustering: Clustering) -> str:
    """Address of the captions of all samples, for the browser; empty where the data have none."""
    if clustering.data.texts is None:
        return ""
    return files.publish(clustering.derive("texts", lambda: _captions(clustering)))


def _captions(clustering: Clustering) -> bytes:
    captions = [descriptions.caption(clustering.data, sample, CAPTION) for sample in range(clustering.data.n_samples)]
    return json.dumps(captions, ensure_ascii=False).encode()


def thumbnails(clustering: Clustering, of_view: int | None = None) -> atlas.Atlas:
    """The atlas of a view of the data; by default of what the samples look like."""
    return atlas.of(clustering.data, pictured_view(clustering) if of_view is None else of_view)


def pictured_view(clustering: Clustering) -> int | None:
    """What the samples look like: None for the pictures beside the data, else the number of a view."""
    return None if clustering.data.pictures is not None else pictures.image_view(clustering.data) or 0


def content(
    clustering: Clustering, points: Points, space: Space, quality: ProjectionQuality | None, *, layout: str, texts: str
) -> bytes:
    """The file that the browser draws a map from.

    Args:
        clustering: the run at an epoch.
        points: what is drawn.
        space: that they are of.
        quality: how far the picture may be trusted, where that is known.
        layout: what the positions stand for; see `pointmap.pack`.
        texts: address of the captions.
    """
    of_view = space.views[0] if len(space.views) == 1 else None
    epochs = [frame.epoch for frame in points.frames]
    return pointmap.pack(
        ids=clustering.ids[points.rows],
        frames=points.frames or [Frame(epoch=clustering.epoch, xy=points.xy)],
        start=epochs.index(clustering.epoch) if clustering.epoch in epochs else None,
        colorings=[*colorings(clustering, points), *faults(quality)],
        landmarks=stars(clustering, points),
        words=_words(clustering, points),
        atlas=thumbnails(clustering, of_view),
        texts=texts,
        layout=layout,
    )


def _words(clustering: Clustering, points: Points) -> list[Words]:
    """Words of dense regions; none through time, in which regions move, and where samples stand several times."""
    if points.frames or points.views is not None:
        return []
    key = ("region words", points.xy.shape, hash(points.xy.tobytes()))
    return clustering.derive(key, lambda: region_words.of_map(clustering, points.xy, points.rows))


def colorings(clustering: Clustering, points: Points, *, over_time: bool = False) -> list[Coloring]:
    """What the points can be coloured by, the most telling first; over time also by what else each epoch says."""
    rows = points.rows
    names = [clustering.cluster_name(k) for k in range(len(clustering.sizes))]
    by_cluster = Coloring(
        key="cluster",
        title="cluster",
        help="The assigned cluster",
        values=clustering.y_pred[rows],
        names=names,
        colors=clustering.colors,
    )
    by_confidence = Coloring(
        key="confidence",
        title="confidence",
        help="Probability of the sample's cluster",
        kind="scale",
        values=clustering.confidence[rows],
        low="0%",
        high="100%",
        colors=ramp(CONFIDENCE, 32),
    )
    found = [*_by_view(clustering, points), by_cluster, *_by_class(clustering, rows), by_confidence]
    return found + (_by_certainty(clustering, rows) if over_time or len(points.frames) > 1 else [])


def _by_certainty(clustering: Clustering, rows: np.ndarray) -> list[Coloring]:
    """Margin and entropy, which maps of one epoch offer as columns."""
    values = certainty(clustering.log_probs[rows])
    about = {
        "margin": ("Difference between the probabilities of the two most probable clusters", "0", "1"),
        "entropy": ("Entropy of the cluster probabilities", "0", f"ln {clustering.log_probs.shape[1]}"),
    }
    return [
        Coloring(
            key=key,
            title=key,
            help=help,
            kind="scale",
            values=values[key],
            low=low,
            high=high,
            colors=ramp(CONFIDENCE, 32),
        )
        for key, (help, low, high) in about.items()
    ]


def _by_view(clustering: Clustering, points: Points) -> list[Coloring]:
    if points.views is None:
        return []
    return [
        Coloring(
            key="view",
            title="view",
            help="The view that the point belongs to",
            colors=cluster_colors(len(clustering.view_names)),
            values=points.views,
            names=clustering.view_names,
        )
    ]


def _by_class(clustering: Clustering, rows: np.ndarray) -> list[Coloring]:
    """Classes, and whether clusters agree with them; none without classes."""
    if clustering.y_true is None or clustering.right is None or clustering.wrong is None:
        return []
    named = [clustering.class_name(c) for c in range(int(clustering.y_true.max()) + 1)]
    labels, classes = shown_groups(clustering.y_true[rows], named)
    unlabelled = ~(clustering.right | clustering.wrong)
    n_kinds = 3 if unlabelled.any() else 2
    return [
        Coloring(
            key="class",
            title="class",
            help="The true class, not used in training",
            values=labels,
            names=classes,
            colors=[*cluster_colors(len(named)), *[NEUTRAL] * (len(classes) - len(named))],
        ),
        Coloring(
            key="correctness",
            title="correctness",
            colors=(RIGHT, WRONG, NEUTRAL)[:n_kinds],
            names=("right", "wrong", "no class")[:n_kinds],
            help="Whether the assigned cluster is the one matched to the sample's class",
            values=_correctness(clustering.right[rows], unlabelled[rows]),
        ),
    ]


def faults(quality: ProjectionQuality | None) -> list[Coloring]:
    """Colours of the points whose neighbours the picture invents or tears away."""
    if quality is None or not quality.is_of_each:
        return []
    k, colors = quality.neighbours, ramp(FAULT, 32)
    return [
        Coloring(
            key="false",
            title="false neighbours",
            kind="scale",
            values=quality.false,
            low="none",
            high="all",
            colors=colors,
            help=f"Fraction of the {k} nearest neighbours on the map that are distant in the latent space",
        ),
        Coloring(
            key="missing",
            title="missing neighbours",
            kind="scale",
            values=quality.missing,
            low="none",
            high="all",
            colors=colors,
            help=f"Fraction of the {k} nearest neighbours in the latent space that are distant on the map",
        ),
    ]


def stars(clustering: Clustering, points: Points) -> list[Mark]:
    """Prototypes; in the colour of their cluster where there is one for each cluster (and view)."""
    n_marks, n_clusters = len(points.landmarks), len(clustering.colors)
    own = list(clustering.colors) * (n_marks // n_clusters) if n_marks % n_clusters == 0 else [NEUTRAL] * n_marks
    return [Mark(x=float(x), y=float(y), color=color) for (x, y), color in zip(points.landmarks, own, strict=True)]
