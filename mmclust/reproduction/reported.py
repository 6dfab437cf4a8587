"""What papers report for a data set: the rows of their comparison tables, always marked as reported."""

from collections.abc import Mapping
from dataclasses import dataclass

from mmclust.reproduction import dccs, dmid_uic, dmim, imc_swav, msdib
from mmclust.reproduction.table import PaperTable, Reported

COMPARISONS: tuple[PaperTable, ...] = (
    dccs.TABLE_2,
    dccs.TABLE_3,
    imc_swav.TABLE_2,
    msdib.TABLE_1,
    dmim.TABLE_2,
    dmid_uic.TABLE_1,
    dmid_uic.TABLE_2,
    dmid_uic.TABLE_3,
    dmid_uic.TABLE_4,
)
"""Tables that set methods side by side; ablations are left out."""


@dataclass(frozen=True, kw_only=True)
class ReportedRow:
    """What a table says of a method on a data set."""

    method: str
    metrics: Mapping[str, Reported]
    """By metric."""

    @property
    def source(self) -> str:
        """Paper, table and what was averaged."""
        return next(iter(self.metrics.values())).source


def rows(dataset: str) -> list[ReportedRow]:
    """Rows of all tables for a data set (its catalogue name), in the papers' order."""
    found = []
    for table in COMPARISONS:
        if dataset in table.datasets:
            cells = {name: table.cell(name, dataset) for name in table.rows}
            found += [ReportedRow(method=name, metrics=metrics) for name, metrics in cells.items() if metrics]
    return found
