"""What earned a result, as it is read from a run's folder by pages, reports and commands. Needs no torch.

A run under preset auto writes `auto.json` (`mmclust.auto.view_run`, `mmclust.auto.image_run`); simple methods that are
computed after a run, under any preset, stand in `beside.json` (`mmclust.auto.beside`), and samples that lack a view in
`partial.json` (`mmclust.engine.partial`).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mmclust.auto.verdict import Verdict

AUTO, BESIDE, PARTIAL = "auto.json", "beside.json", "partial.json"
TITLES: Mapping[str, str] = {
    "nothing found": "Nothing found",
    "worse than a simple method": "Worse than a simple method",
    "as good as a simple method": "As good as a simple method",
    "better than k-means": "Better than k-means",
    "better than simple methods": "Better than simple methods",
    "views disagree": "The views disagree",
    "too small": "Too small for the method",
    "collapsed": "Collapsed",
}
"""The words of a verdict as headlines."""
MEANINGS: Mapping[str, str] = {
    "nothing found": "Without labels, nothing tells these clusters from chance.",
    "worse than a simple method": "A simple method on the same data has more evidence; prefer its clusters.",
    "as good as a simple method": "The evidence is tied, so both results are shown and neither is praised.",
    "better than k-means": "Pixels and edges predict these clusters better than those of k-means.",
    "better than simple methods": "Each view alone predicts these clusters better than those of any simple method.",
    "views disagree": "One view predicts the clusters, another one does not.",
    "too small": "There are too few samples or training steps for the method; compare with the simple result.",
    "collapsed": "Most samples ended in few clusters.",
}
"""What each word says, in a sentence."""
IMAGES = {
    "better than simple methods": "Pixels and edges of the images predict these clusters better than those of any "
    "simple method.",
    "views disagree": "Of pixels and edges of the images, one predicts the clusters and the other does not.",
}
"""The same for images of one view, which are judged by their pixels and by their edges."""
IMAGE_TITLES = {"views disagree": "Pixels and edges disagree"}
EVIDENCE, END = "evidence", "end of training"
EVIDENCE_ABOUT = (
    "How well each view alone predicts the cluster of samples it was not fitted on: mutual information above chance, "
    "as a fraction of ln K. 0 is chance, 1 is perfect. It uses no labels."
)
PREDICTABILITY_ABOUT = "How often the five nearest images, by pixels and edges, tell an image's cluster. No labels."
SPACES = {"pixels": "pixels", "hog": "edges (HOG)", "joint": "pixels and edges (HOG)"}
SLOWEST = "UMAP"
"""How the titles of simple methods begin that take longest, and come last."""
OUTCOMES = ("start", "method")
"""Partitions of `auto.json` that are no simple methods."""


@dataclass(frozen=True, kw_only=True)
class ViewAccount:
    """How a view was prepared, and whether it belongs to the others."""

    name: str
    kind: str = ""
    scaling: str = ""
    overlaps: Mapping[str, float] | None = None
    """Candidate preparation -> overlap of its neighbours with the other views', above chance."""
    related: bool = True
    copy_of: str = ""


@dataclass(frozen=True, kw_only=True)
class Simple:
    """The result of a simple method on the same preparation."""

    name: str
    evidence: float | None = None
    metrics: Mapping[str, float] | None = None
    """Agreement with classes; None without labels."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """What earned a result."""

    kind: str
    """"views" or "images"."""
    verdict: Verdict | None = None
    kept: str = "method"
    """"method" or "start": which of the two is the result."""
    why: str = ""
    """Why the start was kept; empty where it was not."""
    start: str = ""
    """How the start was found; empty where the run had none."""
    start_metrics: Mapping[str, float] | None = None
    method_metrics: Mapping[str, float] | None = None
    """Of the method's own result, also where the start was kept."""
    measure: str = EVIDENCE
    """What `moments` measure."""
    moments: Sequence[tuple[str, float]] = ()
    """(when, value) from the start to the end."""
    chance: float | None = None
    views: Sequence[ViewAccount] = ()
    preprocessing: Sequence[str] = ()
    moved: int | None = None
    """Samples that training moved to another cluster than their start."""
    n_samples: int = 0
    simple: Sequence[Simple] = ()
    suggestion: str = ""
    """Where nobody knew the number of clusters, what was suggested; empty elsewhere."""
    notes: Sequence[str] = ()
    """More sentences on how the run was decided."""
    notes_of_labels: Sequence[str] = ()
    """Sentences that compare with classes, which a teacher may hide."""
    complete: bool = False
    """Whether the simple methods that take long are among `simple`."""

    @property
    def headline(self) -> str:
        """The verdict in a few words; empty without one."""
        if self.verdict is None:
            return ""
        titles = {**TITLES, **IMAGE_TITLES} if self.kind == "images" else TITLES
        return titles[self.verdict.word]

    @property
    def reasons(self) -> list[str]:
        """Sentences that speak for the verdict, the decisive one first."""
        known = [] if self.verdict is None else list(self.verdict.reasons)
        return [*known, *[self.why] * bool(self.why)]

    @property
    def clusterings(self) -> list[Simple]:
        """The method's result, its start and the simple methods, those of most evidence first."""
        moments = dict(self.moments) if self.measure == EVIDENCE else {}
        own = []
        if self.start:
            end, begun, result = moments.get(END), moments.get("start"), " (this result)"
            name = f"start: {self.start}" + result * (self.kept == "start")
            own = [
                Simple(name="the method" + result * (self.kept == "method"), evidence=end, metrics=self.method_metrics),
                Simple(name=name, evidence=begun, metrics=self.start_metrics),
            ]
        return sorted([*own, *self.simple], key=lambda one: -(one.evidence or 0.0))

    @property
    def sentence(self) -> str:
        """What the verdict says, with the start where that is the result; empty without a verdict."""
        meanings = {**MEANINGS, **IMAGES} if self.kind == "images" else MEANINGS
        words = [] if self.verdict is None else [meanings[self.verdict.word]]
        return " ".join([*words, *["The start was kept as the result."] * (self.kept == "start")])


def read(folder: Path) -> Account | None:
    """What earned the result of a run; None where nothing was written down yet, or cannot be read."""
    auto, beside, lacking = (_document(folder / name) for name in (AUTO, BESIDE, PARTIAL))
    try:
        found = _account(auto, beside)
        return found and replace(
            found, notes=[*found.notes, *_note_on_partial(lacking)], notes_of_labels=_acc_of_partial(lacking)
        )
    except (KeyError, TypeError, ValueError, AttributeError):  # of another version, or damaged
        return None


def _note_on_partial(lacking: Mapping[str, Any]) -> list[str]:
    """A sentence on samples that lack a view (`mmclust.engine.partial`); none where all are complete."""
    if not lacking:
        return []
    views = ", ".join(f"{n:,} lack {view}" for view, n in lacking["n_lacking"].items() if n)
    return [
        f"{lacking['n_samples']:,} more samples are not complete ({views}): they were not trained on and have the "
        "cluster that the views they have speak for."
    ]


def _acc_of_partial(lacking: Mapping[str, Any]) -> list[str]:
    """A sentence on their agreement with classes; none without."""
    metrics = lacking.get("metrics")
    return [f"ACC among the samples that are not complete: {metrics['acc']:.3f}."] if metrics else []


def _document(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _account(auto: Mapping[str, Any], beside: Mapping[str, Any]) -> Account | None:
    if not auto and not beside:
        return None
    simple = _simple(auto) | {row["name"]: _of_row(row) for row in beside.get("simple", ())}
    shared: dict[str, Any] = {
        "kind": auto.get("kind") or beside["kind"],
        "verdict": _verdict(beside.get("verdict") or auto.get("verdict")),
        "simple": list(simple.values()),
        "n_samples": auto.get("n_samples") or beside.get("n_samples", 0),
        "complete": any(name.startswith(SLOWEST) for name in simple),
    }
    if not auto:
        moments = [(END, beside["evidence"])] if beside.get("evidence") is not None else []
        return Account(**shared, moments=moments, chance=beside.get("chance"))
    partitions = auto.get("partitions", {})
    shared |= {"chance": auto.get("chance", auto.get("measured", {}).get("chance"))}
    shared |= {"kept": auto["kept"], "why": auto["why"], "start_metrics": partitions.get("start")}
    shared |= {"suggestion": _suggestion(auto.get("clusters"))}
    return Account(**shared, **(_of_views(auto) if auto["kind"] == "views" else _of_images(auto)))


def _suggestion(clusters: Mapping[str, Any] | None) -> str:
    """A sentence on the number of clusters that was suggested before the run."""
    if not clusters:
        return ""
    others = [str(k) for k in clusters["plausible"] if k != clusters["n_clusters"]]
    plausible = f"; as plausible: {', '.join(others)}" if others else ""
    return f"{clusters['n_clusters']} clusters were suggested by evidence and stability, without labels{plausible}."


def _of_views(auto: Mapping[str, Any]) -> dict[str, Any]:
    evidence = auto["evidence"]
    named = (("start", "start"), ("distilled", "after distillation"), ("end", END))
    return {
        "start": auto["start"]["name"],
        "method_metrics": auto["partitions"].get("method"),
        "moments": [(title, evidence[key]) for key, title in named if evidence.get(key) is not None],
        "views": [_view(view, auto["views"]) for view in auto["views"]],
        "preprocessing": auto["preprocessing"],
        "moved": auto["moved"],
    }


def _view(view: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> ViewAccount:
    copy = view.get("copy_of")
    return ViewAccount(
        name=view["name"],
        kind=view.get("kind", ""),
        scaling=view.get("scaling", ""),
        overlaps=view.get("candidates"),
        related=view["related"],
        copy_of="" if copy is None else str(others[copy]["name"]),
    )


def _of_images(auto: Mapping[str, Any]) -> dict[str, Any]:
    start, taken = auto["start"], next(one for one in auto["candidates"] if one["taken"])
    signals = taken["signals"]
    n_tried = len(auto["candidates"])
    tried = f"{n_tried} settings of augmentation were" if n_tried > 1 else "One setting of augmentation was"
    notes = [
        f"{tried} tried; “{taken['name']}” was taken, with these signals: cluster use {signals['use']:.0%}, "
        f"agreement of two augmentations {signals['agreement']:.0%}.",
        "Mirrored images are used in training."
        if auto["mirror"]["allowed"]
        else "Images are not mirrored: mirrored ones look unlike any other image.",
    ]
    if not start["clear"]:
        notes.append("By pixels and edges the images form no clear clusters.")
    return {
        "start": f"UMAP and Gaussian mixture on {SPACES.get(start['space'], start['space'])}",
        "method_metrics": taken["metrics"],
        "moved": taken["moved"],
        "notes": notes,
        **_moments_of_images(auto, start["predictability"], signals["predictability"]),
    }


def _moments_of_images(auto: Mapping[str, Any], before: float, after: float) -> dict[str, Any]:
    """Evidence by pixels and edges; runs of earlier versions have how well neighbours predict clusters."""
    if "evidence" not in auto:
        return {"measure": "predictability", "moments": [("start", before), (END, after)]}
    return {"moments": [("start", auto["evidence"]["start"]), (END, auto["evidence"]["end"])]}


def _simple(auto: Mapping[str, Any]) -> dict[str, Simple]:
    evidence = auto.get("partition_evidence", {})
    return {
        name: Simple(name=name, evidence=evidence.get(name), metrics=metrics)
        for name, metrics in auto.get("partitions", {}).items()
        if name not in OUTCOMES
    }


def _of_row(row: Mapping[str, Any]) -> Simple:
    return Simple(name=row["name"], evidence=row.get("evidence"), metrics=row.get("metrics"))


def _verdict(found: Mapping[str, Any] | None) -> Verdict | None:
    if not found or found["word"] not in TITLES:
        return None
    return Verdict(word=found["word"], reasons=tuple(map(str, found["reasons"])))
