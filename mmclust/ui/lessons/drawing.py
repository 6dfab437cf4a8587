"""Pieces of HTML that the lessons show: rows of samples, joint matrices, bars."""

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np

from mmclust.data.dataset import MultiViewDataset
from mmclust.evaluation.metric_names import MAIN, TITLES
from mmclust.lessons.merged import Result
from mmclust.plots import images, palette
from mmclust.ui.components import markup, pictures


def figure(content: str, caption: str) -> str:
    """A picture with the words below it."""
    return f"<figure>{content}<figcaption>{caption}</figcaption></figure>"


def samples(data: MultiViewDataset, rows: Iterable[int], *, px: int, edges: Sequence[str | None] | None = None) -> str:
    """Samples in a row, each with a line in a colour below it if there is one."""
    ids = [int(row) for row in rows]
    names = [f"Class {data.spec.classes[data.labels[i]]}" if data.labels is not None else f"Sample {i}" for i in ids]
    view = pictures.image_view(data) or 0
    return pictures.grid(pictures.sources(data, view, ids), names, px=px, colors=edges, kind="row")


def copies(values: np.ndarray, *, px: int, edges: Sequence[str | None]) -> str:
    """Augmented copies (m, H, W) uint8 of one image in a row."""
    shown = pictures.encoded(images.to_rgb(values[:, None]))
    return pictures.grid(shown, ["Augmented copy"] * len(shown), px=px, colors=edges, kind="row")


def named_row(name: str, content: str) -> str:
    """A row of samples with a name before it."""
    return f'<div class="mm-row"><span>{name}</span>{content}</div>'


def bars(fractions: dict[str, float]) -> str:
    """Shares as bars with their numbers."""
    return "".join(
        f'<div class="mm-said"><span>{escape(name)}</span>'
        f'<i style="width:{60 * fraction:.1f}%;background:{palette.cluster_color(row)}"></i><b>{fraction:.0%}</b></div>'
        for row, (name, fraction) in enumerate(fractions.items())
    )


def matrix(result: Result, names: Sequence[str], caption: str, *, cell: int, marked: Sequence[int] = ()) -> str:
    """A joint matrix, the classes named in `marked` set off, with the figures below it."""
    fraction = result.counts / np.maximum(result.counts.sum(axis=1, keepdims=True), 1)
    heads = [f"{k + 1}" for k in range(result.counts.shape[1])]
    rows = [
        markup.ShadedRow(
            names[label],
            [
                markup.Shade(
                    part, f"{count} of class {names[label]} in cluster {k + 1}", f"{count}" if part >= 0.02 else ""
                )
                for k, (count, part) in enumerate(zip(result.counts[label], fraction[label], strict=True))
            ],
            marked=label in marked,
        )
        for label in range(min(len(result.counts), len(names)))
    ]
    scores = markup.chips([(f"{result.scores[n]:.1%}", TITLES[n]) for n in MAIN])
    size = f"--mm-cell:min({cell}px,{cell / 16:.2f}vw)"  # as large on a narrow page as it can be
    return figure(f"{markup.matrix(heads, rows, corner='class', style=size)}{scores}", caption)
