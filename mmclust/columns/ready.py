"""A process that has loaded what a query needs and answers each in a copy of itself.

Loading takes most of a second, which every query paid that was answered by a process of its own. A copy of a process
that has loaded everything takes some milliseconds. It starts no thread (jemalloc's knows of copies), so that a copy is
a whole process, and no query reaches it: it hands on the socket that question, answer and how the copy ended come
through. Without an owner it ends.
"""

import atexit
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from importlib import import_module
from pathlib import Path
from typing import NoReturn

from mmclust.columns import room
from mmclust.forking import ForkServer

POSSIBLE = hasattr(os, "fork") and hasattr(socket, "send_fds")
"""Where it is not, as on Windows, each query has a new process."""
CODE = struct.Struct("!i")
"""What an answer ends with: the exit code of the copy, negative where a signal ended it."""
LOADED = ("duckdb", "pandas", "pyarrow", "pyarrow.pandas_compat")


class Ready(ForkServer):
    """The owner's side."""

    def __init__(self) -> None:
        variables = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
        super().__init__("mmclust.columns.ready", variables, subprocess.DEVNULL, Path(__file__).parents[2])

    def ask(self, question: bytes) -> tuple[int | None, bytes]:
        """How a copy ended, None where that was not told, and what it said; waits for it.

        Raises:
            OSError: the process has ended meanwhile.
        """
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                socket.send_fds(self._socket, [b"?"], [theirs.fileno()])
            said = bytearray()
            try:
                ours.sendall(question)
                ours.shutdown(socket.SHUT_WR)
            except (BrokenPipeError, ConnectionResetError):  # it ended before it had read everything, and says so
                pass
            try:
                while part := ours.recv(1 << 20):
                    said += part
            except ConnectionResetError:  # likewise; what it said has been read
                pass
        if len(said) < CODE.size:
            return None, b""
        return CODE.unpack(said[-CODE.size :])[0], bytes(said[: -CODE.size])


_lock = threading.Lock()
_kept: list[tuple[int, Ready]] = []
"""The one of this process, and the process it was started by: a copy of that starts its own."""


def one() -> Ready:
    """That of this process, started where there is none; returns at once."""
    with _lock:
        if _kept and (_kept[0][0] != os.getpid() or not _kept[0][1].alive):
            owner, old = _kept.pop()
            if owner == os.getpid():
                old.close()
        if not _kept:
            _kept.append((os.getpid(), Ready()))
        return _kept[0][1]


@atexit.register
def _close() -> None:
    while _kept:
        owner, ready = _kept.pop()
        if owner == os.getpid():
            ready.close()


def main() -> None:
    """Entry of the process; its argument is its end of the socket that orders come through."""
    for name in LOADED:
        import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for keepers
    orders = socket.socket(fileno=int(sys.argv[1]))
    while True:
        said, handles, _, _ = socket.recv_fds(orders, 1, 1)
        if not said:
            os._exit(0)
        if os.fork() == 0:
            orders.close()
            _keep(socket.socket(fileno=handles[0]))
        os.close(handles[0])


def _keep(asked: socket.socket) -> NoReturn:
    """Have one question answered by a copy, and tell how that ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        _answer(asked)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    try:
        asked.sendall(CODE.pack(code))
    finally:
        os._exit(0)


def _answer(asked: socket.socket) -> NoReturn:
    code = 1
    try:
        with asked.makefile("rb") as given:
            out, code = room.served(given)
        asked.sendall(out)
    except BaseException:
        code = 1
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
