"""Captions in a file of their own beside arrays: a line, or a member of a JSON list, for each sample."""

from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from mmclust.data.readers import delimited, encodings, frames, words

MAX_BYTES = 2**30


def find(path: Path, names: Iterable[str]) -> tuple[str, np.ndarray] | None:
    """The file among some of a folder that is called like captions and holds some, and these (N,).

    Args:
        path: of the folder.
        names: of files in it that are no data.

    Raises:
        ValueError: it is no text.
    """
    for name in names:
        pure = PurePosixPath(name)
        is_called_so = words.plain(pure.stem) in (*words.TEXTS, *words.CAPTION_COLUMNS)
        if is_called_so and pure.suffix.lower() in (".txt", ".json") and (path / name).stat().st_size <= MAX_BYTES:
            found = _captions((path / name).read_bytes(), name)
            if len(found) > 1:
                return name, np.array(found, object)
    return None


def _captions(content: bytes, name: str) -> list[str]:
    if not name.lower().endswith(".json"):
        text, _ = encodings.decoded(content, name)
        return [line.strip() for line in text.splitlines() if line.strip()]
    found = frames.json_of(content)
    if isinstance(found, dict):
        found = next((value for value in found.values() if isinstance(value, list)), None)
    said = list(map(_said, found)) if isinstance(found, list) else []
    return [one for one in said if one is not None] if None not in said else []


def _said(value: Any) -> str | None:
    """A caption, or several as one; None for anything else."""
    every = value if isinstance(value, list) else [value]
    return delimited.in_one_line(" ".join(every)) if every and all(isinstance(one, str) for one in every) else None
