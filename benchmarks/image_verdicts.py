"""How often the verdict on images, which sees no label, says what labels say; and where its one derived limit lies.

Cases are results of finished runs of preset auto on images (`collect`), and starts of images that hold no classes
(`nothing`).
What labels say: "nothing found" of images without classes; "better than k-means" where the result's ACC is by more than
0.02 above that of k-means on pixels, "worse than a simple method" where it is by more than 0.02 below, else "as good as
a simple method".
"""

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.verdicts import TIE, left_out_in_turn, words_table
from mmclust.auto import record, shallow, starts
from mmclust.auto.evidence import Evidence
from mmclust.auto.verdict import IMAGE_BASELINE, IMAGE_LIMITS, Limits, Measured
from mmclust.auto.weighing import weigh
from mmclust.baselines.classic import k_means
from mmclust.data import catalogue, preprocessing
from mmclust.data.dataset import ViewSpec
from mmclust.runs.record import RunRecord
from mmclust.runs.store import RunStore

NOTHING = "nothing"
N_EMPTY, EMPTY_CLUSTERS = 500, (4, 10)
"""Images without classes, and the numbers of clusters that are asked of them."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A result, what is known of it without labels, and what labels say."""

    dataset: str
    what: str
    """Method and seed, or `NOTHING`."""
    measured: Measured
    gain: float
    """ACC less that of k-means on pixels; 0 for images without classes."""

    @property
    def truth(self) -> str:
        """What labels say."""
        if self.what == NOTHING:
            return "nothing found"
        if abs(self.gain) <= TIE:
            return "as good as a simple method"
        return "better than k-means" if self.gain > 0 else "worse than a simple method"

    @property
    def beyond(self) -> float:
        """Evidence over chance."""
        return self.measured.evidence / self.measured.chance


def read(file: Path) -> tuple[Case, ...]:
    """Cases from JSON lines."""
    lines = [json.loads(text) for text in file.read_text().splitlines()]
    return tuple(Case(**line | {"measured": Measured(**line["measured"])}) for line in lines)


def limits(cases: Sequence[Case]) -> Limits:
    """Nothing found: the middle of the widest gap in evidence over chance with fewest cases on the wrong side.

    That a result is better only needs evidence beyond its standard error.
    """
    values = sorted({case.beyond for case in cases})
    gaps = [(high - low, (low + high) / 2) for low, high in zip(values, values[1:], strict=False)]
    if not gaps:
        return IMAGE_LIMITS
    n_wrong = [sum((case.beyond < cut) != (case.what == NOTHING) for case in cases) for _, cut in gaps]
    widest = max(gap for gap, n in zip(gaps, n_wrong, strict=True) if n == min(n_wrong))
    return replace(IMAGE_LIMITS, beyond_chance=widest[1])


def calibrate(cases: Sequence[Case]) -> dict[str, Any]:
    """The limit from all cases, and the words with that from the other data sets, by (labels, verdict)."""
    return left_out_in_turn(cases, limits)


def table(found: Mapping[str, Any]) -> list[str]:
    """In Markdown: rows are what labels say, columns the verdict."""
    return [
        *words_table(found["left_out"]),
        "",
        f"Right: {found['n_right_left_out']} of {found['n_cases']} with the data set left out, "
        f"{found['n_right']} with the limit from all ({found['limits'].beyond_chance:.3f} times chance).",
    ]


def collect(store: RunStore) -> Iterator[Case]:
    """Cases of the store's finished runs of preset auto on images with labels."""
    for run in store.list():
        about = record.load(store.folder(run.run_id)) if run.status == "finished" else None
        if about is not None and about["kind"] == "images" and about["partitions"]["start"]:
            yield of_run(run, about, record.load_partitions(store.folder(run.run_id)))


def of_run(run: RunRecord, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Case:
    """The case of a run, measured anew from its stored partitions."""
    spec = run.spec
    dataset = preprocessing.prepare(catalogue.load(spec.dataset, limit=spec.limit), spec.preprocessing)
    images, view = dataset.views[0][arrays["index"]], dataset.spec.views[0]
    titles = [title for title in about["partitions"] if title not in ("start", "method")]
    simple = {title: arrays[title.replace(" ", "_")] for title in titles}
    n_clusters = spec.n_clusters or dataset.spec.n_clusters
    figures = about["partitions"]
    return Case(
        dataset=Path(spec.dataset).stem,
        what=f"{spec.method}, seed {spec.seed}",
        measured=_measured(images, view, arrays[about["kept"]], simple, n_clusters, spec.seed),
        gain=figures[about["kept"]]["acc"] - figures[IMAGE_BASELINE]["acc"],
    )


def nothing() -> Iterator[Case]:
    """Starts of images that hold no classes."""
    for name, make in EMPTY.items():
        images = make(np.random.default_rng(0))
        view = ViewSpec(name="image", kind="image", shape=images.shape[1:])
        for n_clusters in EMPTY_CLUSTERS:
            codes = shallow.describe(images, view)
            simple = {IMAGE_BASELINE: k_means(codes.pixels, n_clusters, 0)}
            found = shallow.start(codes, n_clusters)
            yield Case(
                dataset=name,
                what=NOTHING,
                measured=_measured(images, view, found.clusters, simple, n_clusters, 0),
                gain=0.0,
            )


def _measured(
    images: np.ndarray,
    view: ViewSpec,
    clusters: np.ndarray,
    simple: Mapping[str, np.ndarray],
    n_clusters: int,
    seed: int,
) -> Measured:
    codes = shallow.describe(images, view, seed)
    views = {"pixels": codes.pixels, "edges": codes.hog}
    heard = tuple(views.values())
    return weigh(
        clusters,
        simple,
        measure=Evidence(heard, n_clusters, seed),
        views=views,
        related=(True, True),
        chance=starts.chance(heard, n_clusters, seed),
        n_clusters=n_clusters,
        seed=seed,
        of_images=True,
    )


def _noise(random: np.random.Generator) -> np.ndarray:
    return random.integers(0, 256, (N_EMPTY, 1, 24, 24)).astype(np.uint8)


def _clouds(random: np.random.Generator) -> np.ndarray:
    return _smooth(random, channels=1, width=3.0)


def _coloured_clouds(random: np.random.Generator) -> np.ndarray:
    return _smooth(random, channels=3, width=2.0)


def _smooth(random: np.random.Generator, *, channels: int, width: float) -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    soft = gaussian_filter(random.normal(size=(N_EMPTY, channels, 24, 24)), (0, 0, width, width))
    return (255 * (soft - soft.min()) / np.ptp(soft)).astype(np.uint8)


def _grass(random: np.random.Generator) -> np.ndarray:
    """Places in one photograph of a lawn."""
    from skimage import data

    lawn = data.grass()
    corners = random.integers(0, np.array(lawn.shape) - 32, (N_EMPTY, 2))
    return np.array([lawn[y : y + 32, x : x + 32] for y, x in corners])[:, None]


def _dots(random: np.random.Generator) -> np.ndarray:
    """A spot at any place."""
    rows, columns = np.mgrid[:20, :20]
    y, x = random.uniform(3, 17, (2, N_EMPTY, 1, 1))
    spots = 255 * np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / 8)
    return (spots + random.normal(0, 10, spots.shape)).clip(0, 255).astype(np.uint8)[:, None]


EMPTY: Mapping[str, Callable[[np.random.Generator], np.ndarray]] = {
    "noise": _noise,
    "clouds": _clouds,
    "coloured clouds": _coloured_clouds,
    "grass": _grass,
    "dots": _dots,
}
"""Images (N, C, H, W) without classes."""


def main() -> None:
    """`python -m benchmarks.image_verdicts FILE [--collect] [--nothing]`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.image_verdicts", description=__doc__)
    parser.add_argument("file", type=Path, help="JSON lines of cases")
    parser.add_argument("--collect", action="store_true", help="add cases of the runs in MMCLUST_HOME first")
    parser.add_argument("--nothing", action="store_true", help="add cases of images without classes first")
    args = parser.parse_args()
    with args.file.open("a") as file:
        for case in [*(nothing() if args.nothing else ()), *(collect(RunStore()) if args.collect else ())]:
            file.write(json.dumps(vars(case) | {"measured": vars(case.measured)}) + "\n")
    print("\n".join(table(calibrate(read(args.file)))))


if __name__ == "__main__":
    main()
