"""Every data set of a folder with every fitting method under preset auto, beside simple methods and the preset paper.

A run is a process of its own, started as a user would start it, so its processor seconds count everything from the
first import on. What was measured is appended to a file of JSON lines, and a later call goes on where it stopped.
Labels measure and choose nothing but the yardsticks, which are given the best of views and scalings that labels show.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import machine
from mmclust import settings
from mmclust.auto.preparation import prepared
from mmclust.auto.starts import k_means
from mmclust.data import catalogue, preprocessing
from mmclust.data.dataset import MultiViewDataset
from mmclust.evaluation.metrics import acc
from mmclust.methods import METHODS, card

TIE = 0.02
"""Difference of ACC within which two results are alike."""
SEEDS = (0, 1, 2)
SCALINGS = ("none", "minmax", "standard", "l2")
"""Scalings among which labels choose for the yardsticks."""
YARDSTICKS = ("best view", "all views")
SAMPLED = {"mnist": 1000, "fashion-mnist": 2000, "cifar10": 5000}
"""Samples of the catalogue's large image sets: few images are the harder case, and all of them take long."""
LONGEST_S = 3600
"""A run that takes longer counts as failed."""

Line = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One run to measure."""

    dataset: str
    """Name in the catalogue, or path."""
    method: str
    preset: str
    seed: int
    limit: int | None = None
    """Samples, drawn at random; None for all."""

    @property
    def about(self) -> Line:
        """What a line says of it: a path's last part stands for it, so that folders may move."""
        return vars(self) | {"dataset": titled(self.dataset, self.limit)}

    def matches(self, line: Mapping[str, Any]) -> bool:
        """Whether a line holds this run."""
        return all(line.get(name) == value for name, value in self.about.items())


def titled(dataset: str, limit: int | None) -> str:
    """What a data set is called in lines and tables."""
    return Path(dataset).name + (f" --limit {limit}" if limit else "")


def measure(
    sets: Sequence[tuple[str, int | None]],
    *,
    lines: Path,
    seeds: Sequence[int] = SEEDS,
    methods: Sequence[str] = (),
    presets: Sequence[str] = ("auto",),
    told: Callable[[str], None] = lambda text: None,
) -> dict[str, Any]:
    """Run what is not in the file yet, and sum up what is.

    Args:
        sets: names or paths of data sets, each with how many samples are drawn of it, None for all.
        lines: file of JSON lines, one for each run or yardstick.
        seeds: of every run.
        methods: keys in `METHODS`; all that fit where empty.
        presets: `auto`, and others to compare with, such as paper.
        told: called with a line of text after each run.

    Raises:
        ValueError: a method is not known, or a data set cannot be read.
    """
    if unknown := sorted(set(methods) - set(METHODS)):
        raise ValueError(f"method {unknown[0]!r} is not known; known are {', '.join(METHODS)}")
    known = list(read(lines))
    for name, limit in sets:
        dataset = catalogue.load(name, limit=limit)
        if dataset.labels is None:
            continue
        title = titled(name, limit)
        if not any(line["dataset"] == title and line["method"] in YARDSTICKS for line in known):
            for line in yardsticks(title, dataset):
                known.append(_append(lines, line))
        fitting = [key for key in METHODS if card(key).several_views == (len(dataset.views) > 1)]
        for method in [key for key in fitting if not methods or key in methods]:
            for preset in presets:
                for seed in seeds:
                    cell = Cell(dataset=name, method=method, preset=preset, seed=seed, limit=limit)
                    if not any(cell.matches(line) for line in known):
                        known.append(_append(lines, run(cell)))
                        told(_words(known[-1]))
    return {"machine": machine.describe(), **summary(known)}


def datasets(folder: Path | None) -> Iterator[tuple[str, int | None]]:
    """Names or paths of the data sets that can be read, in order, and how many of their samples are drawn.

    Args:
        folder: whose data sets are taken, all samples; None for those of the catalogue that are here.
    """
    if folder is None:
        yield from ((e.name, SAMPLED.get(e.name)) for e in catalogue.DATASETS.values() if e.available())
        return
    for path in sorted(folder.iterdir()):
        try:
            catalogue.sized(str(path))
        except ValueError:  # no data set: a text, an index, a folder of other things
            continue
        yield str(path), None


def named(text: str) -> tuple[tuple[str, int | None], ...]:
    """Data sets from a text such as `usps,mnist:1000`: names or paths, and how many samples are drawn of each.

    Raises:
        ValueError: what stands behind a colon is no number of samples.
    """
    found = []
    for one in filter(None, text.split(",")):
        name, colon, limit = one.rpartition(":")
        if colon and not limit.isdigit():
            raise ValueError(
                f"{one!r} is not understood; write NAME or NAME:N for N of its samples, such as mnist:1000"
            )
        found.append((name, int(limit)) if colon else (one, None))
    return tuple(found)


def yardsticks(name: str, dataset: MultiViewDataset) -> Iterator[Line]:
    """k-means of the best view and of all views, with the scaling that labels like best, mean of three seeds."""
    assert dataset.labels is not None
    flat = preprocessing.prepare(dataset, ("flatten",)).views
    began = time.process_time()
    with threadpool_limits(1):
        each = {scaling: [prepared(view, scaling) for view in flat] for scaling in SCALINGS}
        best = [max(_k_means_acc(view, dataset) for views in each.values() for view in views)]
        if len(flat) > 1:
            best.append(max(_k_means_acc(np.concatenate(views, axis=1), dataset) for views in each.values()))
    cpu_s = time.process_time() - began
    for method, figure in zip(YARDSTICKS, best, strict=False):
        yield {"dataset": name, "method": method, "preset": "", "seed": -1, "acc": figure, "cpu_s": cpu_s}


def _k_means_acc(points: np.ndarray, dataset: MultiViewDataset) -> float:
    assert dataset.labels is not None
    clusters = (k_means(points, dataset.spec.n_clusters, seed) for seed in SEEDS)
    return fmean(acc(dataset.labels, found) for found in clusters)


def run(cell: Cell) -> Line:
    """Train in a process of its own; figures, processor seconds and what auto tells of it."""
    words = ["train", "--dataset", cell.dataset, "--method", cell.method, "--preset", cell.preset]
    words += ["--limit", str(cell.limit)] if cell.limit else []
    command = [sys.executable, "-m", "mmclust", *words, "--seed", str(cell.seed), "--device", "cpu", "--json"]
    limits = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MMCLUST_THREADS"), "1")
    before, began = os.times(), time.monotonic()
    try:
        done = subprocess.run(
            command, env=os.environ | limits, capture_output=True, text=True, timeout=LONGEST_S, check=False
        )
        output, error = done.stdout.strip().splitlines(), done.stderr.strip()
    except subprocess.TimeoutExpired:
        output, error = [], f"longer than {LONGEST_S} s"
    after = os.times()
    cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
    line = cell.about | {"cpu_s": cpu_s, "wall_s": time.monotonic() - began}
    found = _document(output)
    if found.get("status") != "finished" or not found.get("metrics"):  # a paused run has figures too
        return line | {"acc": None, "error": error.splitlines()[-1] if error else "no result"}
    figures = {name: found["metrics"][name] for name in ("acc", "nmi", "ari")}
    return line | figures | {"epochs": found["epochs"]} | _told_by_auto(found["run_id"])


def _document(output: Sequence[str]) -> dict[str, Any]:
    """The JSON document on the last line; empty where there is none."""
    try:
        return json.loads(output[-1]) if output else {}
    except json.JSONDecodeError:
        return {}


def _told_by_auto(run_id: str) -> Line:
    """What the run's `auto.json` says of how the result was earned."""
    file = settings.home() / "runs" / run_id / "auto.json"
    if not file.is_file():
        return {}
    told = json.loads(file.read_text())
    partitions = {name: figures["acc"] for name, figures in told.get("partitions", {}).items() if figures}
    return {
        "kept": told["kept"],
        "verdict": told["verdict"]["word"],
        "measured": told["measured"],
        "partitions": partitions,
        "moved": told["moved"],
    }


def read(lines: Path) -> Iterator[Line]:
    """What was measured before; a line that was cut off is measured again."""
    if lines.is_file():
        for text in lines.read_text().splitlines():
            try:
                yield json.loads(text)
            except json.JSONDecodeError:
                continue


def _append(lines: Path, line: Line) -> Line:
    lines.parent.mkdir(parents=True, exist_ok=True)
    with lines.open("a") as file:
        file.write(json.dumps(line) + "\n")
    return line


def _words(line: Mapping[str, Any]) -> str:
    figure = "failed" if line["acc"] is None else f"ACC {line['acc']:.3f}"
    where = f"{line['dataset']} {line['method']} {line['preset']} seed {line['seed']}"
    return f"{where}: {figure}, {line['cpu_s']:.0f} s"


def summary(known: Sequence[Line]) -> dict[str, Any]:
    """Wins, ties and losses of auto, mean gain, processor seconds, and a row for each data set."""
    rows = [_row(name, known) for name in dict.fromkeys(line["dataset"] for line in known)]
    figures = [row["methods"][m]["acc"] for row in rows for m in row["methods"]]
    against = {
        name: _compared([(row["methods"][m]["acc"], row[name]) for row in rows for m in row["methods"] if row[name]])
        for name in ("yardstick", "start", "simple")
    }
    papers = [
        (cell["acc"], cell["paper"]) for row in rows for cell in row["methods"].values() if cell["paper"] is not None
    ]
    seconds = [line["cpu_s"] for line in known if line["preset"] == "auto"]
    return {
        "cells": len(figures),
        "mean_acc": fmean(figures) if figures else None,
        "against": {**against, "paper": _compared(papers)},
        "cpu_s": {"mean": fmean(seconds), "max": max(seconds)} if seconds else None,
        "rows": rows,
    }


def _row(name: str, known: Sequence[Line]) -> dict[str, Any]:
    """A data set: its yardsticks, start and methods, means over seeds."""
    lines = [line for line in known if line["dataset"] == name and line["acc"] is not None]
    simple = {line["method"]: line["acc"] for line in lines if line["method"] in YARDSTICKS}
    autos = [line for line in lines if line["preset"] == "auto"]
    methods = {}
    for method in dict.fromkeys(line["method"] for line in autos):
        own = [line for line in autos if line["method"] == method]
        paper = [line["acc"] for line in lines if line["method"] == method and line["preset"] == "paper"]
        methods[method] = {
            "acc": fmean(line["acc"] for line in own),
            "deviation": stdev(line["acc"] for line in own) if len(own) > 1 else None,
            "paper": fmean(paper) if paper else None,
            "cpu_s": fmean(line["cpu_s"] for line in own),
            "start_kept": sum(line.get("kept") == "start" for line in own),
            "n_seeds": len(own),
        }
    starts = [line["partitions"]["start"] for line in autos if "start" in line.get("partitions", {})]
    chosen = [line["partitions"][best] for line in autos if (best := _best_simple(line)) in line.get("partitions", {})]
    return {
        "dataset": name,
        **simple,
        "yardstick": max(simple.values(), default=None),
        "start": fmean(starts) if starts else None,
        "simple": fmean(chosen) if chosen else None,
        "methods": methods,
    }


def _best_simple(line: Line) -> str:
    """The simple method that was run beside a run and has most evidence, chosen without labels; empty without any."""
    evidence = line.get("measured", {}).get("simple", {})
    return max(evidence, key=evidence.__getitem__, default="")


def _compared(pairs: Sequence[tuple[float, float]]) -> dict[str, Any] | None:
    """How often the first of each pair wins, ties and loses, and its mean gain; None without pairs."""
    if not pairs:
        return None
    gains = [first - second for first, second in pairs]
    wins, losses = sum(gain > TIE for gain in gains), sum(gain < -TIE for gain in gains)
    return {
        "wins": wins,
        "ties": len(gains) - wins - losses,
        "losses": losses,
        "mean_gain": fmean(gains),
        "worst": min(gains),
    }


def table(found: Mapping[str, Any]) -> list[str]:
    """The rows in Markdown, and the sums below."""
    methods = list(dict.fromkeys(method for row in found["rows"] for method in row["methods"]))
    titles = [card(method).title for method in methods]
    head = ["data set", "best view*", "all views*", "simple**", "start", *titles]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for row in found["rows"]:
        cells = [row["dataset"], *(_cell(row.get(name)) for name in (*YARDSTICKS, "simple", "start"))]
        lines.append(f"| {' | '.join([*cells, *(_method_cell(row['methods'].get(m)) for m in methods)])} |")
    lines += [
        "",
        "* k-means with the view and the scaling that labels like best. ** Of the simple methods beside each run, the "
        "one of most evidence, chosen without labels. ±: deviation over seeds. (start): every seed kept it.",
    ]
    for name, one in found["against"].items():
        if one:
            sums = f"{one['wins']} wins, {one['ties']} ties, {one['losses']} losses, mean gain {one['mean_gain']:+.3f}"
            lines.append(f"Against {name}: {sums}, worst {one['worst']:+.3f}.")
    return lines


def _cell(figure: float | None) -> str:
    return "" if figure is None else f"{figure:.3f}"


def _method_cell(cell: Mapping[str, Any] | None) -> str:
    if cell is None:
        return ""
    deviation = "" if cell["deviation"] is None else f" ± {cell['deviation']:.3f}"
    return _cell(cell["acc"]) + deviation + (" (start)" if cell["start_kept"] == cell["n_seeds"] else "")
