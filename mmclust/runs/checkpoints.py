"""The resumable state of a run: the last two are kept, and a damaged one is noticed before it is used.

torch writes a zip whose members have checksums, but does not look at them; whoever reads a state through this module
does.
"""

import logging
import os
import zipfile
import zlib
from pathlib import Path
from typing import Any

from mmclust import disk

NEWEST, BEFORE, DAMAGED = "checkpoint.pt", "checkpoint.before.pt", "checkpoint.damaged.pt"
WENT_BACK = "The last checkpoint was damaged, so the training went on from the one before it."

KEPT = "checkpoints"
"""Folder of those at the end of epochs that are kept."""
LARGEST_KEPT = 64 * 2**20
"""Bytes of a state up to which it is kept: a run keeps three of them."""

RESUME = "free some space and resume the run, its last checkpoint is kept"

log = logging.getLogger(__name__)


class DamagedState(ValueError):
    """A file of weights is not as it was written."""


def write(folder: Path, state: dict[str, Any]) -> None:
    """Replace the resumable state; at any moment either the old or the new one is there, whole.

    Raises:
        DiskFull, OSError: it cannot be written.
    """
    with disk.room_for("the checkpoint", folder, remedy=RESUME):
        write_state(folder / (NEWEST + ".tmp"), state)
    if (folder / NEWEST).exists():
        (folder / BEFORE).unlink(missing_ok=True)
        _keep_too(folder / NEWEST, folder / BEFORE)
    (folder / (NEWEST + ".tmp")).replace(folder / NEWEST)
    _sync_folder(folder)


def keep(folder: Path, state: dict[str, Any], epoch: int) -> None:
    """Keep a state of the end of an epoch beside the newest one; large ones are not kept.

    Raises:
        DiskFull, OSError: it cannot be written.
    """
    if _n_bytes(state) > LARGEST_KEPT:
        return
    (folder / KEPT).mkdir(exist_ok=True)
    path = folder / KEPT / f"epoch_{epoch:04d}.pt"
    with disk.room_for("a kept checkpoint", folder, remedy=RESUME):
        write_state(path.with_suffix(".tmp"), state)
    path.with_suffix(".tmp").replace(path)


def kept(folder: Path) -> dict[int, Path]:
    """The kept states by their epochs, the first one first."""
    files = (folder / KEPT).glob("epoch_*.pt")
    return dict(sorted((int(file.stem.removeprefix("epoch_")), file) for file in files))


def _n_bytes(state: Any) -> int:
    """Size of all tensors in a state."""
    if isinstance(state, dict):
        return sum(map(_n_bytes, state.values()))
    if isinstance(state, (list, tuple)):
        return sum(map(_n_bytes, state))
    return getattr(state, "nbytes", 0)


def write_state(path: Path, state: dict[str, Any]) -> None:
    """Write tensors to a file, on the disk when this returns; what cannot be written whole is removed.

    Raises:
        OSError: it cannot be written.
    """
    import torch

    try:
        with path.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def read(path: Path, device: Any = "cpu", *, mapped: bool = False) -> dict[str, Any]:
    """A state as it was written.

    Args:
        path: of the file.
        device: where its tensors shall be.
        mapped: leave tensors in the file until they are used.

    Raises:
        DamagedState: it is not what was written.
        FileNotFoundError: there is none.
    """
    import torch

    check(path)
    try:
        return torch.load(path, weights_only=True, map_location=device, mmap=mapped)
    except FileNotFoundError:
        raise
    except Exception as error:
        raise DamagedState(f"{path.name} cannot be read ({_first_line(error)})") from error


def check(path: Path) -> None:
    """Compare a file with the checksums in it.

    Raises:
        DamagedState: they differ.
        FileNotFoundError: there is no such file.
    """
    try:
        with zipfile.ZipFile(path) as file:
            damaged = file.testzip()
    except FileNotFoundError:
        raise
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        raise DamagedState(f"{path.name} cannot be read ({_first_line(error)})") from error
    if damaged is not None:
        raise DamagedState(f"{path.name} cannot be read (its checksum differs at {damaged})")


def newest(folder: Path, device: Any) -> tuple[dict[str, Any] | None, bool]:
    """The last state that is good, and whether a damaged one came after it.

    A damaged state is put aside, so that the good one is not the next to go.

    Raises:
        DamagedState: there are states, and none is good.
    """
    damaged = False
    try:
        return read(folder / NEWEST, device), damaged
    except FileNotFoundError:  # the system went down between two names of a file
        pass
    except DamagedState as error:
        if not (folder / BEFORE).exists():
            raise
        log.warning("%s: %s", folder, error)
        (folder / NEWEST).replace(folder / DAMAGED)
        damaged = True
    try:
        return read(folder / BEFORE, device), damaged
    except FileNotFoundError:
        return None, False


def exists(folder: Path) -> bool:
    """Whether a training in this folder can go on from a state."""
    return (folder / NEWEST).exists() or (folder / BEFORE).exists()


def _keep_too(path: Path, name: Path) -> None:
    """Give a file a second name; where the system has no second names the file gets the new one alone."""
    try:
        os.link(path, name)
    except OSError:
        path.replace(name)


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]


def _sync_folder(folder: Path) -> None:
    """Make a rename survive a power cut, where the system can."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows cannot open folders
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
