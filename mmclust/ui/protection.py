"""Who may drive the server: hosts and origins of requests, and what a page may load, run and be framed by."""

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import streamlit
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose
from streamlit import config
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

from mmclust import ram, settings
from mmclust.ui.shell import address, files, frame

SAFE = ("GET", "HEAD", "OPTIONS")
"""Methods that change nothing."""
PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
UPLOADS = "/_stcore/upload_file/"
UPLOAD_COPIES = 2
"""How often an upload lies in memory: as it arrives, and as a file of its session."""
PRIVATE = ("/media/", UPLOADS)
"""Where the files are that pages show, and where those go that they take."""
INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def content_policy(scripts: tuple[str, ...]) -> str:
    """What a page may load and run: the server's own files, and what it was drawn with.

    Args:
        scripts: digests of the scripts that stand in a page itself.
    """
    known = " ".join(f"'{digest}'" for digest in scripts)
    return "; ".join(
        (
            "default-src 'self'",
            # Charts on a GPU compile their drawing, and components come as blobs; no script of a page itself runs.
            f"script-src 'self' blob: 'unsafe-eval' {known}".strip(),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "media-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self' data: blob:",
            "worker-src 'self' blob:",
            "frame-src 'self' data: blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            f"frame-ancestors {settings.frame_ancestors()}",
        )
    )


class Protection:
    """Refuses requests under foreign host names and from pages of other origins, and tells browsers what is allowed.

    Streamlit looks at hosts of WebSockets alone, and lets pages of this machine's other ports connect.
    """

    def __init__(self, app: ASGIApp, *, scripts: tuple[str, ...] = ()) -> None:
        self.app = app
        self.headers = {
            "Content-Security-Policy": content_policy(scripts),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
        }
        if settings.frame_ancestors() == "'none'":
            self.headers["X-Frame-Options"] = "DENY"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            return await self.app(scope, receive, send)
        if why := refusal(scope):
            if scope["type"] == "websocket":
                return await WebSocketClose(code=1008, reason=why)(scope, receive, send)
            return await PlainTextResponse(f"{why}\n", status_code=403)(scope, receive, send)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, answer)


def refusal(scope: Scope) -> str:
    """Why a request is refused, in a sentence; empty where it is not."""
    headers = Headers(scope=scope)
    host, origin = headers.get("host"), headers.get("origin")
    if not is_host_allowed(host):
        return "This host name is not listed under server.allowedHosts."
    changes = scope["type"] == "websocket" or scope["method"] not in SAFE
    if changes and origin is not None and not is_own(origin, host or ""):
        return "Pages of another origin may not use this server; server.corsAllowedOrigins lists exceptions."
    private = tuple(map(files.address, PRIVATE))
    if (
        scope["path"].startswith(private) and files.asker(HTTPConnection(scope).cookies) is None
    ):  # Streamlit itself asks for no more than a session
        return "Sign in first."
    takes = scope["type"] == "http" and scope["method"] == "PUT" and scope["path"].startswith(files.address(UPLOADS))
    if takes and not _has_room(headers.get("content-length", "")):
        return "The server has too little memory left for this file; try again later, or put it into its data folder."
    return ""


def _has_room(length: str) -> bool:
    """Whether an upload of so many bytes, any number where nothing is said, leaves the reserve of memory."""
    left = ram.left_mib()
    mib = int(length) / 2**20 if length.isdecimal() else config.get_option("server.maxUploadSize")
    return left is None or left - UPLOAD_COPIES * mib >= settings.memory_reserve_mib()


def is_own(origin: str, host: str) -> bool:
    """Whether an origin, with its port, is this server's own or one that `server.corsAllowedOrigins` lists."""
    if origin in (config.get_option("server.corsAllowedOrigins") or ()):
        return True
    try:
        asking, asked = urlsplit(origin), urlsplit(f"//{host}")
        usual = PORTS.get(asking.scheme)
        ports = (asking.port or usual, asked.port or usual)
    except ValueError:
        return False
    return usual is not None and asking.hostname == asked.hostname and ports[0] == ports[1]


def middleware() -> list[Middleware]:
    """For `st.App`."""
    page = Path(streamlit.__file__).with_name("static") / "index.html"
    known = page.read_text(encoding="utf-8") + frame.TO_TOP + address.ONE_STEP_A_PAGE
    return [Middleware(Protection, scripts=tuple(digests(known))), Middleware(address.Beginning)]


def digests(page: str) -> list[str]:
    """Of the scripts that stand in a page, as a content policy names them."""
    return [f"sha256-{b64encode(sha256(script.encode()).digest()).decode()}" for script in INLINE.findall(page)]
