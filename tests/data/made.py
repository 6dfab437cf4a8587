"""Inputs as people bring them, made on the spot: groups of numbers, drawn shapes, and what they are read as."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from mmclust.data import readers
from mmclust.data.dataset import MultiViewDataset
from mmclust.data.readers.reading import Reading

N = 60
LABELS = np.arange(N) % 3
WORDS = np.array(["disc", "bar", "line"])[LABELS]
PX = 28
TRAIN = 42
"""Samples of `put` to train on; the others are there to test."""
_RNG = np.random.default_rng(0)
A = np.round(_RNG.normal(size=(3, 6))[LABELS] * 4 + _RNG.normal(size=(N, 6)), 4)
B = np.round(_RNG.normal(size=(3, 4))[LABELS] * 4 + _RNG.normal(size=(N, 4)), 4)


def frame(values: np.ndarray = A, prefix: str = "f", **more: object) -> pd.DataFrame:
    """A table of numbers under names such as f0, f1 ..., and more columns behind them."""
    return pd.DataFrame({f"{prefix}{i}": column for i, column in enumerate(values.T)} | more)


def drawn(i: int, *, ink: int = 200, paper: int = 10, px: int = PX) -> Image.Image:
    """A disc, a bar or a line, by the class of sample i; no two are alike."""
    image = Image.new("L", (px, px), paper)
    pen, shift, tone = ImageDraw.Draw(image), i % 4, ink + i % 40
    if LABELS[i % N] == 0:
        pen.ellipse((6 + shift, 6, 20 + shift, 20), fill=tone)
    elif LABELS[i % N] == 1:
        pen.rectangle((3, 11 + shift, 25, 15 + shift), fill=tone)
    else:
        pen.line((4, 5 + shift, 23, 22), fill=tone, width=2)
    return image


IMAGES = np.stack([np.asarray(drawn(i)) for i in range(N)])
"""(N, H, W) bytes."""


def png(i: int) -> bytes:
    """The file of a drawn shape."""
    file = io.BytesIO()
    drawn(i).save(file, "PNG")
    return file.getvalue()


def opened(path: Path, **answers: str) -> tuple[MultiViewDataset, Reading]:
    """What a path is read as, with answers to its questions."""
    reading = Reading({name if " " in name else name.replace("_", " "): answer for name, answer in answers.items()})
    return readers.read(path, reading), reading


def shapes(dataset: MultiViewDataset) -> list[tuple[int, ...]]:
    """Shapes of the views."""
    return [view.shape for view in dataset.spec.views]


def parts(dataset: MultiViewDataset) -> tuple[int, int]:
    """How many samples are there to train on, and how many to test."""
    assert dataset.split is not None
    return int((dataset.split == 0).sum()), int(dataset.split.sum())


def left_out(reading: Reading) -> str:
    """Everything that was left out, as it is said."""
    return ", ".join(map(str, reading.left_out))


def asked(reading: Reading) -> dict[str, str]:
    """The open questions with their guesses."""
    return {question.name: question.answer for question in reading.open}


def groups_agree(dataset: MultiViewDataset, truth: np.ndarray) -> bool:
    """Whether samples of a class lie together in every view: nearest neighbours are of the same class."""
    for view in dataset.views:
        flat = view.reshape(len(view), -1).astype(np.float64)
        distance = ((flat[:, None] - flat[None]) ** 2).sum(axis=2)
        np.fill_diagonal(distance, np.inf)
        if (truth[distance.argmin(axis=1)] == truth).mean() < 0.9:
            return False
    return True


def put(path: Path, *names: str) -> None:
    """Each sample's picture under every name given, in which {i}, {word} and {part} stand for its own."""
    for i in range(N):
        for name in names:
            part = name.split("|")[int(i >= TRAIN)] if "|" in name else name
            file = path / part.format(i=i, word=WORDS[i])
            file.parent.mkdir(parents=True, exist_ok=True)
            drawn(i).save(file)
