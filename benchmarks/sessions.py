"""Many visitors at once: WebSocket clients that open pages one after the other, as browsers ask for them."""

import asyncio
import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

THINKING_S = 5.0
"""Mean pause of a visitor between two pages, drawn anew each time from half of it to one and a half times."""
PATIENCE_S = 120
FAILED = "because of an internal error"
"""What a page says of an error that is a defect (`mmclust.ui.shell.frame`)."""


def response_times(
    address: str,
    pages: tuple[str, ...],
    query: str,
    *,
    sessions: int,
    visits: int,
    thinking_s: float = THINKING_S,
    patience_s: float = PATIENCE_S,
) -> list[float]:
    """Milliseconds from asking for a page until its script has ended, of all visits of all sessions.

    The visitors live in a process of their own.

    Args:
        address: of the server, http://host:port.
        pages: path of each page, visited in turns, every session beginning with another one.
        query: of the address, without the question mark.
        sessions: at once, each on a connection of its own.
        visits: pages that each session opens, after a first one that is not counted.
        thinking_s: mean pause between two pages.
        patience_s: how long a visitor waits for a page.

    Raises:
        RuntimeError: a visitor got no answer, or a page that failed.
    """
    wanted = json.dumps([address, pages, query, sessions, visits, thinking_s, patience_s])
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.sessions"],
        input=wanted,
        capture_output=True,
        text=True,
        cwd=Path(__file__).resolve().parents[1],
    )
    if done.returncode:
        raise RuntimeError(f"the visitors failed: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout)


async def _all(
    address: str, pages: tuple[str, ...], query: str, sessions: int, visits: int, thinking_s: float, patience_s: float
) -> list[float]:
    url = address.replace("http://", "ws://") + "/_stcore/stream"
    found = await asyncio.gather(
        *(_visitor(url, pages, query, number, visits, thinking_s, patience_s) for number in range(sessions))
    )
    return [took for of_visitor in found for took in of_visitor]


async def _visitor(
    url: str, pages: tuple[str, ...], query: str, number: int, visits: int, thinking_s: float, patience_s: float
) -> list[float]:
    draw, times = random.Random(number), []
    about: dict[str, Any] = {"max_size": None, "open_timeout": patience_s, "ping_timeout": patience_s}
    async with connect(url, **about, subprotocols=[Subprotocol("streamlit")]) as socket:
        for visit in range(visits + 1):
            await asyncio.sleep(thinking_s * (0.5 + draw.random()))
            began = time.perf_counter()
            await asyncio.wait_for(_open(socket, pages[(number + visit) % len(pages)], query), patience_s)
            if visit:
                times.append(1000 * (time.perf_counter() - began))
    return times


async def _open(socket: ClientConnection, page: str, query: str) -> None:
    """Ask for a page and read until its script has begun and ended; what an earlier one still sends is passed over."""
    asked = BackMsg()
    asked.rerun_script.query_string = query
    asked.rerun_script.page_name = page
    await socket.send(asked.SerializeToString())
    begun = False
    while True:
        answer = ForwardMsg()
        answer.ParseFromString(await socket.recv(decode=False))
        kind = answer.WhichOneof("type")
        if kind == "delta" and _has_failed(answer):
            raise RuntimeError(f"the page {page or 'home'} failed")
        begun = begun or kind == "new_session"
        early = kind == "script_finished" and answer.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN
        if begun and kind == "script_finished" and not early:
            return


def _has_failed(answer: ForwardMsg) -> bool:
    """Whether a part of a page says that the page has failed."""
    element = answer.delta.new_element
    return element.HasField("exception") or (element.HasField("alert") and FAILED in element.alert.body)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_all(*json.loads(sys.stdin.read())))))
