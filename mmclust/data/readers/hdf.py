"""HDF5 files: arrays of equal length anywhere in one, and single-cell data as AnnData lays them out (.h5ad).

Reading these few groups needs no package beyond h5py; anndata would bring a dozen more.
"""

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


def variables(path: Path, reading: Reading) -> dict[str, Value]:
    """The arrays in a file by name; of AnnData `X` and what `obsm` holds, and the classes among the columns of `obs`.

    Raises:
        ValueError: it cannot be read, points to other files, or is too much.
    """
    import h5py

    try:
        with h5py.File(path, "r") as source:
            if isinstance(source.get("obs"), h5py.Group) and "X" in source:
                return _anndata(source, path.name, reading)
            return _arrays(source, path.name, reading)
    except (OSError, RuntimeError, KeyError, TypeError, IndexError, ValueError, AttributeError, OverflowError) as error:
        if path.name in str(error):
            raise
        raise ValueError(f"{path.name} cannot be read as HDF5 ({first_line(error)}); copy it again") from None


def _arrays(source: Any, where: str, reading: Reading) -> dict[str, Value]:
    import h5py

    found: dict[str, Value] = {}
    pending, left, n_items = [(source, "", 0)], MAX_BYTES, 0
    while pending:
        group, prefix, depth = pending.pop()
        for name in map(str, group):
            n_items += 1
            if n_items > MAX_ITEMS:
                raise ValueError(f"{where} holds more than {MAX_ITEMS:,} arrays; give a part of it")
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                reading.leave_out(f"{prefix}{name}"[-60:], "points to another file")
                continue
            item = group[name]
            if isinstance(item, h5py.Group):
                if depth < MAX_DEPTH:
                    pending.append((item, f"{prefix}{name}_", depth + 1))
            elif isinstance(item, h5py.Dataset):
                left -= item.nbytes
                value = _value(item, where, left)
                if value is None:
                    reading.leave_out(f"{prefix}{name}"[-60:], "neither numbers nor words")
                else:
                    found[name if name not in found else f"{prefix}{name}"] = value
    return found


def _value(item: Any, where: str, left: int) -> Any:
    """A data set as numbers or words; None for anything else."""
    if left < 0:
        raise ValueError(f"{where} unpacks to more than {MAX_BYTES >> 30} GiB; give a part of it")
    if item.external or item.is_virtual:
        raise ValueError(f"{where} points to data in another file; save it again as one file")
    if item.dtype.kind in "OS":
        values = item[()]
        return [_word(value) for value in np.ravel(values).tolist()] if np.ndim(values) else _word(values)
    return item[()] if item.dtype.kind in "biuf" and item.ndim else None


def _word(value: Any) -> str:
    return value.decode("utf-8", errors="replace") if isinstance(value, bytes) else str(value)


def _anndata(source: Any, where: str, reading: Reading) -> dict[str, Value]:
    """`X` and the matrices of `obsm` as views, classes among the columns of `obs`."""
    import h5py

    columns = {}
    for name in map(str, source["obs"]):
        item = source["obs"][name]
        values = _categorical(item, where) if isinstance(item, h5py.Group) else _value(item, where, MAX_BYTES)
        if values is not None and name not in ("_index", "index", "__categories"):
            columns[name] = np.array(values, object) if isinstance(values, list) else np.asarray(values)
    views: dict[str, Value] = {"X": _matrix(source["X"], where)}
    n_samples = views["X"].shape[0]
    for name in map(str, source.get("obsm", {})):
        item = source["obsm"][name]
        value = _matrix(item, where)
        if value is not None and value.ndim == 2 and value.shape[0] == n_samples and value.shape[1] > 1:
            picture = words.tokens(name)[-1:] in (["umap"], ["tsne"], ["draw"], ["spatial"])
            if picture:
                reading.leave_out(f"obsm {name}", "a picture of the others in two dimensions")
            else:
                views[f"obsm {name}"] = value
    if len(views) > 1 and "X" in views:
        derived = [name for name in views if name.startswith("obsm X_pca") or name == "obsm X_pca"]
        for name in derived:
            if labels.use(name, reading, what="is computed from X") != labels.FEATURE:
                reading.leave_out(name, "computed from X")
                del views[name]
    fitting = {name: values for name, values in columns.items() if len(values) == n_samples}
    chosen, _ = labels.choose({k: v for k, v in fitting.items() if v.dtype.kind in "biufO"}, True, reading, alone=False)
    unused = [name for name in columns if name != chosen]
    if unused:
        reading.leave_out(f"obs {listed(unused)}", "columns that describe the samples")
    return views | (
        {}
        if chosen is None
        else {"labels": fitting[chosen].astype(str) if fitting[chosen].dtype == object else fitting[chosen]}
    )


def _categorical(group: Any, where: str) -> list[str] | None:
    """A column of categories as words, empty where there is none."""
    if "codes" not in group or "categories" not in group:
        return None
    names = _value(group["categories"], where, MAX_BYTES)
    codes = group["codes"][()]
    names = [str(name) for name in (names if isinstance(names, list) else np.asarray(names).tolist())]
    if len(codes) and (codes.max() >= len(names) or codes.min() < -1):
        raise ValueError(f"{where} names {len(names)} categories and points beyond them; the file is damaged")
    return ["" if code < 0 else names[code] for code in codes.tolist()]


def _matrix(item: Any, where: str) -> Any:
    """A matrix, dense or in compressed rows or columns."""
    import h5py
    from scipy import sparse

    if isinstance(item, h5py.Dataset):
        return _value(item, where, MAX_BYTES - item.nbytes)
    if not all(part in item for part in ("data", "indices", "indptr")):
        return None
    shape = tuple(int(size) for size in item.attrs.get("shape", item.attrs.get("h5sparse_shape", ())))
    kind = _word(item.attrs.get("encoding-type", item.attrs.get("h5sparse_format", "csr_matrix")))
    made = sparse.csc_matrix if "csc" in kind else sparse.csr_matrix
    matrix = made((item["data"][()], item["indices"][()], item["indptr"][()]), shape=shape)
    matrix.check_format(full_check=True)  # SciPy writes beyond its memory where a place lies outside the matrix
    return matrix
