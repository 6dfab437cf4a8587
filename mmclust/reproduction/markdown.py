"""The document of an experiment as a page of Markdown: our figures beside the paper's, and what is missing."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mmclust.evaluation.metric_names import TITLES

NAMES = TITLES | {"acc_top5": "top-5 ACC", "nmi_geometric": "NMI", "purity": "PUR"}
"""As tables of papers are headed; a paper has one NMI."""
IMPOSSIBLE = "(!)"

_UNSCORED = {"ours": None, "gain": None, "probe": None, "lowest_loss": None, "curves": None}
"""What is left out of the lines of runs that were shortened."""

Document = dict[str, Any]


def written(document: Document, command: str) -> str:
    """The page of an experiment.

    Args:
        document: made by `reproduce`.
        command: what a reader types to make it again.
    """
    if not document["scored"]:
        document = document | {"lines": [line | _UNSCORED for line in document["lines"]]}
    parts = [f"## {document['title']}", f"`{command}`", *_check(document), *_introduction(document), *_plan(document)]
    if document.get("picture"):
        parts.append(f"![{document['title']}]({document['picture']})")
    for place in document["places"]:
        lines = [line for line in document["lines"] if line["dataset"] == place["dataset"]]
        if place["used"] and lines:
            parts += [f"### {_heading(place)}", *_body(document, lines)]
    parts += [f"{panel['title']}: {panel['caption']}" for panel in document["panels"] if panel["caption"]]
    parts += _absent(document)
    notes = list(document["notes"])
    if IMPOSSIBLE in "".join(parts):
        notes.append(f"{IMPOSSIBLE} Purity is never below ACC, so one of the two is misprinted; neither is a goal.")
    parts.append("\n".join(f"- {note}" for note in notes))
    return "\n\n".join(part for part in parts if part) + "\n"


def put_into(path: Path, name: str, page: str) -> None:
    """Write the page of an experiment into a file, in place of its earlier one; other pages there stay.

    Raises:
        ValueError: the file cannot be written.
    """
    begin, end = f"<!-- {name} begins -->", f"<!-- {name} ends -->"
    block = f"{begin}\n{page}{end}\n"
    try:
        before = path.read_text() if path.exists() else ""
        pattern = re.compile(f"{re.escape(begin)}\n.*?{re.escape(end)}\n", re.DOTALL)
        if pattern.search(before):
            after = pattern.sub(lambda _: block, before)
        else:
            after = f"{before.rstrip()}\n\n{block}" if before.strip() else block
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(after)
    except OSError as error:
        raise ValueError(f"{path} cannot be written: {error.strerror}; choose another file") from error


def _check(document: Document) -> list[str]:
    """What the quick look is, in its own numbers."""
    if not (quick := document["quick"]):
        return []
    settings = [f"{quick['limit']} samples for every row"] if quick["limit"] else ["all samples"]
    settings += [f"{quick['epochs']} epochs"] if quick["epochs"] else ["the epochs that preset quick chooses"]
    told = f"**A check that the command runs, not a result**: preset quick, {', '.join(settings)}."
    return [
        told if document["scored"] else f"{told} So short a training says nothing of a method, so no scores are shown."
    ]


def _introduction(document: Document) -> list[str]:
    averaged = "; ".join(document["averaged"])
    reported = f"Paper: {document['paper']}" + (f", {averaged}." if averaged else ".")
    n_seeds = document["n_seeds"]
    trained = [line["n_runs"] for line in document["lines"] if line.get("run_ids") is not None]
    seeds = "one seed" if n_seeds == 1 else f"{n_seeds} seeds"
    if any(n < n_seeds for n in trained):
        seeds = f"the seeds that are done (of {n_seeds}; column seeds)"
    ours = f"Ours: mean ± deviation over {seeds}, last epoch"
    ours += ", preset quick." if document["quick"] else "."
    if document["coarse"]:
        ours += " Fewer values on the axes than in the paper, each trained in full."
    if document["stopped"]:
        ours += " Stopped before its end: the same command goes on."
    versions = document["versions"]
    if document["n_runs"] and versions.get("torch"):
        threads = ", one thread a run" if versions["threads"] == ["1"] else ""
        ours += (
            f" {_runs(document)} on {', '.join(document['devices'])}{threads}, torch "
            f"{', '.join(versions['torch'])}, {_duration(document['training_seconds'])} of training in all."
        )
    return [f"{reported} {ours}"]


def _runs(document: Document) -> str:
    """How many runs there are, and of how many where some are still to come."""
    n_done, n_runs = document["n_done"], document["n_runs"]
    return f"{n_done} of {n_runs} runs" if n_done < n_runs else f"{n_runs} runs"


def _plan(document: Document) -> list[str]:
    """What is left to be done, and how long it takes."""
    if not (plan := document.get("plan")) or not plan["n_left"]:
        return []
    one = _duration(plan["shortest_s"])
    one += f" to {_duration(plan['longest_s'])}" if plan["longest_s"] > 1.05 * plan["shortest_s"] else ""
    return [
        f"Plan: {plan['n_runs']} runs, {plan['n_left']} of them left, {one} a run: about "
        f"{_duration(plan['seconds_left'])} here with {plan['n_workers']} at a time."
    ]


def _heading(place: dict[str, Any]) -> str:
    return f"{place['title']} (a substitute for {place['stands_for']})" if place["stands_for"] else place["title"]


def _body(document: Document, lines: Sequence[dict[str, Any]]) -> list[str]:
    if any(line.get("curves") for line in lines):
        parts = [part for line in lines for part in _curves(line)]
    elif document["axes"]:
        parts = [_grid(document, lines)]
    else:
        parts = [_comparison(document, lines)]
    failures = [f"- {line['label']}: {why}" for line in lines for why in line["failures"]]
    return [*parts, "\n".join(failures)]


def _comparison(document: Document, lines: Sequence[dict[str, Any]]) -> str:
    """Rows of ours beside the paper's, then the paper's other rows."""
    metrics, dataset = document["metrics"], lines[0]["dataset"]
    others = [row for row in document["reported"] if dataset in row["cells"]]
    printed = [m for m in metrics if any(m in (line["reported"] or {}) for line in lines) or others]
    more = _columns(document, lines)
    header = ["method", *(f"{NAMES[m]} paper" for m in printed), *(f"{NAMES[m]} ours" for m in metrics), *more]
    rows = []
    for line in lines:
        reported, ours = line["reported"] or {}, line["ours"] or {}
        row = [line["label"], *(_value(reported.get(m)) for m in printed), *(_mean(ours.get(m)) for m in metrics)]
        rows.append([*row, *(told(line) for told in more.values())])
    shown = {line["reported_row"] for line in lines}
    for row in others:
        if row["row"] not in shown:
            paper = [_value(row["cells"][dataset].get(m)) for m in printed]
            rows.append([f"{row['row']} (paper)", *paper, *[""] * (len(header) - 1 - len(paper))])
    return _table(header, rows)


def _columns(document: Document, lines: Sequence[dict[str, Any]]) -> dict[str, Callable[[dict[str, Any]], str]]:
    """Columns after the metrics, by their heading: what each tells of a line."""
    metrics, columns = document["metrics"], {}
    if any(line.get("gain") for line in lines):
        columns[f"gain in {NAMES[metrics[0]]} over its start"] = lambda line: _gain(line.get("gain"))
    if document["probe"]:
        columns["Sup. paper"] = lambda line: _value((line["reported"] or {}).get("linear_probe"))
        columns["Sup. ours"] = lambda line: _mean(line.get("probe"))
    if times := document["relative_times"]:
        first = next((line["seconds"] for line in lines if line["seconds"]), None)
        columns["train time paper"] = lambda line: times.get(line["label"], "-")
        columns["train time ours"] = lambda line: _multiple(line["seconds"], first)
    if document["by_loss"]:
        named = " / ".join(NAMES[m] for m in metrics)
        columns[f"lowest loss, {named}"] = lambda line: _chosen(line.get("lowest_loss"), metrics)
    return columns | {"seeds": lambda line: str(line["n_runs"]), "time a run": lambda line: _duration(line["seconds"])}


def _gain(found: dict[str, Any] | None) -> str:
    if found is None:
        return "-"
    deviation = f" ± {found['deviation']:.3f}" if found["deviation"] is not None else ""
    return f"{found['mean']:+.3f}{deviation}"


def _multiple(seconds: float | None, first: float | None) -> str:
    return f"{seconds / first:.1f}×" if seconds and first else "-"


def _grid(document: Document, lines: Sequence[dict[str, Any]]) -> str:
    """Points of one axis as rows, of two axes as a square of mean ACC."""
    metrics, axes = document["metrics"], document["axes"]
    if len(axes) != 2:
        rows = [
            [
                ", ".join(_number(v) for v in line["point"].values()),
                *(_mean((line["ours"] or {}).get(m)) for m in metrics),
                str(line["n_runs"]),
                _duration(line["seconds"]),
            ]
            for line in lines
        ]
        return _table([", ".join(axes), *(NAMES[m] for m in metrics), "seeds", "time a run"], rows)
    (down, downs), (across, acrosses) = axes.items()
    found = {(line["point"][down], line["point"][across]): line["ours"] for line in lines if line["point"]}
    rows = [[_number(d), *(_plain((found.get((d, a)) or {}).get(metrics[0])) for a in acrosses)] for d in downs]
    square = _table([f"{down} \\ {across}", *map(_number, acrosses)], rows)
    means = [ours[metrics[0]]["mean"] for ours in found.values() if ours]
    if not means:
        return square
    name = NAMES[metrics[0]]
    return f"{square}\n\nMean {name} over seeds: {min(means):.3f} to {max(means):.3f} over {len(means)} settings."


def _curves(line: dict[str, Any]) -> list[str]:
    if not (curves := line.get("curves")):
        return [f"{line['label']}: no finished run."]
    names = [name for name in curves if name != "epochs"]
    rows = [[str(epoch), *(_mean(curves[name][i]) for name in names)] for i, epoch in enumerate(curves["epochs"])]
    seeds = "one seed" if line["n_runs"] == 1 else f"{line['n_runs']} seeds"
    return [f"{line['label']}, {seeds}:", _table(["epoch", *(_curve(n) for n in names)], rows)]


def _curve(name: str) -> str:
    """What a table calls a curve of the run."""
    kind, _, own = name.partition("/")
    return "objective" if kind == "objective" else NAMES.get(own, own)


def _absent(document: Document) -> list[str]:
    """Data sets that are not here, how to get them, and what the paper reports on them."""
    absent = [place for place in document["places"] if not place["available"]]
    unused = [place for place in document["places"] if place["available"] and not place["used"]]
    parts = []
    if unused:
        parts.append(f"Not in this call: {', '.join(place['title'] for place in unused)}.")
    if not absent:
        return parts
    told = [f"- {place['title']}: no data, so no numbers of ours. {place['how_to_get']}" for place in absent]
    parts += ["### Not here", "\n".join(told)]
    columns = [p for p in absent if any(p["dataset"] in row["cells"] for row in document["reported"])]
    if columns:
        header = ["as the paper reports", *(place["title"] for place in columns)]
        rows = [
            [row["row"], *(_slashed(row["cells"].get(place["dataset"], {}), document["metrics"]) for place in columns)]
            for row in document["reported"]
        ]
        printed = [
            m for m in document["metrics"] if any(m in c for r in document["reported"] for c in r["cells"].values())
        ]
        names = " / ".join(NAMES[m] for m in printed)
        parts += [f"{names}:", _table(header, rows)]
    return parts


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _value(reported: dict[str, Any] | None) -> str:
    if reported is None:
        return "-"
    deviation = f" ± {reported['deviation']:.3f}" if reported["deviation"] is not None else ""
    return f"{reported['value']:.{reported['digits']}f}{deviation}" + (
        f" {IMPOSSIBLE}" if reported["impossible"] else ""
    )


def _slashed(cell: dict[str, Any], metrics: Sequence[str]) -> str:
    return " / ".join(_value(cell[m]) for m in metrics if m in cell) or "-"


def _mean(found: dict[str, Any] | None) -> str:
    if found is None:
        return "-"
    deviation = f" ± {found['deviation']:.3f}" if found["deviation"] is not None else ""
    return f"{found['mean']:.3f}{deviation}"


def _plain(found: dict[str, Any] | None) -> str:
    return "-" if found is None else f"{found['mean']:.3f}"


def _chosen(chosen: dict[str, Any] | None, metrics: Sequence[str]) -> str:
    if chosen is None:
        return "-"
    return " / ".join(f"{chosen['metrics'][m]:.3f}" for m in metrics) + f" (seed {chosen['seed']})"


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    if seconds < 100:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    if seconds < 100 * 3600:
        return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
    return f"{seconds / 86400:.0f} days"
