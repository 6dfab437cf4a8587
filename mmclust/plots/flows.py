"""Flows of samples between groupings, as an SVG that takes the page's own colour of text.

Shapes: stages 0..S, K_s groups in stage s.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

WIDTH, HEIGHT = 1100, 520
"""Units of the drawing; the browser scales them to the room there is."""
TOP, SIDE, BAR = 34, 120, 12
MOST = 900
"""Flows that are drawn; the smallest are left out."""
LEAST = 200
"""Flows that are drawn however thin they are."""
THINNEST = 0.35
"""Units below which other flows are left out."""
LABELLED = 9.0
"""Units that a group must have to carry its name."""
LETTER = 10.0
"""Units that a letter of a title takes at most, on average."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One grouping, drawn as a column of bars."""

    title: str
    names: Sequence[str]
    colors: Sequence[str]
    sizes: np.ndarray
    """(K,) samples in each group."""
    order: np.ndarray
    """(K,) groups from top to bottom."""


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """An SVG and what it leaves out."""

    svg: str
    left_out: int
    """Samples, counted once for each pair of stages, in flows too thin to be drawn."""


def flows(stages: Sequence[Stage], tables: Sequence[np.ndarray], *, alt: str, word: str = "samples") -> Drawing:
    """Draw the flows between each two neighbouring stages.

    Every flow carries `data-click="flow:STAGE:FROM:TO"`, every bar `data-click="group:STAGE:GROUP"`.

    Args:
        stages: the groupings, from left to right.
        tables: (K_s, K_s+1) samples by the groups of neighbouring stages.
        alt: what the drawing shows.
        word: what the samples are called.
    """
    bars = [_bars(stage) for stage in stages]
    step = (WIDTH - 2 * SIDE - BAR) / max(1, len(stages) - 1)
    scale = [(HEIGHT - TOP - _gap(stage) * (len(stage.sizes) - 1)) / max(1, stage.sizes.sum()) for stage in stages]
    drawn, left_out = [], 0
    for number, table in enumerate(tables):
        left, right = stages[number], stages[number + 1]
        thick = np.stack([table * scale[number], table * scale[number + 1]])
        leave, arrive = _tops(bars[number], thick[0], right.order), _tops(bars[number + 1], thick[1].T, left.order).T
        largest = np.argsort(-table, axis=None, kind="stable")[:MOST]
        cells = [divmod(int(cell), table.shape[1]) for cell in largest]
        cells = [cell for cell in cells if table[cell]]
        shown = [(a, b) for i, (a, b) in enumerate(cells) if i < LEAST or thick[:, a, b].max() >= THINNEST]
        left_out += int(table.sum()) - sum(int(table[cell]) for cell in shown)
        x = (SIDE + number * step + BAR, SIDE + (number + 1) * step)
        for a, b in shown:
            text = (
                f"{table[a, b]:,} {word} from {left.names[a]} ({left.title}) to {right.names[b]} ({right.title}), "
                f"{table[a, b] / max(1, table[a].sum()):.0%} of them"
            )
            y = (leave[a, b], arrive[a, b], thick[0, a, b], thick[1, a, b])
            drawn.append(_ribbon(f"flow:{number}:{a}:{b}", x, y, left.colors[a], text))
    columns = [
        _column(stage, bars[number], SIDE + number * step, number, len(stages), word)
        for number, stage in enumerate(stages)
    ]
    svg = (
        f'<svg class="mm-flows" viewBox="0 0 {WIDTH} {HEIGHT + 6}" role="group" aria-label="{escape(alt)}">'
        f'<g data-walk="flows">{"".join(drawn)}</g>{"".join(columns)}</svg>'
    )
    return Drawing(svg=svg, left_out=left_out)


def _gap(stage: Stage) -> float:
    """Room between two bars: less where there are many."""
    return min(8.0, 0.25 * (HEIGHT - TOP) / max(1, len(stage.sizes)))


def _bars(stage: Stage) -> np.ndarray:
    """(K, 2) top and bottom of each group's bar."""
    gap = _gap(stage)
    scale = (HEIGHT - TOP - gap * (len(stage.sizes) - 1)) / max(1, stage.sizes.sum())
    found, y = np.zeros((len(stage.sizes), 2)), float(TOP)
    for group in stage.order:
        found[group] = y, y + stage.sizes[group] * scale
        y = found[group, 1] + gap
    return found


def _tops(bars: np.ndarray, thick: np.ndarray, order: np.ndarray) -> np.ndarray:
    """(K, L) where each ribbon begins at its bar: below each other, in the order of the bars at their other ends."""
    below = np.cumsum(thick[:, order], axis=1) - thick[:, order]
    tops = np.empty_like(thick)
    tops[:, order] = bars[:, :1] + below
    return tops


def _ribbon(name: str, x: tuple[float, float], y: tuple[float, float, float, float], color: str, text: str) -> str:
    (x0, x1), (top0, top1, thick0, thick1) = x, y
    middle = (x0 + x1) / 2
    path = (
        f"M{x0:.1f} {top0:.1f}C{middle:.1f} {top0:.1f} {middle:.1f} {top1:.1f} {x1:.1f} {top1:.1f}"
        f"v{thick1:.2f}C{middle:.1f} {top1 + thick1:.1f} {middle:.1f} {top0 + thick0:.1f} {x0:.1f} {top0 + thick0:.1f}z"
    )
    return (
        f'<path data-click="{name}" d="{path}" fill="{color}" role="button" tabindex="-1" '
        f'aria-label="{escape(text)}"><title>{escape(text)}</title></path>'
    )


def _column(stage: Stage, bars: np.ndarray, x: float, number: int, n_stages: int, word: str) -> str:
    """The bars of a stage, their names and the title above them."""
    last, first = number == n_stages - 1, number == 0
    parts = []
    for group, (top, bottom) in enumerate(bars):
        if not stage.sizes[group]:
            continue
        text = escape(f"{stage.names[group]} ({stage.title}): {stage.sizes[group]:,} {word}")
        name = f"group:{number}:{group}"
        parts.append(
            f'<rect data-click="{name}" x="{x:.1f}" y="{top:.1f}" width="{BAR}" '
            f'height="{max(1, bottom - top):.1f}" fill="{stage.colors[group]}" role="button" tabindex="-1" '
            f'aria-label="{text}"><title>{text}</title></rect>'
        )
        if bottom - top >= LABELLED:
            place, anchor = (x - 6, "end") if first else (x + BAR + 6, "start")
            parts.append(
                f'<text x="{place:.1f}" y="{(top + bottom) / 2:.1f}" text-anchor="{anchor}" dy="0.35em">'
                f"{escape(_short(stage.names[group]))}</text>"
            )
    # The outer titles begin and end with the drawing, so that long ones stay in it.
    anchor = "start" if first and n_stages > 1 else "end" if last and n_stages > 1 else "middle"
    place = {"start": 0, "end": WIDTH, "middle": x + BAR / 2}[anchor]
    title = escape(_short(stage.title, int(WIDTH / n_stages / LETTER)))
    return (
        f'<text class="mm-stage" x="{place:.1f}" y="14" text-anchor="{anchor}">{title}'
        f"<title>{escape(stage.title)}</title></text>"
        f'<g data-walk="stage {number}">{"".join(parts)}</g>'
    )


def _short(text: str, most: int = 18) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
