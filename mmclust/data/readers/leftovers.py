"""Files that no reader takes: named, or counted by their endings, with the reason."""

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from mmclust.data.readers import archives
from mmclust.data.readers.reading import Reading

_REMEDIES = {
    (".xls", ".xlsb", ".ods", ".numbers"): "is a workbook of a kind that is not read; save it as .xlsx, or its sheet "
    "as CSV (UTF-8)",
    (".rds", ".rdata", ".rda"): "is a file of R, which is not read; write its table with write.csv",
    (".sav", ".dta", ".sas7bdat", ".por"): "is a file of SPSS, Stata or SAS, which is not read; export it as CSV",
    (".sqlite", ".sqlite3", ".db", ".sql"): "is a database, which is not read; export its table as CSV",
    (".dcm", ".dicom"): "is a DICOM file, which is not read; convert the series to PNG",
    (".nii", ".nii.gz", ".nrrd", ".mha", ".mgz"): "is a volume, which is not read; save slices as PNG, or voxels "
    "with numpy.save",
    (
        ".wav",
        ".mp3",
        ".flac",
        ".ogg",
    ): "is a sound, which is not read; save features such as a spectrogram of each with numpy.savez",
    (".mp4", ".avi", ".mov", ".mkv", ".webm"): "is a video, which is not read; save frames as PNG or JPEG",
    (
        ".tfrecord",
        ".tfrecords",
        ".lmdb",
        ".mdb",
        ".rec",
    ): "is a file of records, which is not read; save the images and labels with numpy.savez, or as a folder per class",
    (".7z", ".rar", ".zst"): "is an archive of another kind; unpack it and give the folder",
    (".ts", ".sktime"): "holds time series in a format that is not read; save them as CSV, a series in a row",
    (".nc", ".nc4", ".cdf", ".hdf", ".fits", ".root", ".grib"): "holds arrays in a format that is not read; save them "
    "with numpy.savez",
    (
        ".safetensors",
        ".ckpt",
        ".onnx",
        ".pb",
        ".keras",
    ): "holds tensors or a model, which are not read; save the arrays with numpy.savez",
    (".geojson", ".kml", ".shp", ".gpkg"): "is a map, which is not read; export the table of its places as CSV",
    (".bin", ".raw"): "holds bytes that say nothing of their form; save the arrays with numpy.savez",
    (".zarr",): "is a Zarr store, which is not read; save its arrays with numpy.savez",
    (".pdf", ".doc", ".docx", ".html", ".xml", ".yaml", ".yml"): "is a document, which is not read; give the data it "
    "speaks of",
}


def remedy(name: str) -> str | None:
    """What to do about a file of a known kind that is not read; None for an unknown kind."""
    plain = _COUNTED.sub("", name.lower())
    return next((told for endings, told in _REMEDIES.items() if plain.endswith(endings)), None)


_COUNTED = re.compile(r"(-\d+-of-\d+)?(\.gz|\.bz2|\.xz)?$")
"""What may stand behind an ending: `train.tfrecord-00000-of-00010.gz`."""
PICKLES = (".pkl", ".pickle", ".joblib", ".pt", ".pth")


def is_pickle(name: str) -> bool:
    """Whether a file is a pickle by its name, packed or not."""
    return _COUNTED.sub("", name.lower()).endswith(PICKLES)


def refuse_placeholder(head: bytes, where: str) -> None:
    """Refuse what stands where data should be: a pointer of git LFS, or the page that a download has led to.

    Args:
        head: the first bytes of the file.
        where: its name.

    Raises:
        ValueError: it is one, and what to do.
    """
    if head.startswith(b"version https://git-lfs"):
        raise ValueError(f"{where} is a pointer of git LFS, not the data; fetch that with git lfs pull")
    if head.lstrip()[:15].lower().startswith((b"<!doctype html", b"<html")):
        raise ValueError(
            f"{where} is a web page, not the data; the download has led to a page, so fetch the file again"
        )


INNER = "is an archive in another; unpack it, and give the folder"
"""What to do about archives that lie in what is given."""


_PICKLE_STARTS = tuple(bytes((128, version)) for version in range(2, 6))
_LOOKED_AT = 8
"""Files without a usual ending whose first bytes are looked at."""


def refuse_pickles(path: Path, names: Sequence[str], only: Sequence[str]) -> None:
    """Refuse a folder or archive without pictures whose files are pickles, as CIFAR's are, whatever they are called.

    Raises:
        ValueError: there are some.
    """
    chosen = [name for name in names if is_pickle(name) or not PurePosixPath(name).suffix][:_LOOKED_AT]
    wanted = set(chosen)
    for name, data in archives.heads(path, chosen, wanted.__contains__, None, only) if chosen else ():
        if data.startswith(_PICKLE_STARTS) or is_pickle(name):
            raise ValueError(
                f"{path.name} holds pickles such as {archives.shown(name)}, which may run any program when they are "
                "opened, so none is read; save their arrays with numpy.savez, the images or views under names such as "
                "x_train and x_test, the labels under y_train and y_test"
            )


def of_nothing(path: Path, names: Sequence[str]) -> str:
    """The sentence for a folder or archive that holds no pictures and no numbers."""
    if path.is_dir() and (told := remedy(path.name)) is not None:
        return f"{path.name} {told}"
    telling = [(name, INNER if name.lower().endswith(archives.ARCHIVES) else remedy(name)) for name in sorted(names)]
    known = [(name, told) for name, told in telling if told is not None]
    if known:  # a page about the data says less than the data
        name, told = min(known, key=lambda one: one[1].startswith("is a document"))
        return f"{path.name} holds files such as {archives.shown(name)}, which {told}"
    others = sorted({PurePosixPath(name).suffix.lower() or "files without an ending" for name in names})
    held = f"; it holds {', '.join(others[:6])}" if others else ""
    return f"{path.name} holds no pictures such as .png or .jpg{held}; put some in, a folder per class"


def tell(names: list[str], reading: Reading) -> None:
    """Say which files are not read: few by their names, many by their endings."""
    by_ending: dict[str, list[str]] = {}
    for name in names:
        by_ending.setdefault(PurePosixPath(name).suffix.lower(), []).append(name)
    for ending, members in sorted(by_ending.items()):
        what = archives.shown(members[0]) if len(members) == 1 else f"{len(members):,} files"
        why = (
            "a pickle, which may run any program when it is opened; save it with numpy.savez"
            if is_pickle(members[0])
            else ""
        )
        kind = f"{ending} files are not read" if ending and len(members) == 1 else ending or "no ending"
        kind = f"{ending}: numbers beside pictures; save both with numpy.savez" if ending in _NUMBERS else kind
        known = INNER if ending in _PACKED else remedy(members[0]) if ending in _WORTH else None
        reading.leave_out(what, why or (f"{ending}: {known.partition('; ')[2]}" if known else kind))


_PACKED = frozenset(PurePosixPath(f"a{ending}").suffix for ending in archives.ARCHIVES) - {".gz", ".bz2", ".xz"}
_NUMBERS = (".npy", ".npz", ".mat", ".h5", ".hdf5")
"""Endings of files that are read where they come without pictures."""
_WORTH = (".xls", ".xlsb", ".ods", ".rds", ".rdata", ".dcm")
"""Endings of files that may hold the very data or labels: how to make them readable is said where they are left out."""
