"""How long pictures take to be understood, read and opened again, and how much memory a large MATLAB file takes.

    python -m benchmarks.data --json benchmarks/results/data.json

draws pictures (a folder per class, the same in a zip, and a larger folder of links to them, of which names and headers
alone are looked at), writes a MATLAB 7.3 file of four views, and reads each in a process of its own. Seconds are those
of reading alone, by the clock and of the processor; memory is the process's peak.
"""

import argparse
import json
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import machine
from benchmarks.beyond_memory import draw, watched

COLUMNS = (2048, 1024, 512, 512)
"""Of the four views of the MATLAB file."""
READ = """
import json, pathlib, resource, sys, time
from mmclust.data import readers
path, began, cpu = pathlib.Path(sys.argv[1]), time.perf_counter(), time.process_time()
found = readers.read(path)
print(json.dumps({
    "seconds": round(time.perf_counter() - began, 2), "processor_s": round(time.process_time() - cpu, 2),
    "samples": found.n_samples, "views": [list(view.shape[1:]) for view in found.views],
    "mean": round(float(found.views[0][:1000].mean()), 6),
}))
"""

LOOK = """
import json, pathlib, sys, time
from mmclust.data import readers
from mmclust.data.readers.reading import Reading
path, began, cpu = pathlib.Path(sys.argv[1]), time.perf_counter(), time.process_time()
found = readers.look(path, Reading())
print(json.dumps({
    "seconds": round(time.perf_counter() - began, 2), "processor_s": round(time.process_time() - cpu, 2),
    "understood": found["understood"],
}))
"""


def main() -> None:
    """Make, read, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=50_000, help="pictures")
    parser.add_argument("--understood", type=int, default=100_000, help="pictures that are only looked at")
    parser.add_argument("--px", type=int, default=32, help="edge of the pictures")
    parser.add_argument("--mib", type=int, default=1024, help="size of the MATLAB file")
    parser.add_argument("--json", type=Path, help="where the result is written")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mmclust-bench-") as place:
        found = measure(Path(place), n_files=args.files, n_understood=args.understood, px=args.px, mib=args.mib)
    print(json.dumps(found, indent=2))
    if args.json:
        args.json.write_text(json.dumps(found, indent=2) + "\n")


def measure(place: Path, *, n_files: int, n_understood: int, px: int, mib: int) -> dict[str, Any]:
    """First and second open of pictures in a folder and in a zip; one open of a MATLAB file."""
    say("drawing pictures")
    draw(place / "pictures", n_files, px)
    with zipfile.ZipFile(place / "pictures.zip", "w") as archive:
        for file in sorted((place / "pictures").rglob("*.jpg")):
            archive.write(file, file.relative_to(place))
    pictures: dict[str, Any] = {}
    say(f"understanding {n_understood:,} pictures")
    link(place / "pictures", place / "many", n_understood)
    pictures["understood"] = {"files": n_understood} | read(place / "many", place, LOOK)
    for name in ("pictures", "pictures.zip"):
        for phase in ("first_open", "second_open"):
            say(f"{phase} of {name}")
            pictures.setdefault("zip" if "." in name else "folder", {})[phase] = read(place / name, place)
    say("writing a MATLAB file")
    n_samples = mib * 2**20 // (8 * sum(COLUMNS))
    mean = write_mat(place / "views.mat", n_samples)
    size = (place / "views.mat").stat().st_size
    say("reading it")
    matlab = read(place / "views.mat", place)
    assert abs(matlab["mean"] - mean) < 1e-5, (matlab, mean)
    matlab |= {"file_mib": size >> 20, "peak_by_size": round(matlab["peak_mib"]["VmHWM"] * 2**20 / size, 2)}
    return {
        "bench": "data",
        "pictures": {"files": n_files, "pixels": px, **pictures},
        "matlab_7.3": matlab,
        "machine": machine.describe(),
    }


def link(source: Path, target: Path, n_files: int) -> None:
    """Make a folder of so many files that are links to those of another, class by class."""
    files = sorted(source.rglob("*.jpg"))
    for number in range(n_files):
        file = files[number % len(files)]
        place = target / file.parent.name / f"{number // len(files)}_{file.name}"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.hardlink_to(file)


def read(path: Path, home: Path, program: str = READ) -> dict[str, Any]:
    """Read a path in a process of its own: what it took."""
    found = watched(["-c", program, str(path)], home)
    return json.loads(found["output"].splitlines()[-1]) | {"peak_mib": found["peak_mib"]}


def write_mat(path: Path, n_samples: int) -> float:
    """A MATLAB 7.3 file of views and labels; gives the mean of the first view's first thousand samples."""
    import h5py

    random = np.random.default_rng(0)
    with h5py.File(path, "w", userblock_size=512) as target:
        for number, n_columns in enumerate(COLUMNS, start=1):
            view = target.create_dataset(f"X{number}", (n_columns, n_samples), "f8")
            view.attrs["MATLAB_class"] = np.bytes_("double")
            for start in range(0, n_columns, 64):
                view[start : start + 64] = random.random((len(view[start : start + 64]), n_samples))
        labels = target.create_dataset("Y", data=(np.arange(n_samples) % 10 + 1.0)[None])
        labels.attrs["MATLAB_class"] = np.bytes_("double")
        return float(target["X1"][:, :1000].mean())  # type: ignore[index,union-attr]


def say(what: str) -> None:
    """Progress, apart from the result."""
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
