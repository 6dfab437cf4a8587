"""Code that is compiled at its first use, compiled ahead by a process of its own while the machine is quiet."""

import atexit
import contextlib
import logging
import os
import subprocess
import sys
import sysconfig
import threading
from hashlib import blake2b
from importlib import metadata
from pathlib import Path

log = logging.getLogger(__name__)

PACKAGES = ("pacmap",)
"""Packages that compile themselves when they are first imported, and keep that on disk: 20 s once."""
COMPILER = "numba"
LOOK_EVERY_S, LOOK_OFTEN_S = 5.0, 0.5
"""Whether the machine is quiet, and whether the server ends."""
_PROGRAM = "import os; getattr(os, 'nice', int)(19); import {}"


def compile_all(home: Path, stop: threading.Event) -> None:
    """Compile what has not been, one after the other, as long as nothing else needs the machine; returns when done.

    Args:
        home: in whose cache stands what was compiled.
        stop: ends it, also in the middle.
    """
    for package in PACKAGES:
        if (done := _mark(home, package)) is None or done.exists():
            continue
        while not _is_idle():
            if stop.wait(LOOK_EVERY_S):
                return
        if _compiled(package, stop):
            with contextlib.suppress(OSError):  # where nothing can be written it is looked at again next time
                done.parent.mkdir(parents=True, exist_ok=True)
                done.touch()


def _compiled(package: str, stop: threading.Event) -> bool:
    command = [sys.executable, "-c", _PROGRAM.format(package)]
    nowhere = subprocess.DEVNULL
    try:
        process = subprocess.Popen(command, stdin=nowhere, stdout=nowhere, stderr=nowhere)
    except OSError as error:
        log.warning("%s is not compiled ahead: %s", package, error)
        return False
    atexit.register(process.kill)  # the server does not wait for this thread
    try:
        while process.poll() is None:
            if stop.wait(LOOK_OFTEN_S):
                process.kill()
                process.wait()
    finally:
        atexit.unregister(process.kill)
    return process.returncode == 0


def _mark(home: Path, package: str) -> Path | None:
    """The file that says that this version was compiled here; None where it is not installed."""
    try:
        versions = [metadata.version(name) for name in (package, COMPILER)]
    except metadata.PackageNotFoundError:
        return None
    about = repr((versions, sys.version, sysconfig.get_paths()["purelib"]))
    return home / "cache" / "compiled" / f"{package}-{blake2b(about.encode(), digest_size=8).hexdigest()}"


def _is_idle() -> bool:
    """Whether a processor is free; where the system does not tell, it is taken to be."""
    return not hasattr(os, "getloadavg") or os.getloadavg()[0] < 0.5 * (os.cpu_count() or 1)
