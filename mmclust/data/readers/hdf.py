"""HDF5 files: arrays of equal length anywhere in one, and single-cell data (.h5ad, .h5mu, .loom, 10x's .h5).

Reading these few groups needs no package beyond h5py; anndata and mudata would bring a dozen more. Words of variable
length are read by another process: the library runs in a circle for ever in some damaged files.
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

ENDINGS = (".h5", ".hdf5", ".h5ad", ".h5mu", ".loom")
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


def is_of_cells(path: Path) -> bool:
    """Whether a file holds single-cell data, whose samples are known to be rows once it is read."""
    import h5py

    try:
        with h5py.File(path, "r") as source:
            return "mod" in source or ("obs" in source and "X" in source) or "col_attrs" in source or _is_tenx(source)
    except (OSError, RuntimeError, ValueError):
        return False


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
            if isinstance(source.get("mod"), h5py.Group):
                return _mudata(source, spoken, path.name, reading)
            if isinstance(source.get("obs"), h5py.Group) and "X" in source:
                return _anndata(source, spoken, path.name, reading)
            if isinstance(source.get("col_attrs"), h5py.Group) and "matrix" in source:
                return _loom(source, spoken, path.name, reading)
            if (tenx := _tenx(source)) is not None:
                reading.tell("genes by cells, turned: a cell is a sample")
                return {"X": tenx}
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
    found: dict[str, list[str]] = {}
    for line in spoken(path, names).splitlines():
        try:
            name, values = json.loads(line)
        except ValueError:
            continue
        found[name] = values
    if missing := [name for name in names if name not in found]:
        reading.leave_out(listed(missing), "words that cannot be read")
    return found


def spoken(path: Path, names: list[str]) -> str:
    """What a process of its own says of words: a line of JSON with name and words for each data set it could read."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", _READ_WORDS, str(path)],
            input=json.dumps(names),
            capture_output=True,
            text=True,
            timeout=WORDS_S + path.stat().st_size / BYTES_A_SECOND,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        return (late.stdout or b"").decode(errors="replace") if isinstance(late.stdout, bytes) else late.stdout or ""
    return done.stdout


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
    for path in sorted(found):
        item = found[path]
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
    return views | _classes(source, "obs", matrix.shape[0], spoken, where, reading)


def _mudata(source: Any, spoken: Mapping[str, list[str]], where: str, reading: Reading) -> dict[str, Value]:
    """The `X` of each modality of MuData as a view, joined by the names of their cells; classes among all `obs`."""
    views: dict[str, Value] = {}
    cells: dict[str, list[str]] = {}
    for name in sorted(map(str, source["mod"])):
        group = source["mod"][name]
        if (matrix := _matrix(group["X"]) if "X" in group else None) is None:
            reading.leave_out(f"mod {name}"[:60], "no matrix X")
            continue
        views[name] = matrix
        path = f"mod/{name}/obs/_index"
        cells[name] = list(map(str, _value(path, source[path], spoken) or ())) if path in source else []
    if not views:
        raise ValueError(f"{where} holds modalities without a matrix X; write it again with mudata")
    lengths = {matrix.shape[0] for matrix in views.values()}
    names = [cells[name] for name in views if len(cells[name]) == views[name].shape[0]]
    if len(names) == len(views) > 1 and any(one != names[0] for one in names):
        common = [cell for cell in names[0] if all(cell in other for other in map(set, names))]
        if not common or any(len(set(one)) < len(one) for one in names):
            raise ValueError(f"the modalities in {where} have no cells in common; give the same cells the same names")
        if left := max(map(len, names)) - len(common):
            reading.leave_out(f"{left:,} cells", "not in every modality")
        reading.tell("modalities joined by the names of their cells")
        rows = {name: _places(cells[name], common) for name in views}
        joined: dict[str, Value] = {name: matrix[rows[name]] for name, matrix in views.items()}
        if "obs/_index" not in source:
            return joined
        whole = list(map(str, _value("obs/_index", source["obs/_index"], spoken) or ()))
        if not set(common) <= set(whole) or len(set(whole)) < len(whole):
            reading.leave_out("obs", "does not name the cells of the modalities")
            return joined
        classes = _classes(source, "obs", len(whole), spoken, where, reading)
        kept = _places(whole, common)
        return joined | {name: np.asarray(values)[kept] for name, values in classes.items()}
    if len(lengths) > 1:
        raise ValueError(f"the modalities in {where} differ in length and name no cells; write it again with mudata")
    return views | _classes(source, "obs", lengths.pop(), spoken, where, reading)


def _places(names: list[str], wanted: list[str]) -> list[int]:
    """Where each of the wanted names stands."""
    places = {name: place for place, name in enumerate(names)}
    return [places[name] for name in wanted]


def _loom(source: Any, spoken: Mapping[str, list[str]], where: str, reading: Reading) -> dict[str, Value]:
    """The matrix of a loom file, genes by cells, turned; classes among the attributes of its columns."""
    matrix = _matrix(source["matrix"])
    if matrix is None:
        raise ValueError(f"{where} holds no matrix of numbers; write it again with loompy")
    reading.tell("genes by cells, turned: a cell is a sample")
    return {"X": matrix.T} | _classes(source, "col_attrs", matrix.shape[1], spoken, where, reading)


def _tenx(source: Any) -> Any:
    """The matrix of cells that Cell Ranger writes as genes by cells; None for any other file."""
    import h5py

    group = next((one for one in source.values() if isinstance(one, h5py.Group) and set(one) >= _TENX), None)
    matrix = None if group is None else _matrix(group)
    return None if matrix is None else matrix.T.tocsr()


_TENX = {"data", "indices", "indptr", "shape", "barcodes"}


def _is_tenx(source: Any) -> bool:
    import h5py

    return any(isinstance(one, h5py.Group) and set(one) >= _TENX for one in source.values())


def _classes(
    source: Any, place: str, n_samples: int, spoken: Mapping[str, list[str]], where: str, reading: Reading
) -> dict[str, Value]:
    """The column that holds the classes, of those that describe the samples; the others are left out."""
    import h5py

    columns = _columns(source[place], place, spoken, where) if isinstance(source.get(place), h5py.Group) else {}
    fitting = {name: values for name, values in columns.items() if len(values) == n_samples}
    chosen, _ = labels.choose(fitting, True, reading, alone=False)
    if unused := [name for name in columns if name != chosen]:
        reading.leave_out(f"{place} {listed(unused)}", "columns that describe the samples")
    if chosen is None:
        return {}
    values = fitting[chosen]
    return {"labels": values.astype(str) if values.dtype == object else values}


def _columns(group: Any, place: str, spoken: Mapping[str, list[str]], where: str) -> dict[str, np.ndarray]:
    """The columns of `obs` and the like; categories by their names, empty where there is none."""
    import h5py

    found = {}
    for name in map(str, group):
        item = group[name]
        if name in ("_index", "index", "__categories"):
            continue
        if isinstance(item, h5py.Group):
            values = _categories(item, f"{place}/{name}", spoken, where)
        else:
            values = _value(f"{place}/{name}", item, spoken)
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
    sizes = item["shape"][()].ravel() if isinstance(item.get("shape"), h5py.Dataset) else ()
    sizes = item.attrs.get("shape", item.attrs.get("h5sparse_shape", sizes))
    shape = tuple(int(size) for size in sizes)
    starts = item["indptr"][()]
    if len(shape) != 2 or len(starts) - 1 not in shape:
        raise ValueError("a sparse matrix contradicts itself")
    # 10x names its rows' places and counts columns: there a square matrix would be turned either way.
    by_columns = len(starts) == shape[1] + 1 and ("barcodes" in item or len(starts) != shape[0] + 1)
    made = sparse.csc_matrix if by_columns else sparse.csr_matrix
    matrix = made((item["data"][()], item["indices"][()], starts), shape=shape)
    matrix.check_format(full_check=True)  # SciPy writes beyond its memory where a place lies outside the matrix
    return matrix
