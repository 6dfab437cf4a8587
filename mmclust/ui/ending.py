"""How the server's process ends: soon after SIGINT or SIGTERM, and in any case after a while.

Until the app serves, there is nothing to end well, and the process leaves at once. Python's own handler would raise an
exception in whatever the main thread does, which an import can swallow, and where a shell has started the server in the
background there is none: the server then goes on as if nobody had asked. Later uvicorn closes the connections, and the
app ends its training. Meanwhile a clock runs in a thread of C, which needs neither the interpreter nor a lock of it.
When it strikes, the stacks of all threads are written and the process is over. Where the handler itself never runs, as
native code keeps the interpreter or the main thread, a process that watches does the same some seconds later. Runs that
were trained can be resumed from their checkpoints.
"""

import atexit
import faulthandler
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType

from mmclust.settings import grace_s

SIGNALS = (signal.SIGINT, signal.SIGTERM)
CLOSING_S = 2
"""How long connections may take to end by themselves."""
LAST_S = 2.0
"""What is left of the grace period when threads are not waited for any more."""
LATE_S = 5.0
"""How long after the grace period whoever watches ends a process that is still there."""
IN_GOOD_ORDER, AT_ONCE = 0, 1
"""Exit codes: as it was asked, and when it was asked again or had to be forced."""

Handler = Callable[[int, FrameType | None], object]


class _Ending:
    """What this process knows of its end."""

    def __init__(self) -> None:
        self.attending = False
        self.serving = False
        self.over = False
        self.asked_at: float | None = None
        self.then: dict[int, Handler] = {}

    def answer(self, number: int, frame: FrameType | None) -> None:
        """What a signal sets off; takes no lock, as it may interrupt whoever holds it."""
        if self.over:  # uvicorn sends what it has got once more, when it is through
            return
        if self.asked_at is not None:
            if number == signal.SIGINT:  # asked twice, the user does not want to wait
                os._exit(AT_ONCE)
            return
        if not self.serving:
            os._exit(IN_GOOD_ORDER)
        self.asked_at = time.monotonic()
        faulthandler.dump_traceback_later(grace_s(), exit=True, file=2)
        self.then[number](number, frame)


_ending = _Ending()


def attend() -> None:
    """Answer signals from now on; once the app serves, whoever has answered them so far is told."""
    if not _ending.attending:
        _ending.attending = True
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=_be_another)
    for number in SIGNALS:
        before = signal.getsignal(number)
        if before != _ending.answer:
            if callable(before):
                _ending.then[number] = before
            signal.signal(number, _ending.answer)


def _be_another() -> None:
    """A process that this one has forked, such as one that loads data, ends by a signal, and nobody else does."""
    signal.set_wakeup_fd(-1)
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)


def serve() -> None:
    """From now on there is something to end well; to be called by the main thread, within uvicorn's server.

    Nothing changes elsewhere, such as in a test.
    """
    import uvicorn

    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    if not isinstance(server, uvicorn.Server):
        return
    server.config.timeout_graceful_shutdown = CLOSING_S  # without it a stalled connection keeps the server
    attend()
    _ending.serving = True
    if server.should_exit:  # asked while it was loaded
        os._exit(IN_GOOD_ORDER)


def left_s() -> float:
    """Seconds that threads may still be waited for."""
    since = 0.0 if _ending.asked_at is None else time.monotonic() - _ending.asked_at
    return max(0.0, grace_s() - since - LAST_S)


def leave() -> None:
    """End the process now, if a signal has asked for it.

    Python would wait for every thread, and be aborted by those that are inside torch or load it.
    """
    _ending.over = True
    if _ending.asked_at is not None:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(IN_GOOD_ORDER)


def have_watched() -> None:
    """Have a process watch this one; to be called before any thread is started.

    It reads what Python's handler of signals writes, which is written whatever the interpreter does, and ends with this
    process.
    """
    if not hasattr(os, "fork"):
        return
    faulthandler.enable()
    told, tell = os.pipe()
    if os.fork() == 0:
        try:
            os.close(tell)
            _watch(os.getppid(), told)
        finally:
            os._exit(0)
    os.close(told)
    os.set_blocking(tell, False)
    signal.set_wakeup_fd(tell, warn_on_full_buffer=False)


def _watch(server: int, told: int) -> None:
    """Wait for the server's end, from a signal on no longer than it has."""
    for number in SIGNALS:  # a terminal sends them to all
        signal.signal(number, signal.SIG_IGN)
    until = None
    while True:
        left = None if until is None else max(0.0, until - time.monotonic())
        if not select.select([told], [], [], left)[0]:
            break
        got = os.read(told, 64)
        if not got:
            return
        if until is None and any(number in got for number in SIGNALS):
            until = time.monotonic() + grace_s() + LATE_S
    for number in (signal.SIGABRT, signal.SIGKILL):  # the first one writes the stacks
        if os.getppid() != server:  # it has ended, though a process that it forked keeps the pipe: its number is free
            return
        os.kill(server, number)
        time.sleep(LAST_S)
