"""Pages of reports: their templates, which escape every text they are given, and the page around the sections."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment
from markupsafe import Markup

from mmclust.escaping import templates

if TYPE_CHECKING:
    import plotly.graph_objects as go


NONCE = secrets.token_urlsafe(16)
"""Marks the scripts of our own: a page's policy lets no other run, whatever texts are in it."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of a page."""

    key: str
    title: str
    html: Markup


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A figure that can be hovered over, with words for those who do not see it."""

    html: Markup
    alt: str


def render(template: str, **values: Any) -> Markup:
    """A template of this room with values filled in; texts among them are escaped, `Markup` is taken as HTML.

    Args:
        template: its file below `templates`.
        values: by the names that the template uses; one that it misses is an error.
    """
    return Markup(_environment().get_template(template).render(values))


def section(page: str, key: str, title: str, **values: Any) -> Section:
    """A section of a page, from the template `PAGE/KEY.html`.

    Args:
        page: kind of the page: run or sweep.
        key: of the section, also its address on the page.
        title: its heading.
        values: for the template, see `render`.
    """
    return Section(key=key, title=title, html=render(f"{page}/{key}.html", key=key, title=title, **values))


def plot(figure: "go.Figure", alt: str) -> Plot:
    """A figure for a template.

    Args:
        figure: to draw; the page around it holds the drawing library.
        alt: what the figure shows.
    """
    import plotly.io as pio

    options = {"displaylogo": False, "responsive": True}
    drawn = pio.to_html(figure, include_plotlyjs=False, full_html=False, config=options)
    return Plot(html=Markup(drawn.replace("<script", f'<script nonce="{NONCE}"')), alt=alt)


def write(
    path: Path, *, title: str, summary: Markup, tiles: Sequence[tuple[str, str]], sections: Sequence[Section]
) -> None:
    """Write one self-contained page; it appears whole or not at all.

    Args:
        path: of the file.
        title: of the page.
        summary: what stands under the title.
        tiles: values at a glance, each with what it is.
        sections: of the page, in order.
    """
    from plotly.offline import get_plotlyjs

    about = {"title": title, "summary": summary, "tiles": tiles, "sections": sections}
    page = render("page.html", plotly=Markup(get_plotlyjs()), nonce=NONCE, **about)
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(page + "\n", encoding="utf-8")
    temporary.replace(path)


def percent(value: float | None) -> str:
    """A fraction in percent; a dash where there is none."""
    return "–" if value is None else f"{value:.1%}"


def duration(seconds: float) -> str:
    """Seconds, minutes or hours in words."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


@cache
def _environment() -> Environment:
    environment = templates(Path(__file__).parent / "templates")
    environment.filters["percent"] = percent
    environment.filters["count"] = lambda number: f"{number:,}"
    return environment
