"""A model card in Markdown: what was trained on what, how, and what came of it. Every number is the run's own."""

import re
from pathlib import Path

import numpy as np

from mmclust.clustering import Clustering
from mmclust.data import catalogue
from mmclust.escaping import markdown
from mmclust.evaluation.metric_names import MAIN, TITLES
from mmclust.exchange import contents
from mmclust.methods import METHODS, card
from mmclust.runs.run import Run

NUMBER = re.compile(r"[0-9.,%]+")
"""What begins no list within a table."""


def write(run: Run, path: Path) -> None:
    """Write the file."""
    path.write_text(text(run), encoding="utf-8")


def text(run: Run) -> str:
    """The card."""
    shown = contents.clustering(run)
    parts = [
        f"# {markdown(shown.record.title or run.id)}",
        _method(run),
        "## Data\n\n" + _data(run, shown),
        "## Training\n\n" + _training(run),
        "## Result\n\n" + _result(shown),
        "## Limits\n\n" + _limits(shown),
        "## Use\n\n"
        f"    mmclust predict {run.id} NEW_SAMPLES --out table.csv\n\n"
        "New samples need the same views, sizes and value range as the data above.",
    ]
    return "\n\n".join(parts) + "\n"


def _method(run: Run) -> str:
    if run.spec.method not in METHODS:
        return f"A clustering by {run.spec.method}, without a network."
    about = card(run.spec.method)
    return f"A clustering network: {about.title} ([paper]({about.paper})), trained without labels."


def _data(run: Run, shown: Clustering) -> str:
    entry = catalogue.find(run.spec.dataset)
    rows = [("name", run.spec.shared().dataset), ("samples", f"{len(shown.ids):,}")]
    if shown.dataset is not None:
        views = (f"{view.name} ({' x '.join(map(str, view.shape))})" for view in shown.dataset.spec.views)
        rows.append(("views", ", ".join(views)))
    if entry is not None:
        told = ((name, str(getattr(entry, name))) for name in ("source", "licence", "citation"))
        rows += [(name, value) for name, value in told if value]
    return _table(("", ""), rows)


def _training(run: Run) -> str:
    spec, record = run.spec, run.record()
    rows = [
        ("run", run.id),
        ("status", record.status),
        ("preset", spec.preset),
        ("seed", str(spec.seed)),
        ("epochs", f"{record.epoch:g} of {spec.epochs}"),
        ("preprocessing", ", ".join(spec.preprocessing) or "none"),
        ("device", record.device),
        ("seconds", f"{record.seconds:.0f}"),
        *((name, value) for name, value in record.environment.items()),
        *((name, str(value)) for name, value in spec.config.items()),
    ]
    return _table(("what", "value"), rows)


def _result(shown: Clustering) -> str:
    sizes = (
        f"{len(shown.sizes)} clusters of {int(np.min(shown.sizes)):,} to {int(np.max(shown.sizes)):,} samples; mean "
    )
    sizes += f"confidence {float(np.mean(shown.confidence)):.1%}."
    if not shown.scores:
        return f"{sizes}\n\nThe data have no classes, so no agreement with classes was measured."
    rows = [(TITLES[name], f"{shown.scores[name]:.1%}") for name in MAIN]
    known = int(np.sum(shown.y_true >= 0)) if shown.y_true is not None else 0
    told = f"Agreement with the classes of {known:,} samples, at the last epoch of this "
    return f"{sizes}\n\n{told}one run:\n\n{_table(('metric', 'value'), rows)}"


def _limits(shown: Clustering) -> str:
    lines = [
        "Clusters are groups that the method found; they carry no meaning until somebody has looked at them.",
        "One run with one seed: other seeds give other clusterings, which this card does not measure.",
        "Confidence is the network's own and not calibrated; samples of another kind get some cluster, too.",
    ]
    if shown.scores:
        lines.append("Classes were used to measure, not to train.")
    return "\n".join(f"- {line}" for line in lines)


def _table(head: tuple[str, str], rows: list[tuple[str, str]]) -> str:
    lines = [f"| {head[0]} | {head[1]} |", "|---|---|", *(f"| {_cell(a)} | {_cell(b)} |" for a, b in rows)]
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text if NUMBER.fullmatch(text) else markdown(text)
