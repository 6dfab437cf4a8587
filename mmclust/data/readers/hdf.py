"""HDF5 files: arrays of equal length anywhere in one, and single-cell data as AnnData lays them out (.h5ad).

Reading these few groups needs no package beyond h5py; anndata would bring a dozen more. Words of variable length are
read by another process: the library runs in a circle for ever in some damaged files.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mmclust.data.readers import labels, words
from mmclust.data.readers.pairing import Value
from mmclust.data.readers.reading import Reading, listed
from mmclust.errors import first_line

ENDINGS = (".h5", ".hdf5", ".h5ad")
MAX_BYTES = 16 * 2**30
MAX_ITEMS = 10_000
MAX_DEPTH = 8
WORDS_S, BYTES_A_SECOND = 10.0, 20 * 2**20
"""So long may it take to read all words of a file, and longer for a large one."""
_READ_WORDS = """
import json, sys, h5py
with h5py.File(sys.argv[1], "r") as file:
    for name in json.load(sys.stdin):
        words = file[name][()].ravel().tolist()
        words = [word.decode("utf-8", "replace") if isinstance(word, bytes) else str(word) for word in words]
        print(json.dumps([name, words]), flush=True)
"""


def variables(path: Path, reading: Reading) -> dict[str, Value]:
    """The arrays in a file by name; of AnnData `X` and what `obsm` holds, and the classes among the columns of `obs`.

    Raises:
        ValueError: it cannot be read, points to other files, or is too much.
    """
    import h5py

    try:
        with h5py.File(path, "r") as source:
            found = dict(_datasets(source, path.name, reading))
            if len(found) > MAX_ITEMS or sum(item.nbytes for item in found.values()) > MAX_BYTES:
                raise ValueError(f"{path.name} holds more than {MAX_BYTES >> 30} GiB or {MAX_ITEMS:,} arrays")
            spoken = _words(path, [name for name, item in found.items() if item.dtype.kind == "O"], reading)
            if isinstance(source.get("obs"), h5py.Group) and "X" in source:
                return _anndata(source, spoken, path.name, reading)
            return _arrays(found, spoken, reading)
    except (OSError, RuntimeError, KeyError, TypeError, IndexError, ValueError, AttributeError, OverflowError) as error:
        if path.name in str(error):
            raise
        raise ValueError(f"{path.name} cannot be read as HDF5 ({first_line(error)}); copy it again") from None


def _datasets(source: Any, where: str, reading: Reading) -> Iterator[tuple[str, Any]]:
    """Every data set of a file with its path; what points to other files is left out."""
    import h5py

    pending = [(source, "", 0)]
    n_items = 0
    while pending:
        group, prefix, depth = pending.pop()
        for name in map(str, group):
            n_items += 1
            if n_items > MAX_ITEMS:
                raise ValueError(f"{where} holds more than {MAX_ITEMS:,} arrays; give a part of it")
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                reading.leave_out(f"{prefix}{name}"[-60:], "points to another place")
                continue
            item = group[name]
            if isinstance(item, h5py.Group) and depth < MAX_DEPTH:
                pending.append((item, f"{prefix}{name}/", depth + 1))
            elif isinstance(item, h5py.Dataset):
                if item.external or item.is_virtual:
                    raise ValueError(f"{where} points to data in another file; save it again as one file")
                yield f"{prefix}{name}", item


def _words(path: Path, names: list[str], reading: Reading) -> dict[str, list[str]]:
    """Words of variable length by the path of their data set."""
    if not names:
        return {}
    out = ""
    try:
        done = subprocess.run(
            [sys.executable, "-c", _READ_WORDS, str(path)],
            input=json.dumps(names),
            capture_output=True,
            text=True,
            timeout=WORDS_S + path.stat().st_size / BYTES_A_SECOND,
            check=False,
        )
        out = done.stdout
    except subprocess.TimeoutExpired as late:
        out = (late.stdout or b"").decode(errors="replace") if isinstance(late.stdout, bytes) else late.stdout or ""
    found: dict[str, list[str]] = {}
    for line in out.splitlines():
        try:
            name, values = json.loads(line)
        except ValueError:
            continue
        found[name] = values
    if missing := [name for name in names if name not in found]:
        reading.leave_out(listed(missing), "words that cannot be read")
    return found


def _value(name: str, item: Any, spoken: Mapping[str, list[str]]) -> Any:
    """A data set as numbers or words; None for anything else."""
    if name in spoken:
        return spoken[name]
    if item.dtype.kind == "S":
        return [word.decode("utf-8", errors="replace") for word in np.ravel(item[()]).tolist()]
    return item[()] if item.dtype.kind in "biuf" and item.ndim else None


def _arrays(found: Mapping[str, Any], spoken: Mapping[str, list[str]], reading: Reading) -> dict[str, Value]:
    """All data sets by their last name, or by their path where two share one."""
    lasts = [path.rsplit("/", 1)[-1] for path in found]
    values: dict[str, Value] = {}
    for path, item in found.items():
        last = path.rsplit("/", 1)[-1]
        name = last if lasts.count(last) == 1 else path.replace("/", "_")
        value = _value(path, item, spoken)
        if value is not None:
            values[name] = value
        elif path not in spoken and item.dtype.kind != "O":
            reading.leave_out(path[-60:], "neither numbers nor words")
    return values


def _anndata(source: Any, spoken: Mapping[str, list[str]], where: str, reading: Reading) -> dict[str, Value]:
    """`X` and the matrices of `obsm` as views, classes among the columns of `obs`."""
    matrix = _matrix(source["X"])
    if matrix is None:
        raise ValueError(f"{where} holds an X that is no matrix; write it again with anndata")
    views: dict[str, Value] = {"X": matrix}
    for name in map(str, source.get("obsm", {})):
        value = _matrix(source["obsm"][name])
        if value is None or value.ndim != 2 or value.shape[0] != matrix.shape[0] or value.shape[1] < 2:
            continue
        if words.tokens(name)[-1:] in (["umap"], ["tsne"], ["draw"], ["spatial"]):
            reading.leave_out(f"obsm {name}", "a picture of the others in two dimensions")
        elif "pca" in words.tokens(name) and labels.use(name, reading, what="is computed from X") != labels.FEATURE:
            reading.leave_out(f"obsm {name}", "computed from X")
        else:
            views[f"obsm {name}"] = value
    columns = _columns(source["obs"], spoken, where)
    fitting = {name: values for name, values in columns.items() if len(values) == matrix.shape[0]}
    chosen, _ = labels.choose(fitting, True, reading, alone=False)
    if unused := [name for name in columns if name != chosen]:
        reading.leave_out(f"obs {listed(unused)}", "columns that describe the samples")
    if chosen is None:
        return views
    values = fitting[chosen]
    return views | {"labels": values.astype(str) if values.dtype == object else values}


def _columns(group: Any, spoken: Mapping[str, list[str]], where: str) -> dict[str, np.ndarray]:
    """The columns of `obs`; categories by their names, empty where there is none."""
    import h5py

    found = {}
    for name in map(str, group):
        item = group[name]
        if name in ("_index", "index", "__categories"):
            continue
        if isinstance(item, h5py.Group):
            values = _categories(item, f"obs/{name}", spoken, where)
        else:
            values = _value(f"obs/{name}", item, spoken)
        if values is not None:
            found[name] = np.array(values, object) if isinstance(values, list) else np.asarray(values)
    return {name: values for name, values in found.items() if values.ndim == 1}


def _categories(group: Any, path: str, spoken: Mapping[str, list[str]], where: str) -> list[str] | None:
    if "codes" not in group or "categories" not in group:
        return None
    names, codes = _value(f"{path}/categories", group["categories"], spoken), group["codes"][()]
    if names is None or codes.dtype.kind not in "iu":
        return None
    names = [str(name) for name in (names if isinstance(names, list) else np.asarray(names).tolist())]
    if len(codes) and (codes.max() >= len(names) or codes.min() < -1):
        raise ValueError(f"{where} names {len(names)} categories and points beyond them; the file is damaged")
    return ["" if code < 0 else names[code] for code in codes.tolist()]


def _matrix(item: Any) -> Any:
    """A matrix, dense or in compressed rows or columns; None for anything else."""
    import h5py
    from scipy import sparse

    if isinstance(item, h5py.Dataset):
        return item[()] if item.dtype.kind in "biuf" and item.ndim == 2 else None
    if not all(part in item for part in ("data", "indices", "indptr")):
        return None
    # Which of the two it is stands in a word, too; the number of places where rows or columns begin says it as well.
    shape = tuple(int(size) for size in item.attrs.get("shape", item.attrs.get("h5sparse_shape", ())))
    starts = item["indptr"][()]
    if len(shape) != 2 or len(starts) - 1 not in shape:
        raise ValueError("a sparse matrix contradicts itself")
    made = sparse.csr_matrix if len(starts) == shape[0] + 1 else sparse.csc_matrix
    matrix = made((item["data"][()], item["indices"][()], starts), shape=shape)
    matrix.check_format(full_check=True)  # SciPy writes beyond its memory where a place lies outside the matrix
    return matrix
