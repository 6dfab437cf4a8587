"""Which errors are sentences for the user, and what to say of all others."""

import traceback
from typing import Any

from mmclust import disk, settings

PACKAGE = __name__.partition(".")[0]


def is_for_the_user(error: BaseException) -> bool:
    """Whether an error is one of our own sentences for the user.

    Those are the errors of types defined in this package, and each ValueError that our own code raised: the module that
    raised it tells, since the folder of a file may have any name. An error that was never raised counts as ours, too.
    """
    if _is_ours(type(error).__module__):
        return True
    if not isinstance(error, ValueError):
        return False
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return not frames or _is_ours(_module(frames[-1].f_globals))


def _module(names: dict[str, Any]) -> str:
    """The name under which a module was found, also when it was started as a program."""
    return getattr(names.get("__spec__"), "name", None) or names.get("__name__", "")


def _is_ours(module: str) -> bool:
    return module.partition(".")[0] == PACKAGE


def explain(error: BaseException) -> str:
    """What happened and what to do, in one sentence."""
    text = str(error).strip()
    if type(error).__name__ == "OutOfMemoryError":  # torch's; naming the type would import torch
        return (
            "The GPU ran out of memory; lower batch_size, or wait until other programs have left the GPU, then resume."
        )
    if isinstance(error, MemoryError) or "can't allocate memory" in text:
        return "Memory ran out; train on fewer samples (limit) or lower batch_size."
    if disk.is_full(error) and not isinstance(error, disk.DiskFull):
        return f"The disk below {settings.home()} is full; free some space and resume, the last checkpoint is kept."
    if isinstance(error, ImportError):
        return f"A package is missing ({first_line(error)}); install the requirements again."
    if is_for_the_user(error):
        first = text.partition(" ")[0]  # the name of a setting keeps its spelling
        return text if any(sign in first for sign in "=_/") else text[:1].upper() + text[1:]
    what = f"{type(error).__name__}: {first_line(error)}"
    return f"The program failed ({what}); error.log in the run's folder says where."


def first_line(error: BaseException, at_most: int = 200) -> str:
    """The first line of an error's text, or the name of its type where it has no text."""
    return (str(error).strip() or type(error).__name__).splitlines()[0][:at_most]
