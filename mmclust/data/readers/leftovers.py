"""Files that no reader takes: named, or counted by their endings, with the reason."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from mmclust.data.readers import archives
from mmclust.data.readers.reading import Reading

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
        reading.leave_out(what, why or kind)
