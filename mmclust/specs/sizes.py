"""How many samples and clusters a run has, and which numbers of them are allowed."""

from collections.abc import Callable

from mmclust.data import answered, catalogue
from mmclust.data.dataset import MultiViewDataset
from mmclust.methods.card import MethodCard
from mmclust.runs.spec import FEWEST_EACH, MOST_CLUSTERS, most_clusters

SMALLEST_PART = 0.1
"""Share of the samples that a part to train on surely has: a smaller batch fits without a look at the data."""


def n_trained(about: MethodCard, batch_size: int, n_samples: int, read: Callable[[], MultiViewDataset]) -> int | None:
    """How many samples a method trains on; None where it is a part of them that surely holds a batch.

    Args:
        about: the method.
        batch_size: its samples in a batch.
        n_samples: of the data set, or of the random sample of it.
        read: gives these data; called where the batch may have more samples than the part to train on.
    """
    if about.train_part == "all":
        return n_samples
    if batch_size <= SMALLEST_PART * n_samples:
        return None
    return len(read().part(about.train_part))


def of_data(dataset: str) -> tuple[str, int, int]:
    """Name that the run remembers, number of samples and of classes.

    Raises:
        UnknownDataset: no such data set and no such file.
        DataUnavailable: a known data set that is not here.
    """
    entry = catalogue.find(dataset)
    if entry is None:
        spec, n_samples = catalogue.sized(dataset)
        return answered.resolved(dataset), n_samples, spec.n_clusters
    if not entry.available():
        raise catalogue.DataUnavailable(f"{entry.title} is not here yet. {entry.how_to_get}")
    if entry.as_found:
        found = catalogue.load(entry.name)
        return entry.name, found.n_samples, found.spec.n_clusters
    return entry.name, entry.n_samples, entry.n_clusters


def check_whole(name: str, value: int, low: int, high: int) -> int:
    """The value, where it is a whole number between both.

    Raises:
        ValueError: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"{name}={value} is not allowed; give a whole number from {low} to {high}")
    return value


def limited(n_samples: int, limit: int | None) -> int:
    """How many samples a run sees.

    Raises:
        ValueError: the limit leaves fewer than two.
    """
    if limit is None:
        return n_samples
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 2:
        raise ValueError(f"limit={limit} leaves nothing to cluster; give 2 or more, or no limit")
    return min(limit, n_samples)


def check_clusters(clusters: int, n_samples: int, name: str) -> None:
    """Refuse numbers of clusters that so many samples cannot have.

    Raises:
        ValueError: which are allowed, in one sentence.
    """
    if most_clusters(n_samples) < 2:
        samples = "sample" if n_samples == 1 else "samples"
        raise ValueError(f"{name} holds {n_samples} {samples}; at least {2 * FEWEST_EACH} are needed to cluster")
    if isinstance(clusters, bool) or not isinstance(clusters, int) or clusters < 2:
        raise ValueError(
            f"clusters={clusters} is not allowed for {name}; give the number of clusters to look for, 2 or more"
        )
    if clusters > MOST_CLUSTERS:
        raise ValueError(
            f"clusters={clusters:,} is more than the {MOST_CLUSTERS:,} that a run may have; lower clusters"
        )
    if clusters > n_samples:
        raise ValueError(f"clusters={clusters} exceeds the {n_samples} samples; lower clusters or use more samples")
    if clusters > (most := most_clusters(n_samples)):
        raise ValueError(
            f"clusters={clusters:,} for {n_samples:,} samples would leave single samples as clusters; give the number "
            f"of clusters to look for, from 2 to {most:,}"
        )
