"""`doctor`: is everything here that the program needs, and how to get what is missing."""

import argparse
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from mmclust import __version__, settings
from mmclust.cli.output import print_json

PACKAGES = (
    "torch",
    "torchvision",
    "streamlit",
    "plotly",
    "numpy",
    "scipy",
    "pandas",
    "scikit-learn",
    "pillow",
    "SQLAlchemy",
    "umap-learn",
    "openTSNE",
    "grad-cam",
)
LITTLE_SPACE_GB = 2


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    ok: bool
    found: str
    remedy: str = ""
    """What to do; empty when there is nothing to do."""


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("doctor", help="check versions, devices and folders, and report what is missing")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print every check; 0 when all are fine."""
    checks = list(_checks())
    fine = all(check.ok for check in checks)
    if args.json:
        print_json({"ok": fine, "checks": [asdict(check) for check in checks]})
        return 0 if fine else 1
    width = max(len(check.name) for check in checks)
    for check in checks:
        remedy = f" -> {check.remedy}" if check.remedy else ""
        print(f"{'ok     ' if check.ok else 'MISSING'} {check.name.ljust(width)}  {check.found}{remedy}")
    if not fine:
        print(f"{sum(not check.ok for check in checks)} things are missing, see above.", file=sys.stderr)
    return 0 if fine else 1


def _checks() -> Iterator[Check]:
    new_enough = sys.version_info >= (3, 11)
    yield Check("mmclust", True, __version__)
    yield Check("python", new_enough, platform.python_version(), "" if new_enough else "install Python 3.11 or newer")
    for package in PACKAGES:
        yield _package(package)
    yield _threads()
    yield _torch_devices()
    yield _home()
    yield _data_folder()
    yield _store()
    yield _datasets()


def _package(name: str) -> Check:
    try:
        return Check(name, True, version(name))
    except PackageNotFoundError:
        return Check(name, False, "not installed", "pip install -r requirements.txt")


def _threads() -> Check:
    try:
        return Check("threads", True, f"{settings.n_threads()} for training (MMCLUST_THREADS)")
    except ValueError as error:
        return Check("threads", False, str(error), "unset MMCLUST_THREADS")


def _torch_devices() -> Check:
    try:
        import torch
    except (ImportError, OSError) as error:
        return Check("devices", False, f"torch cannot be loaded: {error}", "pip install -r requirements.txt")
    found = [f"cuda:{i} ({torch.cuda.get_device_name(i)})" for i in range(torch.cuda.device_count())]
    hint = "" if found else "runs train on the CPU; a GPU needs its driver and a CUDA build of torch"
    if found and not (shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")):
        hint = "long runs of IMC-SwAV would be compiled if there were a C compiler; install gcc"
    return Check("devices", True, ", ".join([*found, "cpu"]), hint)


def _home() -> Check:
    home, remedy = settings.home(), "set MMCLUST_HOME to a folder that you may write to"
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home) as file:
            file.write(b"mmclust")
        free_gb = shutil.disk_usage(home).free / 1e9
    except OSError as error:
        return Check("home", False, f"{home} cannot be written: {error.strerror}", remedy)
    enough = free_gb >= LITTLE_SPACE_GB
    return Check("home", enough, f"{home}, {free_gb:.0f} GB free", "" if enough else "free some space")


def _data_folder() -> Check:
    folder = settings.data_folder()
    if folder is None:
        return Check("data folder", True, "none", "set MMCLUST_DATA if you have data files")
    remedy = "" if folder.is_dir() else "set MMCLUST_DATA to the folder with your data files"
    return Check("data folder", folder.is_dir(), str(folder) + ("" if folder.is_dir() else " is no folder"), remedy)


def _store() -> Check:
    from mmclust.runs.store import RunStore

    try:
        records = RunStore().list(examples=False)
    except ValueError as error:
        return Check("run store", False, str(error), "check MMCLUST_HOME and MMCLUST_STORE")
    silent = sum(record.status == "interrupted" for record in records)
    hint = f"{silent} interrupted: python -m mmclust resume RUN_ID" if silent else ""
    return Check("run store", True, f"{len(records)} runs", hint)


def _datasets() -> Check:
    from mmclust.data.catalogue import DATASETS

    absent = [entry.name for entry in DATASETS.values() if not entry.available()]
    hint = f"`python -m mmclust datasets` says how to get {', '.join(absent)}" if absent else ""
    return Check("data sets", True, f"{len(DATASETS) - len(absent)} of {len(DATASETS)} are here", hint)
