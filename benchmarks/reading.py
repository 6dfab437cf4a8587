"""How much memory reading takes beside the set that is read, for every kind of file that is read whole.

    python -m benchmarks.reading --mib 64 --json benchmarks/results/reading.json

writes a set of one size as pictures, arrays, MATLAB files and tables, and reads each in a process of its own. `times`
is the peak of the process's memory (without mapped files, above what it took after it had read a small set of the same
kind) beside the decoded set: its values in the types that the file holds, bytes for pictures and 8 bytes for numbers in
text.
"""

import argparse
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks import machine
from benchmarks.beyond_memory import watched

COLUMNS = 64
PX = 64
SMALL = 200
"""Samples that are read before anything is measured, so that all libraries are there."""
READ = """
import json, pathlib, sys
from mmclust.data import readers
def anonymous():
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))
readers.read(pathlib.Path(sys.argv[1]))
before = anonymous()
found = readers.read(pathlib.Path(sys.argv[2]))
print(json.dumps({"before": before, "samples": found.n_samples, "kept": sum(view.nbytes for view in found.views)}))
"""


def main() -> None:
    """Write, read, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mib", type=int, default=64, help="size of the decoded set")
    parser.add_argument("--only", choices=sorted(KINDS), help="one kind alone")
    parser.add_argument("--json", type=Path, help="where the result is written")
    args = parser.parse_args()
    found = {kind: measure(kind, args.mib) for kind in ([args.only] if args.only else KINDS)}
    result = {"bench": "reading", "decoded_mib": args.mib, "kinds": found, "machine": machine.describe()}
    print(json.dumps(result, indent=2))
    if args.json:
        args.json.write_text(json.dumps(result, indent=2) + "\n")


def measure(kind: str, mib: int) -> dict[str, Any]:
    """Peak of memory of reading a set of `mib` MiB of one kind, in MiB and beside the set."""
    write, ending, sample_bytes = KINDS[kind]
    with tempfile.TemporaryDirectory(prefix="mmclust-bench-") as folder:
        small, large = Path(folder) / f"small{ending}", Path(folder) / f"large{ending}"
        n_samples = mib * 2**20 // sample_bytes
        write(small, SMALL)
        write(large, n_samples)
        seen = watched(["-c", READ, str(small), str(large)], Path(folder))
    said = json.loads(seen["output"])
    assert said["samples"] == n_samples
    taken = seen["peak_mib"]["RssAnon"] - said["before"] / 1024
    return {"taken_mib": round(taken), "times": round(taken / mib, 2), "kept_mib": round(said["kept"] / 2**20)}


def _numbers(n_samples: int, columns: int = COLUMNS) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n_samples, columns)).round(6)


def _labels(n_samples: int) -> np.ndarray:
    return np.arange(n_samples) % 10


def _images(n_samples: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n_samples, PX, PX, 3), np.uint8)


def _pictures(path: Path, n_samples: int) -> None:
    for i, image in enumerate(_images(n_samples)):
        folder = path / str(i % 10)
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / f"{i}.png", compress_level=1)


def _npz_images(path: Path, n_samples: int) -> None:
    np.savez(path, images=_images(n_samples), labels=_labels(n_samples))


def _npz_packed(path: Path, n_samples: int) -> None:
    np.savez_compressed(path, images=_images(n_samples), labels=_labels(n_samples))


def _npz_numbers(path: Path, n_samples: int) -> None:
    half = COLUMNS // 2
    values = _numbers(n_samples)
    np.savez(path, X1=values[:, :half], X2=values[:, half:], Y=_labels(n_samples))


def _mat(path: Path, n_samples: int) -> None:
    from scipy.io import savemat

    values, half = _numbers(n_samples), COLUMNS // 2
    savemat(path, {"X1": values[:, :half], "X2": values[:, half:], "Y": _labels(n_samples)})


def _mat73(path: Path, n_samples: int) -> None:
    import h5py

    values, half = _numbers(n_samples), COLUMNS // 2
    with h5py.File(path, "w", userblock_size=512) as target:
        for name, one in (("X1", values[:, :half]), ("X2", values[:, half:]), ("Y", _labels(n_samples)[:, None] * 1.0)):
            target.create_dataset(name, data=one.T).attrs["MATLAB_class"] = np.bytes_("double")


def _parquet(path: Path, n_samples: int) -> None:
    import pandas as pd

    frame = pd.DataFrame(_numbers(n_samples), columns=[f"f{i}" for i in range(COLUMNS)])
    frame.assign(label=_labels(n_samples)).to_parquet(path)


def _parquet_lists(path: Path, n_samples: int) -> None:
    import pandas as pd

    pd.DataFrame({"embedding": list(_numbers(n_samples)), "label": _labels(n_samples)}).to_parquet(path)


def _csv(path: Path, n_samples: int) -> None:
    import pandas as pd

    frame = pd.DataFrame(_numbers(n_samples), columns=[f"f{i}" for i in range(COLUMNS)])
    frame.assign(label=_labels(n_samples)).to_csv(path, index=False)


KINDS: dict[str, tuple[Callable[[Path, int], None], str, int]] = {
    "pictures": (_pictures, "", PX * PX * 3),
    "npz-images": (_npz_images, ".npz", PX * PX * 3),
    "npz-packed": (_npz_packed, ".npz", PX * PX * 3),
    "npz-numbers": (_npz_numbers, ".npz", 8 * COLUMNS),
    "mat": (_mat, ".mat", 8 * COLUMNS),
    "mat-7.3": (_mat73, ".mat", 8 * COLUMNS),
    "parquet": (_parquet, ".parquet", 8 * COLUMNS),
    "parquet-lists": (_parquet_lists, ".parquet", 8 * COLUMNS),
    "csv": (_csv, ".csv", 8 * COLUMNS),
}
"""Kind of file -> what writes a set of so many samples, its ending, and the bytes of a decoded sample."""


if __name__ == "__main__":
    main()
