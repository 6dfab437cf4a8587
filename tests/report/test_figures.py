import csv
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from mmclust.cli.main import main
from mmclust.clustering import Clustering, cluster_snapshot
from mmclust.data import catalogue
from mmclust.report import figures, film
from mmclust.report.figures import compared
from mmclust.report.figures.compared import Side
from mmclust.runs.store import RunStore

HERE = ("map", "maps", "curves", "clusters", "sizes", "matrix", "flows", "gradcam")
"""Figures that the bundled example has."""


@pytest.fixture
def example(home) -> Clustering:
    store = RunStore()
    record = next(record for record in store.list() if record.example)
    run = store.get(record.run_id)
    return cluster_snapshot(record, run, 0, run.snapshot(), catalogue.load("glyphs", limit=record.spec.limit))


@pytest.mark.parametrize("name", HERE)
def test_a_figure_names_run_and_epoch_and_says_how_it_was_made(example: Clustering, name: str):
    drawing = figures.draw(name, example)
    svg = figures.written(drawing, "svg").decode()
    for words in (example.record.run_id, f"epoch {example.epoch}", "DCCS on letters"):
        assert words in svg
    assert len(drawing.table) > 1
    assert figures.written(drawing, "csv").count(b"\n") == len(drawing.table) + 1


@pytest.mark.parametrize("name", ["sizes", "matrix", "clusters"])
def test_names_between_dollar_signs_are_no_formulas_of_figures_nor_of_spreadsheets(example: Clustering, name: str):
    names = {k: rf"=1+{k} $\nosuch{{$ $x^2$" for k in range(len(example.sizes))}
    record = replace(example.record, title=r"$\nosuch{$ <b>", cluster_names=names)
    drawing = figures.draw(name, replace(example, record=record))
    svg = figures.written(drawing, "svg").decode()
    assert r"$\nosuch{$ &lt;b&gt;" in svg and (name == "clusters" or r"=1+0 $\nosuch{$" in svg)
    rows = list(csv.reader(figures.written(drawing, "csv").decode().splitlines()))
    found = [value for row in rows for value in row if "=1+" in value]
    assert found and all(value.startswith("'=") for value in found)


def test_it_is_written_as_pdf_and_as_png_of_300_dpi_on_a_dark_ground(example: Clustering):
    drawing = figures.draw("sizes", example, dark=True)
    assert figures.written(drawing, "pdf").startswith(b"%PDF")
    picture = Image.open(BytesIO(figures.written(drawing, "png")))
    assert picture.info["dpi"][0] == pytest.approx(300, abs=1)
    assert max(picture.convert("RGB").getpixel((2, 2))) < 60  # type: ignore[arg-type,type-var]


def test_the_matrix_as_numbers_holds_every_sample_once(example: Clustering):
    table: Any = figures.draw("matrix", example).table
    assert table["samples"].sum() == len(example.ids)


def test_flows_lead_every_sample_from_epoch_to_epoch(example: Clustering):
    table: Any = figures.draw("flows", example).table
    assert set(table.groupby("from_epoch")["samples"].sum()) == {len(example.ids)}


@pytest.mark.parametrize(
    ("name", "words"),
    [("nonsense", "there is no figure 'nonsense'; choose map"), ("views", "choose a run of several views")],
)
def test_what_a_run_cannot_show_is_a_sentence(example: Clustering, name: str, words: str):
    with pytest.raises(ValueError, match=words):
        figures.draw(name, example)


def test_a_film_shows_the_epochs_and_needs_two(example: Clustering, monkeypatch: pytest.MonkeyPatch):
    saved = example.run.snapshots()
    monkeypatch.setattr(film, "PX", (320, 180))
    monkeypatch.setattr(film, "BETWEEN", 1)
    monkeypatch.setattr(example.run, "snapshots", lambda: [saved[0], saved[-1]])
    told: list[float] = []
    made = Image.open(BytesIO(film.film(example, "gif", progress=told.append)))
    assert getattr(made, "n_frames", 1) >= 2
    assert told[-1] == 1
    monkeypatch.setattr(example.run, "snapshots", lambda: saved[-1:])
    with pytest.raises(ValueError, match="needs two saved epochs"):
        film.film(example, "gif")


def test_mp4_without_ffmpeg_is_a_sentence(example: Clustering, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(film, "ffmpeg", lambda: None)
    assert film.kinds() == ("webp", "gif")
    with pytest.raises(ValueError, match="install ffmpeg, or choose webp"):
        film.film(example, "mp4")


def test_the_command_writes_the_file_and_refuses_in_sentences(home, example: Clustering, tmp_path, capsys):
    out = tmp_path / "new" / "m.csv"
    assert main(["figure", example.record.run_id, "matrix", "--out", str(out)]) == 0
    assert int(pd.read_csv(out).loc[:, "samples"].to_numpy().sum()) == len(example.ids)
    assert main(["figure", example.record.run_id, "portrait", "--out", str(out)]) == 2
    assert "there is no figure 'portrait'" in capsys.readouterr().err
    assert main(["figure", example.record.run_id, "matrix", "--out", str(tmp_path / "m.bmp")]) == 2
    assert "svg, pdf, png, csv" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("curves", {"run", "epoch", "eval/acc"}),
        ("maps", {"sample", "x_1", "cluster_2"}),
        ("flows", {"from_run", "to", "samples"}),
        ("agreement", {"first", "second", "run"}),
    ],
)
def test_runs_side_by_side_have_a_figure_of_every_view(example: Clustering, name: str, columns: set[str]):
    epochs = example.run.snapshots()
    before = cluster_snapshot(example.record, example.run, 0, example.snapshot_at(epochs[-2][0]), example.dataset)
    rows = np.arange(0, len(example.ids), 3)
    sides = [Side(name=name, clustering=shown, rows=rows) for name, shown in (("first", example), ("second", before))]
    drawing = compared.draw(name, sides)
    assert columns <= set(drawing.table)
    svg = figures.written(drawing, "svg").decode()
    assert f"epoch {before.epoch}" in svg
    if name == "flows":
        assert drawing.table["samples"].to_numpy().sum() == len(rows)
    with pytest.raises(ValueError, match="needs two runs"):
        compared.draw(name, sides[:1])
