import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from mmclust.cli.main import main
from mmclust.methods import card
from mmclust.plots import experiments as pictures
from mmclust.reproduction import maps, reproduce
from mmclust.reproduction.experiment import Experiment
from mmclust.reproduction.experiments import EXPERIMENTS
from mmclust.reproduction.image_experiments import DCCS, IMC
from mmclust.specs import validate


@pytest.fixture(autouse=True)
def short_quick_looks(monkeypatch: pytest.MonkeyPatch, runs_in_this_process: None) -> None:
    """Narrow networks, few samples and epochs, no data of the user, and no processes of workers."""
    monkeypatch.delenv("MMCLUST_DATA", raising=False)
    for experiment in (*DCCS, *IMC):
        rows = tuple(
            replace(row, changes={**row.changes, "width": 0.125}) if row.method and row.quick_changes is None else row
            for row in experiment.rows
        )
        small = replace(experiment, rows=rows, quick_limit=200, quick_epochs=min(experiment.quick_epochs or 2, 3))
        monkeypatch.setitem(EXPERIMENTS, experiment.name, small)


def reproduced(capsys: pytest.CaptureFixture[str], *words: str) -> dict:
    assert main(["reproduce", *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out.splitlines()[-1])


@pytest.mark.slow
def test_a_table_is_planned_made_and_gone_on_with(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    plan = reproduced(capsys, "dccs-table4", "--quick", "--show", "--out", str(tmp_path / "plan.md"))["plan"]
    assert (plan["n_runs"], plan["n_left"]) == (2, 2), "four ways to read out clusters share the runs"
    assert 0 < plan["shortest_s"] <= plan["seconds_left"]
    assert "Plan: 2 runs, 2 of them left" in (tmp_path / "plan.md").read_text()

    found = reproduced(capsys, "dccs-table4", "--quick")
    lines = {line["label"]: line for line in found["lines"]}
    assert {label: line["n_runs"] for label, line in lines.items()} == dict.fromkeys(lines, 2)
    assert lines["argmax z_c"]["run_ids"] == lines["k-means on z_s"]["run_ids"]
    assert lines["argmax z_c"]["ours"] != lines["k-means on z_s"]["ours"]
    assert {"acc", "nmi_geometric", "ari"} <= set(lines["k-means on z"]["ours"])
    assert found["reported"][0]["cells"]["mnist"]["acc"]["value"] == 0.9891

    again = reproduced(capsys, "dccs-table4", "--quick", "--show")
    assert again["plan"]["n_left"] == 0
    assert [line["ours"] for line in again["lines"]] == [line["ours"] for line in found["lines"]]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["dccs-fig3", "dccs-fig6"])
def test_a_figure_is_drawn_beside_its_page(name: str, capsys: pytest.CaptureFixture[str], tmp_path: Path):
    found = reproduced(capsys, name, "--quick", "--out", str(tmp_path / "results.md"))
    assert not [line["failures"] for line in found["lines"] if line["failures"]]
    picture = tmp_path / "pictures" / f"{name}.svg"
    assert picture.read_text().count("<text") > 5
    assert f"(pictures/{name}.svg)" in (tmp_path / "results.md").read_text()
    if name == "dccs-fig3":
        assert [drawn["title"] for drawn in found["maps"]][0] == "epoch 0"
        assert len(found["maps"]) == 3
        assert "wasserstein" in picture.read_text()
    before = picture.read_bytes()
    reproduced(capsys, name, "--quick", "--out", str(tmp_path / "results.md"))
    assert picture.read_bytes() == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "n_panels", "kind"),
    [("dccs-fig4", 1, "png"), ("imc-fig2", 1, "values"), ("imc-fig3a", 1, "values"), ("imc-fig3b", 2, "png")],
)
def test_what_a_figure_shows_of_one_run_is_drawn(
    name: str, n_panels: int, kind: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    found = reproduced(capsys, name, "--quick", "--picture", str(tmp_path / "panel.png"))
    assert len(found["panels"]) == n_panels and all(panel[kind] for panel in found["panels"])
    assert (tmp_path / "panel.png").stat().st_size > 1000
    if name == "imc-fig2":
        values = np.array(found["panels"][0]["values"])
        assert values.shape == (32, 32) and values.min() >= 0 and values.max() <= 0.694
        assert "on the diagonal" in found["panels"][0]["caption"]
    if name == "imc-fig3a":
        np.testing.assert_allclose(np.array(found["panels"][0]["values"]).sum(axis=1), 1, atol=0.01)


def test_pairs_of_crops_are_those_of_the_paper():
    (figure,) = (experiment for experiment in IMC if experiment.name == "imc-fig4c")
    cells = reproduce._cells(figure, figure.places[0], figure.rows[0], reproduce.Extent())
    gaps = [cell.point["high_size"] - cell.point["low_size"] for cell in cells]
    assert (min(gaps), max(gaps), len(cells)) == (4, 14, 30)


@pytest.mark.slow
def test_crops_are_swept_and_a_square_is_drawn(capsys: pytest.CaptureFixture[str], tmp_path: Path):
    found = reproduced(capsys, "imc-fig4c", "--quick", "--picture", str(tmp_path / "square.png"))
    assert [line["point"] for line in found["lines"]][0] == {"high_size": 8, "low_size": 6}
    assert not [line["failures"] for line in found["lines"] if line["failures"]]
    assert (tmp_path / "square.png").stat().st_size > 1000


def test_samples_of_the_prior_are_those_of_the_method():
    config = card("dccs").resolve("mnist", "paper", {})
    codes, categories = maps.prior_codes(config, 10)
    assert codes.shape == (maps.N_POINTS, config["style_dim"] + 10)
    assert codes[:, :-10].std() == pytest.approx(config["sigma"], rel=0.02)
    np.testing.assert_array_equal(codes[:, -10:].argmax(axis=1), categories)


def test_every_experiment_on_images_has_a_quick_look_on_bundled_data():
    for experiment in (*DCCS, *IMC):
        assert [place.dataset for place in experiment.quick_places] == ["digits"]
        assert experiment.quick_epochs
        assert bool(experiment.quick_axes) == bool(experiment.axes)


@pytest.mark.parametrize("experiment", [*DCCS, *IMC], ids=lambda experiment: experiment.name)
def test_every_run_of_a_quick_look_can_be_trained(experiment: Experiment):
    cells = [
        cell
        for row in experiment.rows
        for cell in reproduce._cells(experiment, experiment.quick_places[0], row, reproduce.Extent(quick=True))
    ]
    assert cells
    for cell in cells:
        assert validate(cell.build_spec(seed=0)) is None, cell


def test_a_sweep_is_drawn_with_its_axis_and_a_table_is_not():
    figures = {"acc": {"mean": 0.5, "deviation": None, "n": 1}}
    line = {"dataset": "digits", "label": "DCCS", "ours": figures, "curves": None}
    document = {
        "name": "sweep",
        "axes": {"beta_aug": [0.0, 2.0]},
        "metrics": ["acc"],
        "places": [{"dataset": "digits", "title": "Digits"}],
        "lines": [line | {"point": {"beta_aug": value}} for value in (0.0, 2.0)],
        "maps": [],
    }
    axis = pictures.draw(document).axes[0]
    assert (axis.get_xlabel(), axis.get_title()) == ("beta_aug", "Digits")
    assert axis.get_lines()[0].get_xdata().tolist() == [0.0, 2.0]  # pyright: ignore
    assert pictures.can_draw(document)
    assert not pictures.can_draw(document | {"axes": {}})


def test_a_picture_of_an_unknown_kind_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match=r"ending in .svg"):
        pictures.save(Figure(), tmp_path / "picture.xyz", "nothing")
