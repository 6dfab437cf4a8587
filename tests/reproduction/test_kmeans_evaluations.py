import pytest

from mmclust.reproduction.kmeans_evaluations import READOUTS, reported


def test_the_paper_s_figures_come_for_its_own_method_and_data_alone():
    found = reported("dccs", "mnist")
    assert found["z_s"]["acc"].value == pytest.approx(0.5164)
    assert found["assignment"]["nmi_geometric"].value == pytest.approx(0.9696)
    assert "Table 4" in found["z"]["acc"].source
    assert reported("dccs", "digits") == {} == reported("imc-swav", "mnist")


def test_every_row_is_in_its_table_with_figures_for_each_of_its_data_sets():
    assert READOUTS
    for method, (table, rows) in READOUTS.items():
        assert rows and set(rows.values()) <= set(table.rows)
        assert "assignment" in rows, "pages show the figures of k-means beside those of the assignment"
        for dataset in table.datasets:
            found = reported(method, dataset)
            assert found.keys() == rows.keys() and all(cells and all(cells.values()) for cells in found.values())
