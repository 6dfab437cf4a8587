"""What the server does at its start, after the first paint and at its end; knows no page."""

import asyncio
import gc
import inspect
import logging
import threading
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mmclust import ahead, settings
from mmclust.loading import load_scikit_learn
from mmclust.runs import caches
from mmclust.ui import ending
from mmclust.ui.shell import files, frame, jobs

SHOWN = "/shown"
"""Where a browser tells that it shows the first page."""

log = logging.getLogger(__name__)


def _modules(folder: Path) -> Iterator[str]:
    """Full names of the modules of this room, itself left out."""
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        if path != Path(__file__):
            yield ".".join(("mmclust", "ui", *(part for part in parts if part != "__init__")))


FIRST = (
    "sqlalchemy.dialects.sqlite",
    "mmclust.ui.home.gallery",
    "mmclust.ui.shell.links",
    "streamlit.elements.echarts_chart",
    "PIL.PngImagePlugin",
    "PIL.JpegImagePlugin",
)
"""What the home page is drawn with. Loaded while the browser loads its own scripts; no page runs before."""

PAGES = ("scipy.optimize", "plotly.graph_objects", *_modules(Path(__file__).parent))
"""What other pages are drawn with; loaded when a browser shows the first page, or when nobody has come yet."""

LATE = ("torch", "torchvision", "mmclust.worker", "mmclust.engine.trainer")
"""Loaded in the background once a browser shows the first page, so that Start answers at once."""

UNSEEN_S = 10.0
"""How long a browser is waited for that shows the page; what asks for pages may be none."""
REST_S = 1.0
"""How long its charts and pictures have the server for themselves."""

LAST = (
    "pytorch_grad_cam",
    "openTSNE",
    "mmclust.report.figures",
    "matplotlib.backends.backend_svg",
    "matplotlib.backends.backend_pdf",
)
"""Loaded some time later: they take seconds, and the first Grad-CAM, t-SNE or saved figure would wait for them."""
LATER_S = 8.0
"""After torch: a user who has just come clicks through the pages."""

LOADING_S = 120.0
"""How long a library may take to load before nobody waits for it any more."""


class _Warmer:
    """Loads what pages need in the order in which a browser needs it, and only in a process that serves pages."""

    def __init__(self) -> None:
        self.thread: threading.Thread | None = None
        self.asked, self.served, self.shown = threading.Event(), threading.Event(), threading.Event()
        self.wanted, self.pages = threading.Event(), threading.Event()
        self.stop = threading.Event()
        self.deciding = threading.Lock()

    def start(self) -> None:
        """Go on in the background once the first page can be drawn."""
        self.thread = threading.Thread(target=self.run, name="warm-up", daemon=True)
        self.thread.start()

    def run(self) -> None:
        self.load_pages()
        self.served.wait()
        self.shown.wait(UNSEEN_S)
        if not self.stop.wait(REST_S):
            _load(LATE, self.stop)
            _spare_collector()
            with self.deciding:  # once the server is told to stop, nothing begins any more
                if not self.stop.is_set():
                    _take_up_queue()
        if not self.stop.wait(LATER_S):
            load_scikit_learn()  # by which probes read codes
            _load(LAST, self.stop)
            _spare_collector()
            caches.clean(settings.home())
            ahead.compile_all(settings.home(), self.stop)

    def load_pages(self) -> None:
        """Load `PAGES`; not while a browser waits for the first page."""
        if self.asked.is_set():
            self.wanted.wait(UNSEEN_S)
        try:
            _load(PAGES, self.stop)
        finally:
            self.pages.set()  # else every page would wait
        _spare_collector()

    def show(self) -> None:
        """A browser shows a page."""
        self.shown.set()
        self.wanted.set()

    def end(self) -> None:
        """Let it begin nothing more; what it has begun may go on for a while."""
        with self.deciding:
            self.stop.set()
        self.served.set()
        self.show()


_warmer = _Warmer()


class Opening:
    """Lets browsers connect once the first page can be drawn; the files of the page go out meanwhile."""

    ready: asyncio.Task[None] | None = None

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; a connection waits."""
        if scope["type"] == "websocket":
            _warmer.asked.set()
            if self.ready and not self.ready.done():
                return await self._connect_later(self.ready, scope, receive, send)
        await self.app(scope, receive, send)

    async def _connect_later(self, ready: asyncio.Task[None], scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a connection on once the first page is ready, unless the browser has given up."""
        told = [
            asyncio.ensure_future(receive()),
            asyncio.ensure_future(receive()),
        ]  # that it connects, and what follows
        await asyncio.wait((ready, told[1]), return_when=asyncio.FIRST_COMPLETED)
        if told[1].done() and told[1].result()["type"] == "websocket.disconnect":  # it tries again by itself
            with suppress(Exception):
                await send({"type": "websocket.close", "code": 1001})
            return

        async def receive_on() -> Message:
            return await (told.pop(0) if told else receive())

        await self.app(scope, receive_on, send)


async def start() -> None:
    """Begin to load what the first page needs; the server answers meanwhile."""
    ending.serve()
    Opening.ready = asyncio.create_task(_open())


async def _open() -> None:
    await asyncio.to_thread(_prepare)
    _warmer.start()


def _prepare() -> None:
    gc.disable()
    try:
        _load(FIRST, _warmer.stop)
        _rehearse()
    finally:
        gc.freeze()  # looked through by nobody; what is no longer needed of it is little
        gc.enable()


async def stop() -> None:
    """Tell jobs and training to stop; runs can be resumed. Where a signal has asked for it, the process ends here."""
    from mmclust import launch

    jobs.stop()
    await asyncio.to_thread(_warmer.end)
    await asyncio.to_thread(launch.shutdown, ending.left_s())
    ending.leave()
    if Opening.ready:
        await Opening.ready
    await asyncio.to_thread(jobs.shutdown)
    if _warmer.thread:  # a process that ends by itself while another thread loads torch is aborted
        await asyncio.to_thread(_warmer.thread.join, LOADING_S)


def wait_for_pages() -> None:
    """Wait until what pages other than the first are drawn with is loaded; two threads should not load one module."""
    if _warmer.thread:
        _warmer.wanted.set()
        _warmer.pages.wait(LOADING_S)


def warm_up() -> None:
    """Load torch in the background as soon as a browser shows the first page; called at its end, returns at once."""
    if _warmer.thread and not _warmer.served.is_set():
        _warmer.served.set()
        # the browser asks for it when it puts the page's last part in its place
        st.html(f'<img src="{files.address(SHOWN)}" alt="" hidden>')


async def _shown(_: Request) -> Response:
    _warmer.show()
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
    from mmclust.ui.shell import cache

    try:
        launch.start(cache.store())
    except ValueError as error:  # the store is lost; pages say so
        log.warning("%s", error)


def _rehearse() -> None:
    """Read what the first page shows of the example; where that goes wrong the page itself says so."""
    from mmclust.ui.home import gallery
    from mmclust.ui.shell import cache

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
