"""How commands print: tables for people, one JSON document for programs, the metrics of a run."""

import json
from collections.abc import Sequence
from typing import Any

from mmclust.escaping import terminal
from mmclust.evaluation.metric_names import METRICS


def print_json(document: dict[str, Any]) -> None:
    """One document on one line."""
    print(json.dumps(document), flush=True)


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as their widest cell; the last one is not padded."""
    rows = [[terminal(cell) for cell in row] for row in rows]
    widths = [max(len(line[i]) for line in (header, *rows)) for i in range(len(header) - 1)]
    for line in (header, *rows):
        print("  ".join([*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[-1]]).rstrip())


def reported_metrics(metrics: dict[str, float] | None) -> dict[str, float] | None:
    """The metrics every command reports, as fractions; None without labels."""
    return {name: metrics[name] for name in METRICS if name in metrics} if metrics else None


def fraction(metrics: dict[str, float] | None, name: str) -> str:
    """A metric with three digits, or a dash."""
    return f"{metrics[name]:.3f}" if metrics and name in metrics else "-"


def duration(seconds: float | None) -> str:
    """A time as 41 s, 3:20 or 1:05:09; a dash when it is not known."""
    if seconds is None:
        return "-"
    whole = round(seconds)
    if whole < 100:
        return f"{whole} s"
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"
