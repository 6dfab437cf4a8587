"""By what each paper chooses among its runs, and what can be known of runs without labels at all."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from mmclust.analysis import disk_cache, stability
from mmclust.analysis.choosing import Candidate, Criterion
from mmclust.analysis.source import Source
from mmclust.analysis.spaces import of_clusters
from mmclust.baselines.classic import silhouette
from mmclust.runs.record import RunRecord
from mmclust.runs.store import RunStore
from mmclust.sweeps import results
from mmclust.sweeps.known import setting

SILHOUETTE_SOURCE = Source(
    modules=("mmclust.baselines.classic", "mmclust.analysis.spaces"), alone=(__name__,), packages=("scikit-learn",)
)
"""The code that the silhouettes of runs depend on, for what is kept on disk."""
SILHOUETTE = Criterion(
    name="silhouette",
    title="Silhouette in the embedding",
    lowest=False,
    about="Mean silhouette of the clusters in the space that they are read from: how much nearer a sample is to its "
    "own cluster than to the next one. It rewards tight clusters, right or wrong.",
)
STABILITY = Criterion(
    name="stability",
    title="Stability over seeds",
    lowest=False,
    about="Mean adjusted Rand index of the run with the same setting's runs of other seeds: a result that other random "
    "draws repeat is less likely to be luck.",
)
CONFIDENCE = Criterion(
    name="signal/confidence",
    title="Mean confidence",
    lowest=False,
    about="Mean probability of the samples' clusters at the end. Networks may be sure and wrong.",
)
OBJECTIVE = Criterion(
    name=results.OBJECTIVE,
    title="Lowest objective",
    lowest=True,
    about="The weighted sum of all loss terms at the end. It compares seeds of one setting; runs with other weights "
    "have other objectives.",
)
OF_PAPERS: Mapping[str, Criterion] = {
    "dccs": Criterion(
        name="signal/wasserstein",
        title="Critic loss (the paper's)",
        lowest=True,
        about="The Wasserstein estimate of the critic at the end: how far codes are from the prior. DCCS trains until "
        "the critic's loss converges and shows that it falls as ACC rises (Fig. 3).",
    ),
    "msdib": replace(
        OBJECTIVE,
        title="Lowest loss (the paper's)",
        about="MSDIB reports, of 20 runs, the one of highest accuracy at the lowest loss; here the loss alone chooses.",
    ),
}
"""Method -> the criterion of its paper. IMC-SwAV, DMIM and DMID-UIC report means over runs and choose none."""

Report = Callable[[float], None]


def criteria(method: str) -> list[Criterion]:
    """What runs of a method can be chosen by, the criterion of its paper first."""
    own = OF_PAPERS.get(method)
    others = [OBJECTIVE, SILHOUETTE, STABILITY, CONFIDENCE]
    return [*([own] if own else []), *(one for one in others if own is None or one.name != own.name)]


def candidates(
    store: RunStore,
    runs: Sequence[RunRecord],
    *,
    within_settings: bool,
    metric: str = "acc",
    progress: Report = lambda share: None,
) -> list[Candidate]:
    """Finished runs with everything that their method's criteria need.

    Args:
        store: the runs are in.
        runs: of one method, on one data set.
        within_settings: choose among the seeds of each setting; otherwise among all runs.
        metric: that says afterwards what a choice was worth.
        progress: told the finished share.
    """
    if not runs:
        return []
    named = {place: run for place, run in enumerate(runs)}
    wanted = [one.name for one in criteria(runs[0].spec.method) if "/" in one.name]
    curves = {name: results.last_values(store, [run.run_id for run in runs], name) for name in wanted}
    settings = {place: setting(run.spec) for place, run in named.items()}
    clusters: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    values: dict[int, dict[str, float]] = {}
    for place, run in named.items():
        found = store.get(run.run_id)
        snapshot = found.snapshot()
        clusters[place] = (snapshot.index, snapshot.y_pred)
        score = disk_cache.arrays(
            found.folder / "analysis",
            ("silhouette", snapshot.step, len(snapshot.index)),
            lambda snapshot=snapshot: {"mean": np.array(silhouette(of_clusters(snapshot), snapshot.y_pred))},
            source=SILHOUETTE_SOURCE,
        )
        values[place] = {SILHOUETTE.name: float(score["mean"])}
        values[place] |= {name: last[run.run_id] for name, last in curves.items() if run.run_id in last}
        progress((place + 1) / len(runs))
    for one in dict.fromkeys(settings.values()):
        members = [place for place in named if settings[place] == one]
        ids, own = stability.on_shared([clusters[place] for place in members])
        if len(ids):
            for place, agreed in zip(members, stability.with_others(own), strict=True):
                values[place][STABILITY.name] = float(agreed)
    return [
        Candidate(
            run_id=run.run_id,
            group=settings[place] if within_settings else "all",
            values=values[place],
            metric=(run.metrics or {}).get(metric),
        )
        for place, run in named.items()
    ]
