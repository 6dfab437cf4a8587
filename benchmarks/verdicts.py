"""How often the verdict, which sees no label, says what labels say; and where its limits lie.

`collect` gathers cases: results of finished runs, and starts of the same data sets after the rows of all views but the
first were shuffled. `calibrate` derives the limits by fixed rules and counts how often the word is right, on all cases
and on those of each data set with limits derived from the others.

What labels say: "nothing found" of shuffled rows; "views disagree" where k-means of the weakest view alone has less
than a quarter of the strongest's adjusted mutual information with the classes; else "better than simple methods" where
the result's ACC is by more than 0.02 above that of every simple method, and "as good as a simple method" where it is
not. "Too small" and "collapsed" are conditions, not judgements, and no run was worse than a simple method.
"""

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mmclust.auto import baselines, record, starts, view_run
from mmclust.auto.verdict import Limits, Measured, verdict
from mmclust.data import catalogue, preprocessing
from mmclust.data.dataset import MultiViewDataset
from mmclust.evaluation.metrics import acc
from mmclust.runs.store import RunStore

TIE = 0.02
DISAGREE = 0.25
MARGIN = 1.02
"""Over the largest evidence that shuffled rows reached, over chance."""
SPARED = 0.05
"""Share of the cases that may be wrong beyond the fewest, for a limit that lies in a wider gap."""
MOST_SHUFFLED = 500
"""Samples of a data set whose rows are shuffled."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A result, what is known of it without labels, and what labels say."""

    dataset: str
    what: str
    """Method whose result it is, or `shuffled`."""
    measured: Measured
    gain: float
    """ACC less that of the best simple method."""
    alone: tuple[float, ...]
    """Adjusted mutual information of classes and k-means of each view alone."""

    @property
    def truth(self) -> str:
        """What labels say."""
        if self.what == "shuffled":
            return "nothing found"
        if min(self.alone) < DISAGREE * max(self.alone):
            return "views disagree"
        return "better than simple methods" if self.gain > TIE else "as good as a simple method"

    @property
    def beyond(self) -> float:
        """Evidence over chance."""
        return self.measured.evidence / self.measured.chance

    @property
    def quietest(self) -> float:
        """Agreement of the result with the clusters of the weakest view alone, over that with the strongest's."""
        return min(self.measured.alone) / max(self.measured.alone)

    @property
    def ahead(self) -> float:
        """Evidence over that of the best simple method."""
        return self.measured.evidence / max(self.measured.simple.values())

    @property
    def beyond_noise(self) -> bool:
        """Whether more of it than noise lies above the best simple method."""
        return self.measured.evidence - max(self.measured.simple.values()) > self.measured.noise


def read(file: Path) -> tuple[Case, ...]:
    """Cases from JSON lines."""
    lines = [json.loads(text) for text in file.read_text().splitlines()]
    return tuple(
        Case(**line | {"measured": Measured(**line["measured"]), "alone": tuple(line["alone"])}) for line in lines
    )


def limits(cases: Sequence[Case]) -> Limits:
    """Limits by fixed rules.

    Nothing found: just above the largest evidence of shuffled rows. Silent view: halfway between the views that
    disagree and those that do not. Better: the middle of the widest gap between neighbouring ratios, of those where
    hardly more words are wrong (`SPARED`) than where fewest are: a narrow gap between two cases decides nothing.
    """
    related = [case for case in cases if all(case.measured.related)]
    apart = [case.quietest for case in related if case.truth == "views disagree"]
    together = [case for case in cases if case.truth.startswith(("better", "as good"))]
    told = [case for case in together if case.beyond_noise]
    cuts = sorted({1.0, *(case.ahead for case in told)})
    gaps = [(high - low, (low + high) / 2) for low, high in zip(cuts, cuts[1:], strict=False)]
    n_right = [sum((c.ahead > cut) == c.truth.startswith("better") for c in told) for _, cut in gaps]
    widest = max(gap for gap, n in zip(gaps, n_right, strict=True) if n >= max(n_right) - SPARED * len(told))
    return Limits(
        beyond_chance=MARGIN * max(case.beyond for case in cases if case.what == "shuffled"),
        silent_view=(max(apart) + min(case.quietest for case in together)) / 2,
        better=widest[1],
    )


def calibrate(cases: Sequence[Case]) -> dict[str, Any]:
    """Limits from all cases, and the words with limits from the other data sets, by (labels, verdict)."""
    return left_out_in_turn(cases, limits)


def left_out_in_turn(cases: Sequence[Any], limits: Callable[[Sequence[Any]], Limits]) -> dict[str, Any]:
    """Words with limits from the other data sets; how many are right, with those and with limits from all.

    Args:
        cases: with a `dataset`, what was `measured`, and the `truth` that labels say.
        limits: of some of them.
    """
    found: Counter[tuple[str, str]] = Counter()
    for name in dict.fromkeys(case.dataset for case in cases):
        derived = limits([case for case in cases if case.dataset != name])
        found.update((case.truth, verdict(case.measured, derived).word) for case in cases if case.dataset == name)
    derived = limits(cases)
    return {
        "limits": derived,
        "n_cases": len(cases),
        "n_right": sum(verdict(case.measured, derived).word == case.truth for case in cases),
        "n_right_left_out": sum(n for (truth, word), n in found.items() if truth == word),
        "left_out": found,
    }


def table(found: dict[str, Any]) -> list[str]:
    """In Markdown: rows are what labels say, columns the verdict."""
    derived = found["limits"]
    return [
        *words_table(found["left_out"]),
        "",
        f"Right: {found['n_right_left_out']} of {found['n_cases']} with the data set left out, "
        f"{found['n_right']} with limits from all.",
        f"Limits from all: beyond chance {derived.beyond_chance:.3f}, silent view {derived.silent_view:.3f}, "
        f"better {derived.better:.3f}.",
    ]


def words_table(found: Counter[tuple[str, str]]) -> list[str]:
    """How often each word was said (columns) of what labels say (rows), in Markdown."""
    words = list(dict.fromkeys(word for pair in found for word in pair))
    lines = [f"| labels say | {' | '.join(words)} |", f"|{'---|' * (len(words) + 1)}"]
    for truth in dict.fromkeys(truth for truth, _ in found):
        lines.append(f"| {truth} | {' | '.join(str(found[truth, word]) for word in words)} |")
    return lines


def collect(store: RunStore) -> Iterator[Case]:
    """Cases of the store's finished runs of preset auto on several views with labels, and of shuffled rows."""
    seen = set()
    for run in store.list():
        about = record.load(store.folder(run.run_id)) if run.status == "finished" else None
        if about is None or about["kind"] != "views" or not about["partitions"]["start"]:
            continue
        dataset, spec = catalogue.load(run.spec.dataset, limit=run.spec.limit), run.spec
        n_clusters = spec.n_clusters or dataset.spec.n_clusters
        done = view_run.ViewRun(preprocessing.prepare(dataset, spec.preprocessing), n_clusters, seed=spec.seed)
        name = Path(spec.dataset).name
        figures = {title: metrics["acc"] for title, metrics in about["partitions"].items()}
        result = figures.pop("start"), figures.pop("method")
        arrays = record.load_partitions(store.folder(run.run_id))
        yield Case(
            dataset=name,
            what=f"{spec.method}, seed {spec.seed}",
            measured=done.measured(
                arrays[about["kept"]], {title: arrays[title.replace(" ", "_")] for title in figures}
            ),
            gain=result[about["kept"] == "method"] - max(figures.values()),
            alone=_alone(done.views, dataset, n_clusters),
        )
        if name not in seen:
            seen.add(name)
            yield shuffled(name, dataset, n_clusters)


def shuffled(name: str, dataset: MultiViewDataset, n_clusters: int) -> Case:
    """The start of a data set whose rows do not belong together any more."""
    random = np.random.default_rng(0)
    some = dataset.take(np.sort(random.permutation(dataset.n_samples)[:MOST_SHUFFLED]))
    mixed = replace(some, views=(some.views[0], *(view[random.permutation(some.n_samples)] for view in some.views[1:])))
    steps, found = view_run.chosen_steps(mixed, n_clusters)
    run = view_run.ViewRun(preprocessing.prepare(mixed, steps), n_clusters, seed=0)
    simple = baselines.partitions(run.views, n_clusters, 0, slow=False)
    measured = run.measured(run.pool.start.clusters, simple)
    assert mixed.labels is not None
    best = max(acc(mixed.labels, clusters) for clusters in simple.values())
    return Case(
        dataset=name,
        what="shuffled",
        measured=measured,
        gain=acc(mixed.labels, run.pool.start.clusters) - best,
        alone=_alone(run.views, mixed, n_clusters),
    )


def _alone(views: Sequence[np.ndarray], dataset: MultiViewDataset, n_clusters: int) -> tuple[float, ...]:
    from sklearn.metrics import adjusted_mutual_info_score

    assert dataset.labels is not None
    return tuple(
        float(adjusted_mutual_info_score(dataset.labels, starts.k_means(view, n_clusters, 0))) for view in views
    )


def main() -> None:
    """`python -m benchmarks.verdicts FILE [--collect]`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.verdicts", description=__doc__)
    parser.add_argument("file", type=Path, help="JSON lines of cases")
    parser.add_argument("--collect", action="store_true", help="write the file from the runs in MMCLUST_HOME first")
    args = parser.parse_args()
    if args.collect:
        with args.file.open("w") as file:
            for case in collect(RunStore()):
                file.write(json.dumps(vars(case) | {"measured": vars(case.measured)}) + "\n")
    print("\n".join(table(calibrate(read(args.file)))))


if __name__ == "__main__":
    main()
