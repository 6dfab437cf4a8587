"""HTML of what pages show in many places, from templates that escape every text: tables, chips, tiles, shares, bars."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment
from markupsafe import Markup

from mmclust.escaping import templates


class Cell(NamedTuple):
    """A cell of a table with a style of its own."""

    text: str
    kind: str
    """Class of the cell in style.css."""


class Bar(NamedTuple):
    """A part of a whole, or a bar among others."""

    name: str
    size: float
    color: str
    told: str
    """The size in words."""


class Shade(NamedTuple):
    """A cell of a small matrix, the darker the larger its fraction."""

    fraction: float
    title: str
    text: str


class ShadedRow(NamedTuple):
    """A row of a small matrix."""

    name: str
    cells: Sequence[Shade]
    marked: bool = False


class Picture(NamedTuple):
    """An image on a page, with its alt text, which is its tooltip, too."""

    address: str
    label: str
    style: str
    kind: str = ""
    """Class of the image in style.css."""


class Sample(NamedTuple):
    """The pictures of a sample and what stands below them."""

    pictures: Sequence[Picture]
    text: Markup | str = ""
    style: str = ""
    framed: bool = False
    """Whether the pictures belong together, apart from the text."""
    edge: str = ""
    """Style of what holds them together."""


def render(template: str, **values: Any) -> Markup:
    """A template of this folder with values filled in; texts among them are escaped, `Markup` is taken as HTML.

    Args:
        template: its name, without the ending.
        values: by the names that the template uses; one that it misses is an error.
    """
    return Markup(_environment().get_template(f"{template}.html").render(values))


def table(
    heads: Sequence[str], rows: Sequence[tuple[str, Sequence[str | Cell]]], *, kind: str = "mm-figures"
) -> Markup:
    """A table whose rows have a name.

    Args:
        heads: of the columns, the first one above the names.
        rows: name and cells of each.
        kind: classes of the table in style.css.
    """
    cells = [(name, [cell if isinstance(cell, Cell) else Cell(cell, "") for cell in row]) for name, row in rows]
    return render("table", heads=heads, rows=cells, kind=kind)


def matrix(heads: Sequence[str], rows: Sequence[ShadedRow], *, corner: str = "", style: str = "") -> Markup:
    """A small matrix of shaded cells.

    Args:
        heads: of the columns.
        rows: from above.
        corner: what stands above the names of the rows.
        style: of the table.
    """
    return render("matrix", heads=heads, rows=rows, corner=corner, style=style)


def named(name: str, color: str) -> Markup:
    """The name of a cluster beside its colour, for a row of a table."""
    return Markup('<i style="background:{}"></i><b>{}</b>').format(color, name)


def grid(samples: Sequence[Sample], *, kind: str) -> Markup:
    """Samples side by side; `kind` names the classes of the list in style.css."""
    return render("grid", cells=samples, kind=kind)


def caption(text: str, *, width: int = 0) -> Markup:
    """What stands below a sample, in one line of at most so many pixels where a width is given."""
    if not width:
        return Markup('<span class="mm-cap">{}</span>').format(text)
    return Markup('<span class="mm-cap mm-short" style="max-width:{}px">{}</span>').format(width, text)


def chips(figures: Sequence[tuple[str, str]], *, last: str = "", role: str = "") -> Markup:
    """Figures in a line.

    Args:
        figures: value and name of each.
        last: HTML of a further one.
        role: of the line, for those who do not see it.
    """
    return render("chips", figures=figures, last=last, role=role)


def tiles(figures: Sequence[tuple[str, str, str]]) -> Markup:
    """Figures side by side.

    Args:
        figures: name, value and explanation of each.
    """
    return render("tiles", figures=figures)


def share(text: str, parts: Sequence[Bar]) -> Markup:
    """A bar whose parts have the sizes of what they stand for, below its text."""
    return render("share", text=text, parts=parts)


def bars(rows: Sequence[Bar], *, alt: str) -> Markup:
    """Bars below each other, the largest with a size of 60 % of the width at most."""
    return render("bars", rows=rows, alt=alt)


@cache
def _environment() -> Environment:
    return templates(Path(__file__).parent)
