"""A folder with a file per view: `.mat`, `.npy` or a table; labels have a file of their own or stand beside a view."""

from pathlib import Path

from mmclust.data.dataset import MultiViewDataset
from mmclust.data.readers import arrays, mat, npz, table, tree
from mmclust.data.readers.arrays import Value

TABLES = (".csv", ".tsv")
ENDINGS = (".mat", ".npy", *TABLES)


def is_folder(path: Path) -> bool:
    """Whether a folder holds files of views, and neither pictures nor folders, which pictures come in."""
    if not path.is_dir():
        return False
    items = [item for item in path.iterdir() if not item.name.startswith(".")]
    others = any(item.is_dir() or item.suffix.lower() in tree.PICTURES for item in items)
    return any(_is_view(item) for item in items) and not others


def files(path: Path) -> list[Path]:
    """The files of the views, counted as people count."""
    names = arrays.natural(item.name for item in path.iterdir() if _is_view(item))
    return [path / name for name in names]


def _is_view(path: Path) -> bool:
    return path.suffix.lower() in ENDINGS and not path.name.startswith(".") and path.is_file()


def read(path: Path) -> MultiViewDataset:
    """Read a folder of views; one that holds a single `.mat` is that file.

    Raises:
        ValueError: what is wrong with a file, in one sentence.
    """
    found = files(path)
    if len(found) > 2 * arrays.MAX_VIEWS:
        raise ValueError(f"{path.name} holds {len(found)} files; at most {arrays.MAX_VIEWS} views are read")
    if len(found) == 1 and found[0].suffix.lower() == ".mat":
        return mat.read(found[0])
    views: dict[str, Value] = {}
    tables = {}
    for file in found:
        if file.suffix.lower() in TABLES:
            tables[file.stem] = table.read(file)
        elif file.suffix.lower() == ".npy":
            views[file.stem] = npz.array(file)
        else:
            views |= _of_mat(file)
    views |= table.split_labels(tables)
    return arrays.assemble(path.resolve().name, views, path.name)


def _of_mat(file: Path) -> dict[str, Value]:
    """The view of one `.mat`, under the file's name, and labels where it holds some."""
    found = mat.variables(file)
    labels = {key: value for key, value in found.items() if arrays.is_label_name(key)}
    if arrays.is_label_name(file.stem) and len(found) == 1:
        return {file.stem: next(iter(found.values()))}
    views = {key: value for key, value in found.items() if key not in labels and hasattr(value, "shape")}
    if len(views) > 1:
        raise ValueError(f"{file.name} holds {', '.join(views)}; a file of a folder may hold one view and its labels")
    return {**labels, **dict(zip([file.stem], views.values(), strict=False))}
