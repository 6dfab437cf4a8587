"""Which row of a paper's table speaks of clusters that are read out of one of our spaces."""

from mmclust.reproduction import dccs
from mmclust.reproduction.table import PaperTable, Reported

READOUTS: dict[str, tuple[PaperTable, dict[str, str]]] = {
    "dccs": (
        dccs.TABLE_4,
        {"assignment": "argmax z_c", "z": "K-means on z", "z_c": "K-means on z_c", "z_s": "K-means on z_s"},
    )
}
"""Method -> its table, and the row for the assignment and for k-means on each space."""


def reported(method: str, dataset: str) -> dict[str, dict[str, Reported]]:
    """Reported numbers by space and metric; empty where the paper has none for such a run."""
    if method not in READOUTS or dataset not in READOUTS[method][0].datasets:
        return {}
    table, rows = READOUTS[method]
    return {space: table.cell(row, dataset) for space, row in rows.items()}
