"""What the server does at its start, after the first paint and at its end; knows no page."""

import asyncio
import gc
import inspect
import logging
import threading
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mmclust import settings
from mmclust.runs import caches
from mmclust.ui.home import gallery
from mmclust.ui.shell import cache, files, frame, jobs

SHOWN = "/shown"
"""Where a browser tells that it shows the first page."""

log = logging.getLogger(__name__)


def _modules(folder: Path) -> Iterator[str]:
    """Full names of the modules of this room, itself left out."""
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        if path != Path(__file__):
            yield ".".join(("mmclust", "ui", *(part for part in parts if part != "__init__")))


EARLY = (
    "pyarrow",
    "scipy.optimize",
    "plotly.graph_objects",
    "sqlalchemy.dialects.sqlite",
    "PIL.PngImagePlugin",
    "PIL.JpegImagePlugin",
    *_modules(Path(__file__).parent),
)
"""Loaded before the first user comes, so that no first page waits for them; none of them needs torch."""

LATE = ("torch", "torchvision", "mmclust.worker", "mmclust.engine.trainer")
"""Loaded in the background once a browser shows the first page, so that Start answers at once."""

UNSEEN_S = 10.0
"""How long a browser is waited for that shows the page; what asks for pages may be none."""
REST_S = 1.0
"""How long its charts and pictures have the server for themselves."""

LAST = ("openTSNE", "pytorch_grad_cam")
"""Loaded some time later: they take seconds, and the first t-SNE or Grad-CAM would wait for them."""


LOADING_S = 120.0
"""How long a library may take to load before a server that ends does not wait for it any more."""


class _Warmer:
    """Loads `LATE` once, and only in a process that serves pages."""

    def __init__(self) -> None:
        self.armed = False
        self.thread: threading.Thread | None = None
        self.shown = threading.Event()
        self.stop = threading.Event()
        self.deciding = threading.Lock()

    def run(self) -> None:
        self.shown.wait(UNSEEN_S)
        if not self.stop.wait(REST_S):
            _load(LATE, self.stop)
            _spare_collector()
            with self.deciding:  # once the server is told to stop, nothing begins any more
                if not self.stop.is_set():
                    _take_up_queue()
        if not self.stop.wait(20.0):
            _load(LAST, self.stop)
            _spare_collector()
            caches.clean(settings.home())

    def end(self) -> None:
        """Let it begin nothing more; what it has begun may go on for a while."""
        with self.deciding:
            self.stop.set()
        self.shown.set()


_warmer = _Warmer()


async def start() -> None:
    """Load what the first page needs; the server answers nobody before this is done."""
    await asyncio.to_thread(_load, EARLY)
    await asyncio.to_thread(_rehearse)
    _spare_collector()
    _warmer.armed = True


async def stop() -> None:
    """Tell jobs to stop and wait for them; a training run is left resumable."""
    from mmclust import launch

    await asyncio.to_thread(_warmer.end)
    await asyncio.to_thread(jobs.shutdown)
    await asyncio.to_thread(launch.shutdown, 20.0)
    if _warmer.thread:  # a process that ends while another thread loads torch is aborted
        await asyncio.to_thread(_warmer.thread.join, LOADING_S)


def warm_up() -> None:
    """Load torch in the background as soon as a browser shows the first page; called at its end, returns at once."""
    if _warmer.armed:
        _warmer.armed = False
        # the browser asks for it when it puts the page's last part in its place
        st.html(f'<img src="{files.address(SHOWN)}" alt="" hidden>')
        _warmer.thread = threading.Thread(target=_warmer.run, name="warm-up", daemon=True)
        _warmer.thread.start()


async def _shown(_: Request) -> Response:
    _warmer.shown.set()
    return Response(status_code=204)


def routes() -> list[Route]:
    """The routes of the app."""
    return [*files.routes(), Route(files.address(SHOWN), _shown)]


def show_error(error: Exception) -> bool:
    """Last resort for errors outside a page's own frame, such as in a button's callback."""
    frame.show_error(error)
    return True


def _take_up_queue() -> None:
    """Go on with runs that an earlier server left in the queue."""
    from mmclust import launch

    try:
        launch.start(cache.store())
    except ValueError as error:  # the store is lost; pages say so
        log.warning("%s", error)


def _rehearse() -> None:
    """Read what the first page shows of the example; where that goes wrong the page itself says so."""
    try:
        for record in cache.store().list():
            if record.example:
                run = cache.store().get(record.run_id)
                clustering = cache.clustering(record, *run.snapshots()[-1])
                gallery.prepare(clustering)
    except Exception as error:
        log.warning("the first page could not be prepared: %s", error)
    # Streamlit asks once for the call stack; the first time Python looks at every module's file, a quarter of a second.
    inspect.stack()


def _load(names: tuple[str, ...], stop: threading.Event | None = None) -> None:
    for name in names:
        if stop is not None and stop.is_set():
            return
        try:
            import_module(name)
        except Exception:
            log.exception("%s could not be loaded ahead of time", name)


def _spare_collector() -> None:
    """Take what is loaded for good out of the garbage collector's sight.

    Streamlit collects after every script, with the interpreter locked: through the modules of torch that takes 0.4 s,
    in which no page gets an answer.
    """
    gc.collect()
    gc.freeze()
