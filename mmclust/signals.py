"""Ctrl-C and SIGTERM end a run in good order: both can be resumed."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from mmclust.runs.active import ActiveRun


class Signals:
    """What signals have asked for, passed on to the run as soon as there is one."""

    def __init__(self) -> None:
        self.run: ActiveRun | None = None
        self.stopping = False

    def stop(self, *_: Any) -> None:
        """Stop the run; asked twice, the user does not want to wait for the next step."""
        if self.stopping and self.run is not None:
            raise KeyboardInterrupt
        self.stopping = True
        if self.run is not None:
            self.run.stop()

    def terminate(self, *_: Any) -> None:
        """Interrupt the run: the process is about to go."""
        self.stopping = True
        if self.run is not None:
            self.run.interrupt("The process received SIGTERM. Resume to continue.")


@contextmanager
def received_signals() -> Iterator[Signals]:
    """Within this, SIGINT and SIGTERM are noted instead of ending the process; for the main thread only."""
    signals = Signals()
    handlers = {signal.SIGINT: signals.stop, signal.SIGTERM: signals.terminate}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
