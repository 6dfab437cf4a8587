"""A figure over seeds as dots on a line, with mean and deviation: HTML without scripts, in the page's own colours."""

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from mmclust.plots.palette import cluster_color


def seed_dots(
    groups: Mapping[str, Sequence[float]],
    *,
    axis: str,
    alt: str,
    marks: Mapping[int, str] | None = None,
) -> str:
    """HTML of fractions of several settings: a row for each, a dot for each seed, diamond and bar for mean ± deviation.

    Args:
        groups: name of a setting -> fractions (n,) in [0, 1], of seeds 0, 1, 2 ...
        axis: name of the horizontal axis; it is drawn in percent.
        alt: what the picture shows, for those who do not see it.
        marks: number of a dot in the first row -> words below it, for dots that the text is about.
    """
    values = {name: 100 * np.asarray(fractions, float) for name, fractions in groups.items()}
    low, high, step = _scale(np.concatenate(list(values.values())))

    def x(value: float) -> str:
        return f"{100 * (value - low) / (high - low):.2f}%"

    ticks = np.arange(low, high + step / 2, step)
    grid = "".join(f'<i class="mm-dots-grid" style="left:{x(tick)}"></i>' for tick in ticks)
    rows = []
    for row, (name, fractions) in enumerate(values.items()):
        color, mean = cluster_color(row), float(fractions.mean())
        deviation = float(fractions.std(ddof=1)) if len(fractions) > 1 else 0.0
        words = f"{mean:.1f} ± {deviation:.1f}" if len(fractions) > 1 else f"{mean:.1f}"
        bar = f"left:{x(mean - deviation)};width:{100 * 2 * deviation / (high - low):.2f}%"
        told = marks if marks and row == 0 else {}
        dots = "".join(
            f'<i class="mm-dots-seed" style="left:{x(fraction)};background:{color}" '
            f'title="seed {seed}: {fraction:.1f} %"></i>'
            + (f'<small style="left:{x(fraction)}">{escape(told[seed])}</small>' if seed in told else "")
            for seed, fraction in enumerate(fractions)
        )
        rows.append(
            f'<div class="mm-dots-name">{escape(name)}: {words} %</div>'
            f'<div class="mm-dots-line{" mm-dots-told" if told else ""}">{grid}'
            f'<i class="mm-dots-bar" style="{bar};background:{color}"></i>'
            f'<i class="mm-dots-mean" style="left:{x(mean)};background:{color}"></i>{dots}</div>'
        )
    numbers = "".join(f'<span style="left:{x(tick)}">{tick:g}</span>' for tick in ticks)
    return (
        f'<div class="mm-dots" role="img" aria-label="{escape(alt)}">{"".join(rows)}'
        f'<div class="mm-dots-axis">{numbers}</div><div class="mm-dots-title">{escape(axis)} (%)</div></div>'
    )


def _scale(values: np.ndarray) -> tuple[float, float, float]:
    """Ends and step of an axis with a handful of round ticks, wide enough that equal values look equal."""
    room = max(2.0, float(np.ptp(values)) * 0.15)
    low, high = max(0.0, values.min() - room), min(100.0, values.max() + room)
    step = next(step for step in (1, 2, 5, 10, 20) if (high - low) / step <= 8)
    return float(np.floor(low / step) * step), float(np.ceil(high / step) * step), float(step)
