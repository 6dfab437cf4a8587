import csv
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from markupsafe import escape

from mmclust.cli.main import main
from mmclust.report import sweep as report
from mmclust.runs.run import Run
from mmclust.runs.store import RunStore
from mmclust.sweeps import record as sweeps
from mmclust.sweeps.sweep import Cell, Sweep, grid
from tests.report.test_page import NASTY, Parts, assert_harmless

BASE = Cell(dataset="digits", method="dccs", epochs=3)


@pytest.fixture
def stored(finished: Callable[..., Run]) -> Callable[[Sweep], str]:
    """A sweep whose runs are written by hand, but for the last one, which has failed."""

    def make(sweep: Sweep) -> str:
        store = RunStore()
        sweeps.begin(store, sweep, n_runs=sweep.n_runs)
        places = [(cell, seed) for cell in range(len(sweep.cells)) for seed in sweep.seeds]
        for cell, seed in places[:-1]:
            run = finished(seed=seed, config={"beta_aug": float(cell)}, title=f"<b>{cell}</b>, seed {seed}")
            sweeps.attach(store, sweep.id, [(cell, seed)], run.id)
        sweeps.end(store, sweep.id, "finished", {places[-1]: "The loss <i>was not</i> finite."})
        return sweep.id

    return make


def test_the_report_of_a_sweep_needs_no_other_file_and_shows_every_part(stored, tmp_path: Path):
    sweep = grid(BASE, {"beta_aug": (0, 1, 4)}, seeds=(0, 1), title="Augmentation <script>")
    name = stored(sweep)
    files = report.export(RunStore(), name, tmp_path / "out")
    assert [file.name for file in files] == ["sweep.json", "runs.csv", "report.html"]
    text = files[2].read_text()
    parts = Parts(text)
    assert parts.sections == ["results", "table", "choosing", "failures", "settings"] and parts.mute == 0
    own = text[text.index("</script></head>") :]
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", own)
    assert "<script>alert" not in own and "Augmentation &lt;script&gt;" in own
    assert "&lt;i&gt;was not&lt;/i&gt;" in own and "5 of 6 runs finished" in own
    assert "Silhouette in the embedding" in own and "Critic loss" not in own, "no such curve was written"
    assert Sweep.from_json(files[0].read_text()) == sweep
    rows = list(csv.DictReader(files[1].read_text().splitlines()))
    assert [row["status"] for row in rows] == ["finished"] * 5 + ["missing"]
    assert rows[5]["reason"].startswith("The loss")


def test_text_of_users_in_a_sweep_is_shown_as_text(stored, tmp_path: Path):
    about = {"changes": {"beta_aug": 1, "note": NASTY}}
    cells = tuple(replace(BASE, label=f"{NASTY}{k}", point={"=1+1": k}, **about) for k in range(2))
    name = stored(Sweep(cells=cells, seeds=(0, 1), title=NASTY))
    _, table, page = report.export(RunStore(), name, tmp_path / "out")
    assert table.read_text().startswith("run_id,'=1+1,seed")
    text = page.read_text()
    assert_harmless(text)
    assert f"<h1>{escape(NASTY)}</h1>" in text and f"<td>{escape(NASTY)}1</td>" in text


def test_two_settings_are_heat_maps_and_seeds_alone_a_table(stored, tmp_path: Path):
    name = stored(grid(BASE, {"beta_aug": (0, 1), "style_dim": (0, 10)}))
    text = report.export(RunStore(), name, tmp_path / "a")[2].read_text()
    assert 'aria-label="Heat map of ACC over beta_aug and style_dim"' in text
    name = stored(Sweep(cells=(BASE,), seeds=(0, 1, 2)))
    assert Parts(report.export(RunStore(), name, tmp_path / "b")[2].read_text()).sections[0] == "table"


def test_the_command_exports_a_sweep_and_says_what_is_wrong(stored, tmp_path: Path, capsys):
    name = stored(grid(BASE, {"beta_aug": (0, 1)}))
    assert main(["export", name, "--out", str(tmp_path / "out"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["files"] == ["report.html", "runs.csv", "sweep.json"]
    empty = grid(BASE, {"sigma": (0.1, 0.2)})
    sweeps.begin(RunStore(), empty, n_runs=2)
    assert main(["export", empty.id, "--out", str(tmp_path / "none")]) == 2
    assert "no finished run yet" in capsys.readouterr().err and not (tmp_path / "none").exists()
