"""`report.html` of a sweep: effect of its settings, model selection without labels beside the oracle, missing runs."""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from markupsafe import Markup

from mmclust.analysis.choosing import choices
from mmclust.evaluation.metric_names import LABELLED
from mmclust.plots import sensitivity
from mmclust.plots.sensitivity import shown
from mmclust.report import html
from mmclust.report.html import Section, duration, section
from mmclust.reproduction import choosing
from mmclust.runs.record import MEASURED, RunRecord
from mmclust.runs.spec import without_folders
from mmclust.runs.store import RunStore
from mmclust.sweeps import record as sweeps
from mmclust.sweeps import results
from mmclust.sweeps.record import SweepRecord
from mmclust.sweeps.sweep import Cell, Sweep

MOST_CHOSEN = 200
"""Runs whose codes are read for the choice without labels."""

NARROW = 6
"""Values along an axis up to which two heat maps stand side by side."""

Place = tuple[int, int]


@dataclass(frozen=True)
class _Found:
    store: RunStore
    record: SweepRecord
    runs: dict[str, RunRecord]
    """Everything that there is, by id."""
    finished: dict[Place, RunRecord]


def export(store: RunStore, sweep_id: str, out: Path) -> list[Path]:
    """Write sweep.json, runs.csv and report.html of a sweep.

    Args:
        store: it is in.
        sweep_id: of the sweep.
        out: folder to write to; made if need be, files of these names are replaced.

    Raises:
        ValueError: the sweep is not known, or has no finished run yet.
        OSError: the folder cannot be written.
    """
    record = sweeps.get(store, sweep_id)
    wanted = set(record.runs.values())
    runs = {run.run_id: run for run in store.list(examples=False) if run.run_id in wanted}
    finished = {p: runs[i] for p, i in record.runs.items() if i in runs and runs[i].status == "finished"}
    if not finished:
        raise ValueError(f"sweep {sweep_id} has no finished run yet; let it train first")
    found = _Found(store, record, runs, finished)
    out.mkdir(parents=True, exist_ok=True)
    asked, table, report = files = [out / name for name in ("sweep.json", "runs.csv", "report.html")]
    cells = tuple(replace(cell, dataset=without_folders(cell.dataset)) for cell in record.sweep.cells)
    asked.write_text(replace(record.sweep, cells=cells).to_json() + "\n", encoding="utf-8")
    table.write_text(results.as_csv(record, runs), encoding="utf-8", newline="")
    parts = [_results(found), _table(found), _choosing(found), _failures(found), _settings(found)]
    html.write(
        report,
        title=record.title or f"{record.sweep.cells[0].method} on {Path(record.sweep.cells[0].dataset).name}",
        summary=_summary(found),
        tiles=_tiles(found),
        sections=[part for part in parts if part is not None],
    )
    return files


def _summary(found: _Found) -> Markup:
    sweep = found.record.sweep
    axes = " x ".join(f"{len(values)} {name}" for name, values in sweep.axes().items()) or "one setting"
    return html.render(
        "sweep/summary.html",
        settings=axes,
        n_seeds=len(sweep.seeds),
        n_finished=len(found.finished),
        n_runs=sweep.n_runs,
        sweep_id=found.record.sweep_id,
    )


def _tiles(found: _Found) -> list[tuple[str, str]]:
    cells = [(f"{len(found.finished):,}", "finished runs"), (f"{len(found.record.sweep.seeds)}", "seeds of each")]
    for name in ("acc", "nmi"):
        values = list(results.values(found.store, found.finished, name).values())
        if values:
            cells.append((f"{min(values):.1%} to {max(values):.1%}", f"{LABELLED[name]} of single runs"))
    seconds = sum({run.run_id: run.seconds for run in found.finished.values()}.values())
    return [*cells, (duration(seconds), "of training")]


def _results(found: _Found) -> Section | None:
    """Curves along one axis, a heat map over two; of more axes the first two, the others at their first value."""
    sweep = found.record.sweep.aligned()
    axes = sweep.axes()
    varied = [name for name, values in axes.items() if len(values) > 1]
    if not varied:
        return None
    at = {name: axes[name][0] for name in varied[2:]}
    known = [name for name in LABELLED if results.values(found.store, found.finished, name)]
    known = known or [results.OBJECTIVE]
    one_axis = len(varied) == 1
    return section(
        "sweep",
        "results",
        "Effect of the settings",
        figures=[_bands(found, sweep, varied[0], known)] if one_axis else _heat_maps(found, sweep, varied, known, at),
        over_two=not one_axis,
        narrow=len(axes[varied[0]]) <= NARROW,
        held=[(name, shown(value)) for name, value in at.items()],
    )


def _bands(found: _Found, sweep: Sweep, axis: str, known: Sequence[str]) -> html.Plot:
    """Curves of all metrics that are known along the only axis."""
    of_each = {name: results.surface(sweep, _values(found, name), axis) for name in known}
    lines = {LABELLED.get(name, name): (one.mean[:, 0], one.deviation[:, 0]) for name, one in of_each.items()}
    percent = known[0] in LABELLED
    names = (axis, "agreement with classes" if percent else known[0])
    figure = sensitivity.bands(of_each[known[0]].x, lines, names=names, percent=percent)
    return html.plot(figure, f"Curves of {', '.join(lines)} against {axis}")


def _heat_maps(
    found: _Found, sweep: Sweep, varied: Sequence[str], known: Sequence[str], at: Mapping[str, Any]
) -> list[html.Plot]:
    """A heat map of each of two metrics over the first two axes."""
    x, y = varied[:2]
    plots = []
    for name in known[:2]:
        one, title = results.surface(sweep, _values(found, name), x, y, dict(at)), LABELLED.get(name, name)
        figure = sensitivity.heat_map(
            one.x, one.y, one.mean, one.deviation, names=(x, y, title), percent=known[0] in LABELLED
        )
        plots.append(html.plot(figure, f"Heat map of {title} over {x} and {y}"))
    return plots


def _values(found: _Found, name: str) -> Mapping[Place, float]:
    return results.values(found.store, found.finished, name)


def _table(found: _Found) -> Section:
    sweep = found.record.sweep.aligned()
    axes = list(sweep.axes())
    names = [name for name in LABELLED if _values(found, name)]
    rows = []
    for number, cell in enumerate(sweep.cells):
        runs = [run for seed in sweep.seeds if (run := found.finished.get((number, seed)))]
        metrics = results.summarise_metrics(runs)
        row = [shown(cell.point.get(name, "")) for name in axes] or [cell.title or cell.method]
        row += [_summary_text(metrics.get(name)) for name in names]
        time = duration(results.summarise([r.seconds for r in runs]).mean) if runs else "–"
        rows.append([*row, str(len(runs)), time])
    head = [*(axes or ["setting"]), *(LABELLED[name] for name in names), "seeds", "time of a run"]
    return section("sweep", "table", "All settings", head=head, rows=rows)


def _summary_text(found: results.SeedSummary | None) -> str:
    if found is None:
        return "–"
    return f"{found.mean:.1%}" + (f" ± {found.deviation:.1%}" if found.deviation is not None else "")


def _choosing(found: _Found) -> Section | None:
    """What each criterion that needs no labels would choose, beside the oracle; None where there is no choice."""
    runs = list({run.run_id: run for run in found.finished.values()}.values())[:MOST_CHOSEN]
    if len(runs) < 2 or len({(run.spec.method, run.spec.dataset) for run in runs}) > 1:
        return None
    within = len(found.record.sweep.seeds) > 1
    known = choosing.candidates(found.store, runs, within_settings=within)
    made = choices(known, choosing.criteria(runs[0].spec.method))
    average = next((choice.average for choice in made if choice.average is not None), None)
    return section("sweep", "choosing", "Model selection without labels", choices=made, average=average, within=within)


def _failures(found: _Found) -> Section | None:
    """Missing runs and their reasons; None without any."""
    cells = found.record.sweep.cells
    rows = [
        (cells[number].title or cells[number].method, str(seed), why)
        for (number, seed), why in found.record.failures.items()
    ]
    if not rows:
        return None
    return section("sweep", "failures", "Missing runs", rows=rows)


def _settings(found: _Found) -> Section:
    """What all cells share, and the versions."""
    first = next(iter(found.finished.values()))
    shared = _shared(found.record.sweep.cells)
    command = shlex.join(["python", "-m", "mmclust", "export", found.record.sweep_id, "--bundle", "sweep.mmclust"])
    return section(
        "sweep",
        "settings",
        "Settings",
        settings=[(name, shown(value)) for name, value in shared.items()],
        versions=[(name, told) for name, told in first.environment.items() if name not in MEASURED],
        command=command,
    )


def _shared(cells: tuple[Cell, ...]) -> dict[str, Any]:
    """Fields that are the same in all cells, without those that only name them."""
    documents = [asdict(cell) for cell in cells]
    fields = [name for name in documents[0] if name not in ("label", "point", "n_snapshots", "changes")]
    shared = {name: documents[0][name] for name in fields if len({json.dumps(d[name]) for d in documents}) == 1}
    changes = [document["changes"] for document in documents]
    same = {name: value for name, value in changes[0].items() if all(c.get(name) == value for c in changes)}
    return {name: value for name, value in (shared | same).items() if value is not None}
