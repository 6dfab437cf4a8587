"""Files that no reader takes: named, or counted by their endings, with the reason."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from mmclust.data.readers import archives
from mmclust.data.readers.reading import Reading

_REMEDIES = {
    (".xlsx", ".xls", ".xlsm", ".ods", ".numbers"): "is a workbook, which is not read; save its sheet as CSV (UTF-8)",
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
    (".pdf", ".doc", ".docx", ".html", ".xml", ".yaml", ".yml"): "is a document, which is not read; give the data it "
    "speaks of",
}


def remedy(name: str) -> str | None:
    """What to do about a file of a known kind that is not read; None for an unknown kind."""
    return next((told for endings, told in _REMEDIES.items() if name.lower().endswith(endings)), None)


PICKLES = (".pkl", ".pickle", ".joblib", ".pt", ".pth")


_PICKLE_STARTS = tuple(bytes((128, version)) for version in range(2, 6))
_LOOKED_AT = 8
"""Files without a usual ending whose first bytes are looked at."""


def refuse_pickles(path: Path, names: Sequence[str], only: Sequence[str]) -> None:
    """Refuse a folder or archive without pictures whose files are pickles, as CIFAR's are, whatever they are called.

    Raises:
        ValueError: there are some.
    """
    chosen = [name for name in names if PurePosixPath(name).suffix.lower() in ("", *PICKLES)][:_LOOKED_AT]
    wanted = set(chosen)
    for name, data in archives.heads(path, chosen, wanted.__contains__, None, only) if chosen else ():
        if data.startswith(_PICKLE_STARTS):
            raise ValueError(
                f"{path.name} holds pickles such as {archives.shown(name)}, which may run any program when they are "
                "opened, so none is read; save their arrays with numpy.savez, the images or views under names such as "
                "x_train and x_test, the labels under y_train and y_test"
            )


def tell(names: list[str], reading: Reading) -> None:
    """Say which files are not read: few by their names, many by their endings."""
    by_ending: dict[str, list[str]] = {}
    for name in names:
        by_ending.setdefault(PurePosixPath(name).suffix.lower(), []).append(name)
    for ending, members in sorted(by_ending.items()):
        what = archives.shown(members[0]) if len(members) == 1 else f"{len(members):,} files"
        why = (
            "a pickle, which may run any program when it is opened; save it with numpy.savez"
            if ending in PICKLES
            else ""
        )
        kind = f"{ending} files are not read" if ending and len(members) == 1 else ending or "no ending"
        known = remedy(members[0]) if ending in _WORTH else None
        reading.leave_out(what, why or (f"{ending}: {known.partition('; ')[2]}" if known else kind))


_WORTH = (".xlsx", ".xls", ".ods", ".rds", ".rdata", ".dcm")
"""Endings of files that may hold the very data or labels: how to make them readable is said where they are left out."""
