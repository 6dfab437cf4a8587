"""Names of a run's metrics, which compare clusters with classes, and of signals that need no labels."""

from typing import NamedTuple


class Metric(NamedTuple):
    """Name and meaning of a metric that compares clusters with classes."""

    title: str
    about: str


METRICS = {
    "acc": Metric(
        "ACC", "Clustering accuracy: fraction of samples in the cluster matched to their class (one cluster per class)."
    ),
    "nmi": Metric("NMI", "Normalised mutual information of clusters and classes (arithmetic normaliser); 0 is chance."),
    "nmi_geometric": Metric("NMI, geometric", "Normalised mutual information with the geometric normaliser."),
    "ari": Metric("ARI", "Adjusted Rand index: agreement on pairs of samples; 0 is chance."),
    "purity": Metric("Purity", "Fraction of samples that belong to the most frequent class of their cluster."),
}
"""Everything that `metrics.score` gives, in the order in which it is told; all of it needs labels."""
MAIN = ("acc", "nmi", "ari")
"""Those that are told wherever a run is, and that papers draw in one picture."""
TITLES = {name: about.title for name, about in METRICS.items()}
LABELLED = {name: title for name, title in TITLES.items() if name != "nmi_geometric"}
"""Titles of those that pages and tables show; a metric not among them needs no labels."""
CURVES = {f"eval/{name}": title for name, title in LABELLED.items()}
"""Titles of the curves of these metrics over epochs."""
MAIN_CURVES = tuple(f"eval/{name}" for name in MAIN)
SIGNALS = {
    "signal/usage_entropy": "Entropy of cluster use (soft)",
    "signal/clusters_found": "Clusters found (by count)",
    "signal/confidence": "Confidence",
    "signal/wasserstein": "Wasserstein estimate",
    "signal/evidence": "Evidence (no labels)",
    "signal/agreement": "Agreement of the views",
    "signal/augmentations": "Agreement of augmentations",
    "signal/crops": "Agreement of crops",
    "signal/stability": "Stability of clusters",
    "signal/code_found": "Recovered codes",
    "signal/tau": "Sharpness of targets",
    "signal/shared_information": "Shared information",
    "signal/kept_epoch": "Epoch that was kept",
}
"""Titles of curves that need no labels; others are shown by their name."""
