"""Numbers that papers report, as data: they are shown beside ours, always marked as reported.

A table is written as in the paper, one line a row: `name | cell | cell`; a cell holds one value per metric, separated
by `/` or spaces, `-` where the paper has none. `±` gives a deviation, and a sign after a value refers to a mark.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

VALUE = re.compile(r"(?P<value>\d*\.?\d+)(?:±(?P<deviation>\d*\.?\d+))?(?P<mark>[*†]*)")


@dataclass(frozen=True, kw_only=True)
class Reported:
    """One number of a paper, as a fraction."""

    table: "PaperTable"
    row: str
    dataset: str
    metric: str
    value: float
    digits: int
    """After the point, as printed."""
    deviation: float | None = None
    mark: str = ""
    """What the paper says of this number alone, e.g. that its authors ran the method themselves."""
    impossible: bool = False
    """Purity below ACC: one of the two must be wrong in print, so neither is a goal."""

    @property
    def source(self) -> str:
        """Paper, table and what was averaged, in a few words."""
        return f"{self.table.paper}, {self.table.number}, {self.table.averaged}"


@dataclass(frozen=True, kw_only=True)
class PaperTable:
    """A table of a paper."""

    paper: str
    """Name and venue."""
    url: str
    number: str
    title: str
    averaged: str
    """What the numbers are over, in the paper's words; "not said" where it is silent."""
    datasets: tuple[str, ...]
    """Catalogue names of the columns."""
    metrics: tuple[str, ...]
    """Our names of the values in a cell."""
    text: str
    scale: float = 1.0
    """100 where the paper writes percent."""
    marks: Mapping[str, str] = field(default_factory=dict)
    note: str = ""

    @property
    def rows(self) -> tuple[str, ...]:
        """Names of the rows, in the paper's order."""
        return tuple(name for name, _ in self._lines())

    def cells(self) -> Iterator[Reported]:
        """Every number, row by row."""
        for row, cells in self._lines():
            for dataset, cell in zip(self.datasets, cells, strict=True):
                yield from self._read(row, dataset, cell)

    def cell(self, row: str, dataset: str) -> dict[str, Reported]:
        """Numbers of a row for a data set, by metric; empty where the paper has none."""
        return {found.metric: found for found in self.cells() if (found.row, found.dataset) == (row, dataset)}

    def _lines(self) -> Iterator[tuple[str, list[str]]]:
        for line in self.text.strip().splitlines():
            name, *cells = (part.strip() for part in line.split("|"))
            yield name, cells

    def _read(self, row: str, dataset: str, cell: str) -> Iterator[Reported]:
        texts = cell.replace("/", " ").split()
        if texts == ["-"]:
            return
        if len(texts) != len(self.metrics):
            raise ValueError(f"{self.number}, {row}, {dataset}: {cell!r} does not hold {', '.join(self.metrics)}")
        found = {m: read for m, text in zip(self.metrics, texts, strict=True) if (read := VALUE.fullmatch(text))}
        values = {metric: float(read["value"]) / self.scale for metric, read in found.items()}
        impossible = values.get("purity", 1.0) < values.get("acc", 0.0)
        for metric, read in found.items():
            yield Reported(
                table=self,
                row=row,
                dataset=dataset,
                metric=metric,
                value=values[metric],
                digits=len(read["value"].partition(".")[2]) + round(math.log10(self.scale)),
                deviation=float(read["deviation"]) / self.scale if read["deviation"] else None,
                mark="; ".join(self.marks[sign] for sign in read["mark"]),
                impossible=impossible and metric in ("acc", "purity"),
            )
