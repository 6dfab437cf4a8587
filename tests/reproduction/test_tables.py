from types import ModuleType

import pytest

from mmclust.baselines.table import BASELINES, DEEP
from mmclust.data import catalogue
from mmclust.methods import METHODS, card
from mmclust.reproduction import dccs, dmid_uic, dmim, imc_swav, msdib
from mmclust.reproduction.experiments import EXPERIMENTS, find
from mmclust.reproduction.table import PaperTable
from mmclust.sweeps.sweep import AXES

PAPERS = (dccs, dmid_uic, dmim, imc_swav, msdib)
TABLES = [value for paper in PAPERS for value in vars(paper).values() if isinstance(value, PaperTable)]


@pytest.mark.parametrize("table", TABLES, ids=lambda t: f"{t.paper} {t.number}")
def test_every_cell_of_every_table_is_a_fraction_with_its_source(table: PaperTable):
    cells = list(table.cells())
    assert len({(c.row, c.dataset, c.metric) for c in cells}) == len(cells), "a row comes twice"
    assert len(cells) >= len(table.rows)
    for cell in cells:
        assert 0 < cell.value < 1
        assert table.paper in cell.source and table.number in cell.source and table.averaged in cell.source


@pytest.mark.parametrize(
    ("table", "row", "dataset", "values"),
    [
        (dmim.TABLE_2, "DMIM", "esp", {"acc": 0.561, "nmi": 0.371}),
        (dmim.TABLE_2, "DMIB", "nus-wide", {"acc": 0.449, "nmi": 0.198}),
        (dmim.TABLE_3, "no over-clustering", "mirflickr", {"acc": 0.5517}),
        (msdib.TABLE_1, "MSDIB", "caltech-2v", {"acc": 0.678, "nmi": 0.552}),
        (msdib.TABLE_1, "AmNcuts", "caltech-2v", {"acc": 0.428, "nmi": 0.052}),
        (msdib.TABLE_2, "DDC + IC", "iapr", {"acc": 0.477, "nmi": 0.249}),
        (dmid_uic.TABLE_1, "CoMVC", "multi-fashion", {"acc": 0.8358, "nmi": 0.8772, "purity": 0.8459}),
        (dmid_uic.TABLE_4, "DMID-UIC", "unige-maastricht", {"acc": 0.8922, "nmi": 0.8885, "purity": 0.9267}),
        (dccs.TABLE_2, "DCCS", "mnist", {"acc": 0.989, "nmi_geometric": 0.970, "ari": 0.976}),
        (dccs.TABLE_5, "Adv", "cifar10", {"acc": 0.213, "nmi_geometric": 0.076, "ari": 0.040}),
        (imc_swav.TABLE_3, "IMC-SwAV", "cifar100", {"acc": 0.451, "acc_top5": 0.675, "nmi": 0.608, "ari": 0.307}),
    ],
)
def test_numbers_are_those_in_print(table: PaperTable, row: str, dataset: str, values: dict[str, float]):
    assert {m: cell.value for m, cell in table.cell(row, dataset).items()} == pytest.approx(values)


@pytest.mark.parametrize(
    ("paper", "n_cells", "total"),
    [
        (dccs, 282, 140.3384),
        (imc_swav, 189, 83.4755),
        (dmim, 104, 40.2482),
        (msdib, 240, 84.061),
        (dmid_uic, 96, 67.557),
    ],
)
def test_all_numbers_are_those_that_were_compared_with_print(paper: ModuleType, n_cells: int, total: float):
    """Every cell was compared with the papers; a changed digit shows in the sum."""
    cells = [cell for table in TABLES if table.paper == paper.PAPER for cell in table.cells()]
    assert (len(cells), sum(cell.value for cell in cells)) == (n_cells, pytest.approx(total, abs=1e-6))


def test_the_supervised_column_is_that_of_the_crops():
    cells = [imc_swav.TABLE_4.cell(row, "cifar10")["linear_probe"].value for row in imc_swav.TABLE_4.rows]
    assert cells == pytest.approx([0.861, 0.921, 0.928, 0.932])


def test_deviations_marks_and_gaps_are_kept():
    ours = imc_swav.TABLE_2.cell("IMC-SwAV", "cifar10")
    assert (ours["acc"].value, ours["acc"].deviation) == pytest.approx((0.891, 0.005))
    iic = dccs.TABLE_3.cell("IIC", "stl10")
    assert iic["nmi_geometric"].mark == "run by the authors of DCCS; STL-10 without its unlabelled images"
    assert iic["acc"].mark == "STL-10 without its unlabelled images"
    assert dccs.TABLE_3.cell("IIC", "imagenet10") == {}
    assert set(dccs.TABLE_2.cell("SC", "fashion-mnist")) == {"acc", "nmi_geometric"}


def test_purity_below_accuracy_is_flagged_and_nothing_else():
    flagged = {(c.row, c.dataset, c.metric) for table in TABLES for c in table.cells() if c.impossible}
    for row, dataset in (("DMID-UIC", "caltech101-7"), ("DealMVC", "multi-fashion"), ("VCGA", "mnist-usps")):
        assert {(row, dataset, "acc"), (row, dataset, "purity")} <= flagged
    assert not any(metric == "nmi" for _, _, metric in flagged)
    assert ("DMID-UIC", "mnist-usps", "acc") not in flagged, "equal values are possible"


def test_a_cell_with_a_value_too_few_is_refused():
    table = PaperTable(
        paper="", url="", number="T", title="", averaged="", datasets=("a",), metrics=("acc", "nmi"), text="row | .5"
    )
    with pytest.raises(ValueError, match=r"T, row, a: '\.5' does not hold acc, nmi"):
        list(table.cells())


def test_the_promised_names_are_there_and_an_unknown_one_lists_them():
    promised = {"dmim-table2", "dmim-table3", "dmim-fig3", "dmim-fig4", "msdib-table1", "msdib-table2", "msdib-fig2"}
    promised |= {"dccs-table2", "dccs-table3", "dccs-table4", "dccs-table5", "dccs-fig2", "dccs-fig3", "dccs-fig5"}
    promised |= {
        "dccs-fig6",
        "imc-table2",
        "imc-table3",
        "imc-table4",
        "imc-fig3c",
        "imc-fig4a",
        "imc-fig4b",
        "imc-fig4c",
    }
    promised |= {"msdib-fig3", "dmid-table1", "dmid-table2", "dmid-table3", "dmid-table4", "dmid-fig2"}
    assert promised <= set(EXPERIMENTS)
    with pytest.raises(ValueError, match="known are dccs-table2"):
        find("dmim-table9")


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_experiments_name_rows_data_sets_and_ablations_that_exist(name: str):
    experiment = EXPERIMENTS[name]
    rows = {row for table in experiment.tables for row in table.rows}
    labels = [row.label for row in experiment.rows]
    assert len(set(labels)) == len(labels)
    for row in experiment.rows:
        assert not row.reported or row.reported in rows
        assert bool(row.method) != bool(row.baseline)
        assert not row.baseline or row.baseline in {**BASELINES, **DEEP}
        if row.method:
            assert row.method in METHODS
            about = card(row.method)
            assert row.preset in about.presets
            assert not row.ablation or row.ablation in about.ablations
            hyperparameters = {hyperparameter.name: hyperparameter for hyperparameter in about.hyperparameters}
            for axis, values in {**experiment.axes, **experiment.quick_axes}.items():
                assert axis in AXES or [hyperparameters[axis].check(value) for value in values] == list(values)
    for place in (*experiment.places, *experiment.quick_places):
        assert place.dataset in catalogue.DATASETS


@pytest.mark.parametrize("name", DEEP)
def test_deep_baselines_are_settings_of_our_methods(name: str):
    deep = DEEP[name]
    about = card(deep.method)
    assert deep.preset in about.presets
    assert about.resolve("digits-2view", deep.preset, deep.changes)
