"""The end of the server's process, tried with a server that is small and starts soon."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import pytest

from mmclust.settings import PACKAGE

PATIENCE_S = 120
"""A machine may be busy; none of these tests comes near it elsewhere."""
SERVER = """
import asyncio, ctypes, os, signal, sys, threading, time
from mmclust.ui import ending
ending.LATE_S = 1.0
ending.have_watched()
ending.attend()
{early}
import uvicorn

def say(word="ready"):
    print(word, flush=True)

async def app(scope, receive, send):
    await receive()
    ending.serve()
    await send({{"type": "lifespan.startup.complete"}})
    {work}
    await receive()
    {late}
    ending.leave()

uvicorn.run(app, port=0, log_level="critical", lifespan="on")
"""
FOR_EVER = "time.sleep(1e6)"
# A lock that its holder waits for; native code that keeps the interpreter meanwhile and hears of no signal.
DEADLOCK = (
    "libc = ctypes.PyDLL(None); lock = ctypes.create_string_buffer(64); "
    "libc.pthread_mutex_lock(lock); say(); libc.pthread_mutex_lock(lock)"
)
FORKED = """
    child = os.fork()
    if child == 0:
        say()
        say(os.getpid())
        time.sleep(1e6)
    say(os.waitstatus_to_exitcode(await asyncio.to_thread(lambda: os.waitpid(child, 0)[1])))
"""
IN_BACKGROUND = ("sh", "-c", 'trap "" INT; exec "$@"', "sh")
"""As shells start what is to run in the background: without Ctrl-C, which every program has to want itself."""
posix = pytest.mark.skipif(os.name != "posix", reason="signals and forks of POSIX")


@contextmanager
def server(
    *, early: str = "", work: str = "say()", late: str = "", grace_s: int = 60
) -> Iterator[subprocess.Popen[str]]:
    """A server that has said that it is ready."""
    code = SERVER.format(early=early, work=work, late=late)
    own = {"MMCLUST_GRACE_S": str(grace_s), "PYTHONPATH": str(PACKAGE.parent)}
    command = [*IN_BACKGROUND, sys.executable, "-c", code]
    about = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command, env=os.environ | own, **about)
    try:
        assert _said(process.stdout) == "ready"
        yield process
    finally:
        process.kill()
        process.communicate()


def _said(stream: IO[str] | None) -> str:
    assert stream is not None
    return stream.readline().strip()


def ended(process: subprocess.Popen[str], how: signal.Signals) -> tuple[int, str]:
    """Exit code, and what it wrote to its log, of a process that gets a signal."""
    process.send_signal(how)
    words = process.communicate(timeout=PATIENCE_S)[1]
    return process.returncode, words


@posix
@pytest.mark.parametrize("how", ending_signals := (signal.SIGINT, signal.SIGTERM))
def test_a_server_that_is_told_to_stop_ends_by_itself(how: signal.Signals) -> None:
    with server() as process:
        assert ended(process, how) == (0, "")


@posix
@pytest.mark.parametrize("how", ending_signals)
def test_nothing_that_a_start_does_can_swallow_a_signal(how: signal.Signals) -> None:
    swallowing = "print('ready', flush=True)\nwhile True:\n    try: time.sleep(0.01)\n    except BaseException: pass"
    with server(early=swallowing) as process:
        assert ended(process, how) == (0, "")


@posix
def test_a_thread_that_never_ends_does_not_keep_the_process() -> None:
    with server(work=f"threading.Thread(target=lambda: {FOR_EVER}).start(); say()") as process:
        assert ended(process, signal.SIGTERM) == (0, "")


@posix
@pytest.mark.parametrize(
    "stuck",
    [
        {"work": f"say(); {FOR_EVER}"},
        {"late": "await asyncio.sleep(1e6)"},
        {"late": "await asyncio.to_thread(time.sleep, 1e6)"},
    ],
)
def test_what_never_ends_is_ended_after_the_grace_period_with_its_stacks(stuck: dict[str, str]) -> None:
    with server(**stuck, grace_s=1) as process:
        code, words = ended(process, signal.SIGTERM)
        assert code == 1 and "Timeout" in words and "most recent call first" in words


@posix
def test_native_code_that_keeps_the_interpreter_is_ended_too() -> None:
    with server(work=DEADLOCK, grace_s=1) as process:
        time.sleep(1)  # from what it says to the lock that it never gets; in between Python still hears of signals
        code, words = ended(process, signal.SIGTERM)
        assert code == -signal.SIGABRT and "most recent call first" in words and "in app" in words


def test_a_grace_period_that_is_no_number_is_told_at_the_start() -> None:
    own = {"MMCLUST_GRACE_S": "8s", "PYTHONPATH": str(PACKAGE.parent)}
    command = [sys.executable, "-m", "mmclust.ui"]
    done = subprocess.run(command, env=os.environ | own, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 1 and done.stderr.startswith("MMCLUST_GRACE_S='8s' is not a whole number; unset it")


@posix
def test_ctrl_c_asked_twice_is_not_waited_for() -> None:
    with server(late="say('stopping'); await asyncio.sleep(1e6)") as process:
        process.send_signal(signal.SIGINT)
        assert _said(process.stdout) == "stopping"
        assert ended(process, signal.SIGINT)[0] == 1


@posix
def test_a_forked_process_ends_alone() -> None:
    with server(work=FORKED, grace_s=1) as process:
        os.kill(int(_said(process.stdout)), signal.SIGTERM)
        assert _said(process.stdout) == str(-signal.SIGTERM)
        time.sleep(3)  # the time after which it would be ended with its child
        assert process.poll() is None
        assert ended(process, signal.SIGTERM) == (0, "")
