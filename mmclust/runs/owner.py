"""Which process holds a run or a device, and whether it still lives."""

import os
import platform
from functools import lru_cache
from pathlib import Path


def machine() -> str:
    """Name of this machine."""
    return platform.node() or "localhost"


@lru_cache(maxsize=1)
def _namespace() -> str:
    """The process-id namespace: in two containers of one machine the same number means two processes."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def this_process() -> str:
    """This process, told apart from any other that may get the same process id later."""
    pid = os.getpid()
    return f"{machine()}|{_namespace()}|{pid}|{_birth(pid) or ''}"


def alive(owner: str) -> bool | None:
    """Whether that process lives; None when it cannot be known from here (another machine, another container)."""
    try:
        host, namespace, pid, birth = owner.split("|")
    except ValueError:
        return None
    if host != machine() or namespace != _namespace() or not birth:
        return None
    return pid.isdecimal() and _birth(int(pid)) == birth


def _birth(pid: int) -> str | None:
    """Start time of a process in clock ticks since boot; None when there is none, or only a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()  # the command name before it may hold spaces
    return None if fields[0] in "ZX" else fields[19]
