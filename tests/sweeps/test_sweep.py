import json
from dataclasses import replace

import pytest

from mmclust.cli.example import EPOCHS, LIMIT
from mmclust.runs.example import FOLDER
from mmclust.runs.spec import RunSpec
from mmclust.specs import build_spec
from mmclust.sweeps.known import key
from mmclust.sweeps.sweep import Cell, Sweep, grid, points_of


def test_a_grid_has_a_cell_for_each_combination_and_knows_its_axes(base: Cell):
    sweep = grid(base, {"beta_mi": [0.0, 0.5], "epochs": [1, 2, 3]}, seeds=[0, 1])
    assert len(sweep.cells) == 6
    assert sweep.n_runs == 12
    assert sweep.axes() == {"beta_mi": (0.0, 0.5), "epochs": (1, 2, 3)}
    cell = sweep.cells[1]
    assert (cell.changes, cell.epochs) == ({"width": 0.125, "beta_mi": 0.0}, 2)
    assert cell.title == "beta_mi=0, epochs=2"


def test_data_sets_methods_and_settings_of_a_run_can_vary_too(base: Cell):
    sweep = grid(base, {"dataset": ["digits", "shapes"], "limit": [100], "clusters": [5], "preset": ["paper"]})
    found = {(c.dataset, c.limit, c.clusters, c.preset) for c in sweep.cells}
    assert found == {("digits", 100, 5, "paper"), ("shapes", 100, 5, "paper")}


def test_a_list_of_points_is_taken_as_it_is(base: Cell):
    sweep = points_of(base, [{"beta_mi": 0.1, "sigma": 0.2}, {"beta_mi": 0.3}])
    assert [cell.changes for cell in sweep.cells] == [
        {"width": 0.125, "beta_mi": 0.1, "sigma": 0.2},
        {"width": 0.125, "beta_mi": 0.3},
    ]


def test_a_sweep_survives_json(base: Cell):
    sweep = grid(base, {"beta_mi": [0.0, 0.5]}, seeds=[3], title="Mine")
    assert Sweep.from_json(sweep.to_json()) == sweep


def test_the_same_settings_are_the_same_sweep_and_others_are_not(base: Cell):
    one = grid(base, {"beta_mi": [0.0, 0.5]})
    assert one.id == grid(base, {"beta_mi": [0.0, 0.5]}).id
    assert one.id != grid(base, {"beta_mi": [0.0, 0.4]}).id
    assert one.id != grid(base, {"beta_mi": [0.0, 0.5]}, seeds=[1]).id


def test_a_sweep_of_version_0_1_0_keeps_its_id_and_one_with_another_execution_is_another():
    base = Cell(dataset="digits", method="dccs", preset="quick", epochs=3)
    asked = grid(base, {"beta_mi": [0.0, 0.5]}, seeds=(0, 1))
    assert asked.id == "dccs-digits-f9e230"
    assert grid(replace(base, execution="auto"), {"beta_mi": [0.0, 0.5]}, seeds=(0, 1)).id != asked.id


def test_a_run_from_before_a_setting_equals_one_with_it_off(base: Cell):
    spec = replace(base, preset="paper").build_spec(0)
    earlier = replace(spec, config={name: value for name, value in spec.config.items() if name != "rotation"})
    assert spec.config["rotation"] == 0
    assert key(earlier) == key(spec)
    assert key(earlier) != key(replace(spec, config=spec.config | {"rotation": 5.0}))


def test_the_bundled_example_is_what_its_command_trains_today():
    example = RunSpec.from_json((FOLDER / "spec.json").read_text())
    today = build_spec("glyphs", "dccs", preset="quick", limit=LIMIT, epochs=EPOCHS)
    assert key(example) == key(today)


def test_a_run_that_has_decided_equals_one_that_is_about_to(base: Cell):
    base = replace(base, preset="auto")
    spec = base.build_spec(0)
    strong = spec.auto["candidates"]["strong"]
    decided = replace(
        spec,
        config=spec.config | strong | {"flip": True},
        auto=spec.auto | {"candidates": {"strong": strong}, "layout": 1, "mixture": 2},
    )
    assert key(decided) == key(spec)
    assert key(decided) != key(replace(base, changes={**base.changes, "rotation": 20}).build_spec(0))
    assert key(decided) != key(replace(base, changes={**base.changes, "flip": False}).build_spec(0))


@pytest.mark.parametrize("text", ["", "[]", '{"cells": 3, "seeds": [0]}', '{"seeds": [0]}'])
def test_what_is_no_sweep_is_refused_in_a_sentence(text: str):
    with pytest.raises(ValueError, match="cannot be read") as caught:
        Sweep.from_json(text)
    assert "\n" not in str(caught.value)


def test_an_unknown_field_of_a_cell_is_named(base: Cell):
    text = json.dumps({"cells": [{"dataset": "digits", "method": "dccs", "colour": 1}], "seeds": [0]})
    with pytest.raises(ValueError, match="colour"):
        Sweep.from_json(text)


def test_values_and_seeds_that_come_twice_and_empty_axes_are_refused(base: Cell):
    with pytest.raises(ValueError, match="beta_mi=1,1 is no axis"):
        grid(base, {"beta_mi": [1, 1]})
    with pytest.raises(ValueError, match="beta_mi= is no axis"):
        grid(base, {"beta_mi": []})
    with pytest.raises(ValueError, match="hold one twice"):
        grid(base, {}, seeds=[0, 0])
    with pytest.raises(ValueError, match="asks for no run"):
        grid(base, {}, seeds=[])
    with pytest.raises(ValueError, match="10000 are allowed"):
        grid(base, {}, seeds=range(10_001))


def test_only_what_changes_numbers_is_in_the_key(base: Cell):
    spec = base.build_spec(0, tags=("a",))
    again = Cell(
        dataset="digits", method="dccs", preset="paper", changes={"width": "0.125"}, epochs=2, limit=192, label="other"
    )
    assert key(spec) == key(again.build_spec(0, tags=("b",)))
    assert key(spec) != key(base.build_spec(1))
    whole = Cell(dataset="digits", method="dccs", changes={"beta_aug": 2}).build_spec(0)
    assert key(whole) == key(Cell(dataset="digits", method="dccs").build_spec(0))


def test_a_list_of_settings_without_common_axes_is_looked_at_side_by_side(base: Cell):
    listed = points_of(base, [{"sigma": 0.1}, {"beta_aug": 0}], seeds=(0, 1))
    assert listed.aligned().axes() == {"setting": ("sigma=0.1", "beta_aug=0")}
    assert [cell.title for cell in listed.aligned().cells] == ["sigma=0.1", "beta_aug=0"]
    assert [cell.changes for cell in listed.aligned().cells] == [cell.changes for cell in listed.cells]
    whole = grid(base, {"sigma": (0.1, 0.2), "beta_aug": (0, 1)})
    assert whole.aligned() is whole
    assert Sweep(cells=(base,)).aligned().axes() == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("point", ["sigma"]),
        ("point", {"sigma": [0.5]}),
        ("point", {"sigma": 10**400}),
        ("changes", {"sigma": {}}),
        ("epochs", "many"),
        ("clusters", 2.5),
        ("limit", [1]),
        ("label", 5),
        ("dataset", None),
        ("device", "tpu"),
        ("preprocessing", [1]),
        ("n_snapshots", None),
    ],
)
def test_a_cell_that_no_sweep_can_have_is_refused(base: Cell, name: str, value: object):
    document = json.loads(grid(base, {"sigma": [0.5]}).to_json())
    document["cells"][0][name] = value
    with pytest.raises(ValueError, match=f"a cell of the sweep has {name}="):
        Sweep.from_json(json.dumps(document))
