"""What a run has to pause for while there is still room for its checkpoint: a disk or a memory that is nearly full."""

from pathlib import Path

from mmclust import disk, ram, settings


def reached(folder: Path, used_before: float) -> str:
    """Why a run has to pause, one sentence; empty where it may go on.

    Args:
        folder: of the run.
        used_before: MiB of memory that its process used before it began.
    """
    try:
        return _of_disk(folder) or _of_memory(used_before)
    except ValueError as setting:
        return f"{setting}."


def _of_disk(folder: Path) -> str:
    reserve = settings.reserve_mib()
    if not reserve or not disk.is_short(folder, reserve):
        return ""
    return (
        f"Less than {reserve} MiB are left on the disk with {folder.parent.parent}, so the training paused before "
        "the disk is full; free some space and resume (MMCLUST_RESERVE_MIB sets how much is left)."
    )


def _of_memory(used_before: float) -> str:
    reserve, most = settings.memory_reserve_mib(), settings.max_run_mib()
    left, used = ram.left_mib(), ram.used_mib()
    if reserve and left is not None and left < reserve:
        return (
            f"Less than {reserve} MiB of memory are left, so the training paused before the system ends programs; "
            "close others or choose smaller batches, then resume (MMCLUST_MEMORY_RESERVE_MIB sets how much is left)."
        )
    if most and used is not None and used - used_before > most:
        return (
            f"The training has taken {used - used_before:,.0f} MiB of memory and may take {most:,}, so it paused; "
            "raise MMCLUST_MAX_RUN_MIB or choose smaller batches, then resume."
        )
    return ""
