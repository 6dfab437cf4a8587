"""The codes of one epoch as plain arrays: all that pages need to show a clustering without its model.

Shapes: n samples in the snapshot, K clusters, D dimensions of a space.
"""

import os
import struct
import tokenize
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mmclust import disk

_ROWS = 65_536
RESUME = "free some space and resume the run, its last checkpoint is kept"
DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, KeyError, ValueError, TypeError)
"""What reading a damaged `.npz` may raise."""
DAMAGE += (OverflowError, NotImplementedError, RuntimeError, SyntaxError, UnicodeError, tokenize.TokenError)


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A method's named spaces and assignments at one epoch."""

    epoch: int
    step: int
    index: np.ndarray
    """(n,) ids of the samples in the data set; early snapshots of a large set hold a fixed random sample."""
    spaces: dict[str, np.ndarray]
    """Named arrays, each (n, D) float32, e.g. z, z_c, z_s."""
    logits: np.ndarray
    """(n, K) float32, softmax of which is the assignment; ranks samples where probabilities saturate at 1."""
    view_logits: tuple[np.ndarray, ...] = field(default=())
    """Per-view (n, K) scores; empty for methods with one assignment."""
    landmarks: dict[str, np.ndarray] = field(default_factory=dict)
    """Points (M, D) that belong into a space beside the samples, by its name, e.g. prototypes."""

    @property
    def probs(self) -> np.ndarray:
        """(n, K) assignment probabilities; rows sum to 1."""
        return np.exp(self.log_probs)

    @property
    def log_probs(self) -> np.ndarray:
        """(n, K) log-probabilities."""
        from scipy.special import log_softmax  # lists of runs are shown without

        return log_softmax(self.logits.astype(np.float64), axis=1)

    def rounded_log_probs(self) -> np.ndarray:
        """(n, K) `log_probs` as float32; some rows at a time, since a million in double precision take much memory."""
        from scipy.special import log_softmax  # lists of runs are shown without

        found = np.empty(self.logits.shape, np.float32)
        for start in range(0, len(found), _ROWS):
            rows = slice(start, start + _ROWS)
            found[rows] = log_softmax(self.logits[rows].astype(np.float64), axis=1)
        return found

    @property
    def y_pred(self) -> np.ndarray:
        """(n,) cluster of each sample."""
        return self.logits.argmax(axis=1)

    @property
    def n_clusters(self) -> int:
        """Number of clusters K."""
        return self.logits.shape[1]

    def save(self, path: Path) -> None:
        """Write to `.npz` without pickles; the file appears whole or not at all.

        Spaces are stored as float16 (their figures are drawn and grouped, not trained on), scores as float32.

        Raises:
            DiskFull, OSError: it cannot be written.
        """
        arrays: dict[str, Any] = {f"space_{name}": _halved(values) for name, values in self.spaces.items()}
        arrays |= {f"mark_{name}": points.astype(np.float32) for name, points in self.landmarks.items()}
        arrays |= {f"view_logits_{i}": values.astype(np.float32) for i, values in enumerate(self.view_logits)}
        temporary = path.with_name(path.name + ".tmp")
        about = {"epoch": self.epoch, "step": self.step, "index": self.index, "logits": self.logits.astype(np.float32)}
        with disk.room_for("a snapshot", path.parent, remedy=RESUME):
            try:
                with temporary.open("wb") as file:
                    np.savez(file, allow_pickle=False, **about, **arrays)
                    file.flush()
                    os.fsync(file.fileno())
                temporary.replace(path)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise

    @classmethod
    def load(cls, path: Path, *, scores_only: bool = False) -> "Snapshot":
        """Read a snapshot; pickled content is refused by numpy, and damage by the checksums in the file.

        Args:
            path: of the `.npz` file.
            scores_only: leave out everything but the scores of all views together, which take a tenth of the time.

        Raises:
            ValueError: it is damaged.
            FileNotFoundError: there is none.
        """
        try:
            return cls._loaded(path, scores_only=scores_only)
        except FileNotFoundError:
            raise
        except DAMAGE as error:
            raise ValueError(
                f"the snapshot {path.name} is damaged; look at another epoch, or train the run again"
            ) from error

    @classmethod
    def _loaded(cls, path: Path, *, scores_only: bool) -> "Snapshot":
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            if scores_only:
                return cls(
                    epoch=int(file["epoch"]),
                    step=int(file["step"]),
                    index=file["index"],
                    spaces={},
                    logits=file["logits"],
                )
            names = [name for name in file.files if name.startswith("view_logits_")]  # in the order of the views
            return cls(
                epoch=int(file["epoch"]),
                step=int(file["step"]),
                index=file["index"],
                logits=file["logits"],
                spaces={
                    name.removeprefix("space_"): file[name].astype(np.float32)
                    for name in file.files
                    if name.startswith("space_")
                },
                view_logits=tuple(file[name] for name in names),
                landmarks={name.removeprefix("mark_"): file[name] for name in file.files if name.startswith("mark_")},
            )


def _halved(values: np.ndarray) -> np.ndarray:
    """As float16; what lies beyond its range is drawn at its end, as nothing can be drawn at infinity."""
    ends = np.finfo(np.float16)
    return np.clip(values, ends.min, ends.max).astype(np.float16)
