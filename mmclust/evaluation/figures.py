"""What the figures of a run are called: those that compare clusters with classes, and signals that need no labels."""

from typing import NamedTuple


class Meaning(NamedTuple):
    """Name and meaning of a figure that compares clusters with classes."""

    title: str
    about: str


FIGURES = {
    "acc": Meaning("ACC", "Share of samples that lie in the cluster matched to their class (one cluster per class)."),
    "nmi": Meaning(
        "NMI", "Normalised mutual information of clusters and classes: 0 is chance, arithmetic mean of entropies."
    ),
    "nmi_geometric": Meaning("NMI, geometric", "The same over the geometric mean of both entropies."),
    "ari": Meaning("ARI", "Adjusted Rand index: agreement on pairs of samples, 0 is chance."),
    "purity": Meaning("Purity", "Share of samples of the most frequent class of their cluster."),
}
"""Everything that `metrics.score` gives, in the order in which it is told; all of it needs labels."""
MAIN = ("acc", "nmi", "ari")
"""Those that are told wherever a run is, and that papers draw in one picture."""
TITLES = {name: about.title for name, about in FIGURES.items()}
LABELLED = {name: title for name, title in TITLES.items() if name != "nmi_geometric"}
"""Titles of those that pages and tables show; a figure not among them needs no labels."""
CURVES = {f"eval/{name}": title for name, title in LABELLED.items()}
"""Titles of the curves of these figures over epochs."""
MAIN_CURVES = tuple(f"eval/{name}" for name in MAIN)
SIGNALS = {
    "signal/usage_entropy": "Cluster use (nats)",
    "signal/confidence": "Confidence",
    "signal/wasserstein": "Wasserstein estimate",
    "signal/agreement": "Agreement of the views",
    "signal/code_found": "Codes found again",
    "signal/tau": "Sharpness of targets",
    "signal/shared_information": "Shared information (nats)",
}
"""Titles of curves that need no labels; others are shown by their name."""
