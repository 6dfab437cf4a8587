"""What report pages are put together from: sections, tiles, tables, figures, and the page around them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from mmclust.report.style import SCRIPT, STYLE

if TYPE_CHECKING:
    import plotly.graph_objects as go


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the page."""

    key: str
    title: str
    about: str
    """One or two sentences of HTML on how to read it."""
    body: str


def write(path: Path, *, title: str, summary: str, tiles: str, parts: Sequence[Section]) -> None:
    """Write one self-contained page; it appears whole or not at all.

    Args:
        path: of the file.
        title: plain text.
        summary: HTML under the title.
        tiles: made by `tiles`.
        parts: of the page, in order.
    """
    from plotly.offline import get_plotlyjs

    body = "".join(
        f'<section id="{part.key}"><h2>{escape(part.title)}</h2><p class="soft">{part.about}</p>{part.body}</section>'
        for part in parts
    )
    links = "".join(f'<a href="#{part.key}">{escape(part.title)}</a>' for part in parts)
    page = (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style>"
        f"<script>{get_plotlyjs()}</script></head><body><main>"
        f"<header><h1>{escape(title)}</h1>{summary}<nav aria-label='Contents'>{links}</nav></header>"
        f"{tiles}{body}</main><script>{SCRIPT}</script></body></html>\n"
    )
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(page, encoding="utf-8")
    temporary.replace(path)


def tiles(shown: Sequence[tuple[str, str]]) -> str:
    """Figures at a glance: (value, what it is)."""
    cells = "".join(
        f'<div class="tile"><b>{escape(value)}</b><span>{escape(name)}</span></div>' for value, name in shown
    )
    return f'<div class="tiles">{cells}</div>'


def plot(figure: "go.Figure", alt: str) -> str:
    """A figure that can be hovered over, with words for those who do not see it."""
    import plotly.io as pio

    html = pio.to_html(
        figure, include_plotlyjs=False, full_html=False, config={"displaylogo": False, "responsive": True}
    )
    return f'<figure role="img" aria-label="{escape(alt)}">{html}</figure>'


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells of HTML; texts of users have to be escaped before."""
    top = "".join(f"<th>{name}</th>" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def duration(seconds: float) -> str:
    """Seconds, minutes or hours in words."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
