"""Reading and training a folder of pictures that is larger than the memory the process may take.

    python -m benchmarks.beyond_memory --files 200000 --px 64 --json benchmarks/results/beyond-memory.json

draws the pictures (a folder per class), then reads and trains them in a process of its own whose peak of memory is
watched. The kernel's figure RssAnon leaves out mapped files, whose pages the kernel takes back when it needs them; in
a control group with a limit (`systemd-run --scope -p MemoryMax=1200M ...`) these count too, and the limit is reported.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks import machine

N_CLASSES = 10
WATCH_EVERY_S = 0.05
FIELDS = ("RssAnon", "VmHWM", "RssFile")


def main() -> None:
    """Draw, read, train, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=200_000)
    parser.add_argument("--px", type=int, default=64, help="edge of the pictures")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--method", default="dccs")
    parser.add_argument("--set", nargs="+", default=["width=0.25", "batch_size=100"], metavar="KEY=VALUE")
    parser.add_argument("--pictures", type=Path, help="where they are drawn, or are already; default: a new folder")
    parser.add_argument("--json", type=Path, help="where the result is written")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mmclust-bench-") as home:
        pictures = args.pictures or Path(home) / "pictures"
        if not pictures.is_dir():
            draw(pictures, args.files, args.px)
        found = measure(pictures, Path(home), args)
    print(json.dumps(found, indent=2))
    if args.json:
        args.json.write_text(json.dumps(found, indent=2) + "\n")


def draw(folder: Path, n_files: int, px: int) -> None:
    """Smooth coloured pictures as JPEG, a folder per class; drawn under another name until all are there."""
    draft = folder.with_name(f"{folder.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    with ProcessPoolExecutor() as pool:
        classes = [pool.submit(_draw_class, draft, label, n_files // N_CLASSES, px) for label in range(N_CLASSES)]
        for drawn in classes:
            drawn.result()
    draft.rename(folder)


def _draw_class(folder: Path, label: int, count: int, px: int) -> None:
    random = np.random.default_rng(label)
    tint = random.integers(0, 128, 3)
    place = folder / f"class{label}"
    place.mkdir(parents=True)
    for number in range(count):
        coarse = (random.integers(0, 128, (4, 4, 3)) + tint).astype(np.uint8)
        Image.fromarray(coarse).resize((px, px), Image.Resampling.BICUBIC).save(place / f"{number}.jpg", quality=75)


def measure(pictures: Path, home: Path, args: argparse.Namespace) -> dict[str, Any]:
    """Read the pictures, open them again, train on them: seconds, and the peak of memory of each process."""
    open_it = "import sys, pathlib; from mmclust.data import readers; print(readers.read(pathlib.Path(sys.argv[1])))"
    train = ["-m", "mmclust", "train", "--dataset", str(pictures), "--method", args.method, "--json"]
    train += ["--epochs", str(args.epochs), "--set", *args.set]
    parts = {"first_open": ["-c", open_it, str(pictures)], "second_open": ["-c", open_it, str(pictures)]}
    found = {name: watched(command, home) for name, command in (parts | {"train": train}).items()}
    trained = json.loads(found["train"].pop("output").splitlines()[-1])
    assert trained["status"] == "finished", trained
    for part in ("first_open", "second_open"):
        found[part].pop("output")
    return {
        "bench": "beyond memory",
        "files": trained["n_samples"],
        "pixels": args.px,
        "decoded_mib": round(trained["n_samples"] * 3 * args.px**2 / 2**20),
        "memory_limit_mib": _limit_mib(),
        "method": args.method,
        "set": args.set,
        "epochs": args.epochs,
        **found,
        "samples_per_s": trained["samples_per_s"],
        "machine": machine.describe(),
    }


def watched(command: list[str], home: Path) -> dict[str, Any]:
    """Run Python and give wall seconds, the peaks of its memory in MiB and what it printed."""
    variables = os.environ | {"MMCLUST_HOME": str(home / "home")}
    began = time.monotonic()
    peaks: dict[str, int] = dict.fromkeys(FIELDS, 0)
    with tempfile.TemporaryFile("w+") as output:
        child = subprocess.Popen([sys.executable, *command], env=variables, stdout=output)
        while child.poll() is None:
            for field, size in _memory_kib(child.pid).items():
                peaks[field] = max(peaks[field], size)
            time.sleep(WATCH_EVERY_S)
        output.seek(0)
        printed = output.read()
    if child.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {child.returncode}")
    return {
        "seconds": round(time.monotonic() - began, 2),
        "peak_mib": {field: round(size / 1024) for field, size in peaks.items()},
        "output": printed,
    }


def _memory_kib(pid: int) -> dict[str, int]:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:  # it has just ended
        return {}
    pairs = (line.split(":") for line in lines)
    return {name: int(value.split()[0]) for name, value in pairs if name in FIELDS}


def _limit_mib() -> int | None:
    """What the control group of this process may take, mapped files included; None without a limit."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, kinds, group = line.split(":", 2)
        if kinds in ("", "memory"):
            files = (
                Path(f"/sys/fs/cgroup{group}/memory.max"),
                Path(f"/sys/fs/cgroup/memory{group}/memory.limit_in_bytes"),
            )
            for file in files:
                if file.is_file() and (text := file.read_text().strip()).isdigit() and int(text) < 2**60:
                    return int(text) >> 20
    return None


if __name__ == "__main__":
    main()
