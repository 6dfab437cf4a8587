"""Programs of the project in processes of their own, without the seconds of processor time that loading takes.

One process has loaded torch, Streamlit and the rest (`loaded`); every program is a copy of it with the variables of the
test. What is loaded when is seen by tests that start `sys.executable`, and by those of a first visit.
"""

import atexit
import multiprocessing
import os
import signal
import subprocess
import sys
from functools import cache
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from pathlib import Path
from types import ModuleType

TESTS = Path(__file__).resolve().parent


class Program:
    """A program that runs, with the methods of `subprocess.Popen` that tests use; it reads no input.

    Args:
        code: of its main module; `module` writes it for one that is run by name.
        arguments: after the program's name.
        output: file for what it prints.
        complaints: file for what it prints to its standard error; the same one is possible.
    """

    def __init__(self, code: str, *arguments: str, output: Path, complaints: Path) -> None:
        self.output, self.complaints = output, complaints
        about = (code, arguments, dict(os.environ), output, complaints)
        self._process = _copies().Process(target=_become, args=about)
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")  # copies would run a page that a test of pages has left there
        try:
            self._process.start()
        finally:
            sys.modules["__main__"] = main
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    @property
    def returncode(self) -> int | None:
        """How it ended, as in `subprocess`; None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """How it ended; None while it runs."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """How it ended, once it has.

        Raises:
            subprocess.TimeoutExpired: it runs still.
        """
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired("the program", timeout or 0.0)
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """What it has printed and what it has complained of, once it has ended."""
        self.wait(timeout)
        return self.output.read_text(), self.complaints.read_text()

    def terminate(self) -> None:
        """Ask it to end."""
        self._process.terminate()

    def kill(self) -> None:
        """End it."""
        self._process.kill()

    def interrupt(self) -> None:
        """What Ctrl-C does."""
        os.kill(self.pid, signal.SIGINT)


def module(name: str) -> str:
    """Code of a program that `python -m NAME` runs."""
    return f"import runpy; runpy.run_module({name!r}, run_name='__main__', alter_sys=True)"


@cache
def _copies() -> ForkServerContext:
    """Makes copies of a process that has loaded everything, which starts now."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["loaded"])
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(TESTS), str(TESTS.parent)])
    try:
        forkserver.ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before
    return context


def _become(code: str, arguments: tuple[str, ...], variables: dict[str, str], output: Path, complaints: Path) -> None:
    """Body of a copy: be that program."""
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(TESTS.parent)
    for number, file in ((1, output), (2, complaints)):
        stream = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(stream, number)
        os.close(stream)
    sys.argv = ["program", *arguments]
    try:
        exec(compile(code, "<program>", "exec"), {"__name__": "__main__"})
    finally:
        atexit._run_exitfuncs()  # which copies do not do by themselves
