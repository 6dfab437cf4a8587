"""The owner's side of a process that has loaded what its copies need, and copies itself when it is asked to.

Questions and orders come to it through a socket, by which it knows of its owner's end, too. What it loads and what a
copy does stands in the module that it runs: `mmclust.columns.ready` for queries, `mmclust.sweeps.nursery` for workers.
"""

import socket
import subprocess
import sys
from pathlib import Path
from typing import IO


class ForkServer:
    """A process of a module, which gets the number of its end of the socket as its argument.

    Args:
        module: full name.
        variables: its environment.
        output: where what it says goes: a file, or subprocess.DEVNULL.
        folder: that it works in; None for this process's.
    """

    def __init__(
        self, module: str, variables: dict[str, str], output: int | IO[bytes], folder: Path | None = None
    ) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                cwd=folder,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # Ctrl-C reaches copies through their owner. Not a session of its own: Linux shares the processor out
                # by sessions, and a parent that was put behind others would leave its copies among them.
                process_group=0,
            )

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def close(self) -> None:
        """End it; its copies go on with what they do."""
        self._socket.close()
        self._process.kill()
        self._process.wait()
