"""Main memory: how much is left to this machine or container, and how much this process uses."""

from pathlib import Path

MEMINFO, STATUS = Path("/proc/meminfo"), Path("/proc/self/status")
GROUP = Path("/sys/fs/cgroup")
"""Where Linux tells of a container's memory (cgroup 2)."""


def left_mib() -> float | None:
    """MiB that programs can still take: of the machine or of this container, whichever is less; None if unknown."""
    known = [size for size in (_field(MEMINFO, "MemAvailable"), _left_in_group()) if size is not None]
    return min(known) if known else None


def used_mib() -> float | None:
    """MiB that this process has in memory; None where the system does not tell."""
    return _field(STATUS, "VmRSS")


def _field(path: Path, name: str) -> float | None:
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:")), None)


def _left_in_group() -> float | None:
    try:
        limit = (GROUP / "memory.max").read_text().strip()
        used = int((GROUP / "memory.current").read_text())
        fields = dict(line.split() for line in (GROUP / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        return None
    if not limit.isdigit():
        return None
    # Cached files count as used, and are given up when memory is needed.
    return max(0, int(limit) - used + int(fields.get("inactive_file", 0))) / 2**20
