"""Ctrl-C and SIGTERM end a run in good order: both can be resumed."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from mmclust.runs.active import ActiveRun


class Signals:
    """What signals have asked for, passed on to the run as soon as there is one."""

    def __init__(self) -> None:
        self.stopping = False
        self._run: ActiveRun | None = None
        self._asked: Callable[[ActiveRun], None] | None = None

    def pass_on_to(self, run: ActiveRun) -> None:
        """From now on this run is told, also of what came before."""
        self._run = run
        if self._asked is not None:
            self._asked(run)

    def stop(self, *_: Any) -> None:
        """Stop the run; asked twice, the user does not want to wait for the next step."""
        if self.stopping and self._run is not None:
            raise KeyboardInterrupt
        self._ask(lambda run: run.stop())

    def terminate(self, *_: Any) -> None:
        """Interrupt the run: the process is about to go."""
        self._ask(lambda run: run.interrupt("The process received SIGTERM. Resume to continue."))

    def _ask(self, what: Callable[[ActiveRun], None]) -> None:
        self.stopping, self._asked = True, what
        if self._run is not None:
            what(self._run)


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
