"""Files that no reader takes: named, or counted by their endings, with the reason."""

from pathlib import PurePosixPath

from mmclust.data.readers import archives
from mmclust.data.readers.reading import Reading

PICKLES = (".pkl", ".pickle", ".joblib", ".pt", ".pth")


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
        reading.leave_out(what, why or kind)
