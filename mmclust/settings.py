"""Where things live and how many threads to use: the environment variables, read in one place."""

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
_INSTALLED = PACKAGE / "_app"
TOP = _INSTALLED if _INSTALLED.is_dir() else PACKAGE.parent
"""Folder of app.py, pages/ and assets/: the top of a checkout; an installed wheel has them inside the package."""
ASSETS = TOP / "assets"


def home() -> Path:
    """Folder of runs, caches and the default store: MMCLUST_HOME, or `~/.mmclust`."""
    return Path(os.environ.get("MMCLUST_HOME") or Path.home() / ".mmclust").expanduser()


def data_folder() -> Path | None:
    """Folder with the user's data files, searched before downloading: MMCLUST_DATA, or None."""
    folder = os.environ.get("MMCLUST_DATA")
    return Path(folder).expanduser() if folder else None


def store_url() -> str:
    """Address of the run store: MMCLUST_STORE, or an SQLite file in `home()`."""
    return os.environ.get("MMCLUST_STORE") or f"sqlite:///{home() / 'store.sqlite'}"


def ray_address() -> str:
    """Where a Ray cluster answers: MMCLUST_RAY_ADDRESS, or nothing."""
    return os.environ.get("MMCLUST_RAY_ADDRESS", "")


LIMITS = {
    "UPLOAD_MIB": 500,
    "UPLOADS_GIB": 20,
    "ACTIVE_RUNS": 20,
    "DENSE_MIB": 1024,
    "CACHE_GIB": 20,
    "UNPACKED_GIB": 64,
    "ENTRIES": 1_000_000,
    "DEPTH": 32,
    "RATIO": 200,
    "MEGAPIXELS": 50,
}
"""What files and users may ask for, by the variable MMCLUST_MAX_...: size of an upload, of all uploads of one person,
runs of one person who has signed in that wait or train, size of a view that comes as a sparse matrix, of all that is
cached, of an archive unpacked, its number of entries, how many folders lie in each other, its size unpacked as a
multiple of packed, pixels of a picture."""


FORMER_LIMITS = {"ENTRIES": "MEMBERS"}
"""Names of limits in version 0.1.0, whose variables are still read."""


def limit(name: str) -> int:
    """A limit of `LIMITS`, from its environment variable where that is set."""
    variable = f"MMCLUST_MAX_{name}"
    wanted = os.environ.get(variable, "")
    if not wanted and name in FORMER_LIMITS:
        variable = f"MMCLUST_MAX_{FORMER_LIMITS[name]}"
        wanted = os.environ.get(variable, "")
    if wanted and (not wanted.isdigit() or int(wanted) < 1):
        raise ValueError(f"{variable}={wanted!r} is not a whole number above 0; unset it or write e.g. {LIMITS[name]}")
    return int(wanted) if wanted else LIMITS[name]


def reserve_mib() -> int:
    """MiB that training leaves free on the disk of its runs: MMCLUST_RESERVE_MIB, or 100; 0 for none."""
    return _whole("MMCLUST_RESERVE_MIB", 100)


def memory_reserve_mib() -> int:
    """MiB of main memory at which a run pauses: MMCLUST_MEMORY_RESERVE_MIB, or 200; 0 for none."""
    return _whole("MMCLUST_MEMORY_RESERVE_MIB", 200)


def max_run_mib() -> int:
    """MiB of main memory that a run may take: MMCLUST_MAX_RUN_MIB, or 0 for as much as there is."""
    return _whole("MMCLUST_MAX_RUN_MIB", 0)


def grace_s() -> int:
    """Seconds within which a server that was told to stop has ended: MMCLUST_GRACE_S, or 30."""
    return max(1, _whole("MMCLUST_GRACE_S", 30))


def _whole(variable: str, default: int) -> int:
    wanted = os.environ.get(variable, "")
    if wanted and not wanted.isdigit():
        raise ValueError(f"{variable}={wanted!r} is not a whole number; unset it or write e.g. {default or 4000}")
    return int(wanted) if wanted else default


def frame_ancestors() -> str:
    """Pages that may show the app in a frame, as a content security policy lists them: MMCLUST_FRAME_ANCESTORS.

    Without it no page may.

    Raises:
        ValueError: it would end the list and begin another rule.
    """
    wanted = os.environ.get("MMCLUST_FRAME_ANCESTORS", "").strip()
    if not all(character.isprintable() and character not in ";," for character in wanted):
        raise ValueError("MMCLUST_FRAME_ANCESTORS takes addresses with spaces between them, e.g. https://example.org")
    return wanted or "'none'"


def n_threads(at_most: int | None = None) -> int:
    """Threads of a computation: MMCLUST_THREADS, or every core the process may use but not more than `at_most`."""
    wanted = os.environ.get("MMCLUST_THREADS", "")
    if wanted:
        if not wanted.isdigit() or int(wanted) < 1:
            raise ValueError(f"MMCLUST_THREADS={wanted!r} is not a whole number above 0; unset it or write e.g. 2")
        return int(wanted)
    return n_cores() if at_most is None else min(n_cores(), at_most)


def n_cores() -> int:
    """Cores the process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
