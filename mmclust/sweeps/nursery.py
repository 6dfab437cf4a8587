"""A process that has loaded what training needs and becomes a worker of a sweep whenever one is asked for.

Loading takes seconds of processor time; a copy of a process that has done so takes none. It starts no thread, so that
a copy is a whole process, and opens neither a store nor a GPU. A crash of a worker reaches neither it nor the others.

Orders come through a socket, each with the worker's input, output and log. A worker's output begins with the line
`pid NUMBER` and ends with `code NUMBER`, how it ended. Without an owner the nursery ends.
"""

import atexit
import gc
import json
import os
import selectors
import signal
import socket
import struct
import sys
import threading
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from mmclust import worker
from mmclust.forking import ForkServer
from mmclust.sweeps import worker as sweep_worker

PID, CODE = "pid", "code"
SIZE = struct.Struct("!Q")
"""What an order begins with, and the streams come with: how many bytes of JSON follow."""


class Nursery(ForkServer):
    """The owner's side: started with the first worker, and anew where it has ended.

    Args:
        variables: environment of the process.
        log: file that what it says is added to.
    """

    def __init__(self, variables: dict[str, str], log: Path) -> None:
        self._lock = threading.Lock()
        with log.open("ab") as output:
            super().__init__("mmclust.sweeps.nursery", variables, output)

    def start(self, places: int, variables: dict[str, str], streams: tuple[int, int, int]) -> None:
        """Ask for a worker; returns at once.

        Args:
            places: runs of sweeps that may share a device.
            variables: the worker's environment.
            streams: its input, output and log.

        Raises:
            OSError: the nursery has ended meanwhile.
        """
        order = json.dumps({"places": places, "variables": variables}).encode()
        with self._lock:
            socket.send_fds(self._socket, [SIZE.pack(len(order))], list(streams))
            self._socket.sendall(order)


_lock = threading.Lock()
_nurseries: list[Nursery] = []
"""The one of this process, kept for its next sweep."""


@atexit.register
def _close() -> None:
    while _nurseries:
        _nurseries.pop().close()


def nursery(variables: dict[str, str], log: Path) -> Nursery:
    """The nursery of this process, started where there is none."""
    with _lock:
        if _nurseries and not _nurseries[0].alive:
            _nurseries.pop().close()
        if not _nurseries:
            _nurseries.append(Nursery(variables, log))
        return _nurseries[0]


@dataclass
class _Order:
    """What a worker is made of."""

    places: int
    variables: dict[str, str]
    streams: list[int]


@dataclass
class _Children:
    """The nursery's side: its workers' outputs, by their process."""

    orders: socket.socket
    outputs: dict[int, int] = field(default_factory=dict)

    def start(self, order: _Order) -> None:
        """Become a worker in a copy of this process."""
        pid = os.fork()
        if pid == 0:
            self._become(order)
        given, output, log = order.streams
        os.close(given)
        os.close(log)
        self.outputs[pid] = output

    def report_ended(self) -> None:
        """Tell the owners of workers that have ended how they did."""
        while self.outputs:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            output = self.outputs.pop(pid)
            try:
                os.write(output, f"{CODE} {os.waitstatus_to_exitcode(status)}\n".encode())
            except BrokenPipeError:  # its owner has ended
                continue
            finally:
                os.close(output)

    def _become(self, order: _Order) -> NoReturn:
        code = 1
        try:
            os.setpgid(0, 0)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self.orders.close()
            for output in self.outputs.values():  # an owner waits for the end of them
                os.close(output)
            for stream, number in zip(order.streams, range(3), strict=True):
                os.dup2(stream, number)
                os.close(stream)
            os.environ.clear()
            os.environ.update(order.variables)
            os.write(1, f"{PID} {os.getpid()}\n".encode())
            sweep_worker.work(order.places)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)


def main() -> None:
    """Entry of the process; its argument is its end of the socket that orders come through."""
    worker.load_all()
    gc.collect()
    gc.freeze()  # what is loaded stays shared with the workers: their collectors leave it alone
    awake, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    _serve(_Children(socket.socket(fileno=int(sys.argv[1]))), awake)
    os._exit(0)  # taking torch down costs a second


def _serve(children: _Children, awake: int) -> None:
    """Start workers as they are ordered, and report them as they end, until there is no owner.

    Args:
        children: with the socket of the orders.
        awake: has a byte to read when a worker has ended.
    """
    with selectors.DefaultSelector() as selector:
        selector.register(children.orders, selectors.EVENT_READ)
        selector.register(awake, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fd == awake:
                    os.read(awake, 1024)
                    children.report_ended()
                elif (order := _next(children.orders)) is not None:
                    children.start(order)
                else:
                    return


def _next(orders: socket.socket) -> _Order | None:
    """The next order; None when there is no owner any more."""
    size, streams, _, _ = socket.recv_fds(orders, SIZE.size, 3)
    if not size:
        return None
    asked = json.loads(orders.recv(SIZE.unpack(size)[0], socket.MSG_WAITALL))
    return _Order(**asked, streams=streams)


if __name__ == "__main__":
    main()
