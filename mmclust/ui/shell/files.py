"""Files that pages hand to the browser through routes of the app: layouts of the map and atlas pages of thumbnails.

An address ends in a token that only this server can make: nobody can ask for what no page has shown, no address is a
path, and a browser may keep what it got, because another content has another address. Where users sign in, an address
that was passed on shows nothing to somebody whose pages have not shown it, too.
"""

import hashlib
import hmac
import json
import secrets
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable, Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from streamlit import config
from streamlit.auth_util import get_secrets_auth_section
from streamlit.web.server.server_util import AUTH_COOKIE_NAME
from streamlit.web.server.starlette.starlette_websocket import _get_signed_cookie_with_chunks

from mmclust import audit
from mmclust.data import uploads

MAX_BYTES = 256 * 2**20
"""How much published content stays in memory; a page that is opened again publishes anew."""
MAX_ATLASES = 64
MAX_LATE = 400
"""Contents that are made when they are asked for; what they are made of stays in memory with them."""
MAX_PAGE = 100_000
SLICE, N_SLICES = 4096, 16
"""Of a content, to see whether it shrinks: a million points would be compressed for a second, at every visit."""

_SECRET = secrets.token_bytes(32)
_HEADERS = {"Cache-Control": "private, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
_AS_IT_IS = {"Content-Encoding": "identity"}
"""Said of a content, so that Streamlit does not compress it."""

AtlasPage = Callable[[int], bytes | None]
"""JPEG of an atlas page by its number, None beyond the last."""


class _Published:
    """What may be asked for, by token; the oldest content goes first."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.blobs: OrderedDict[str, bytes] = OrderedDict()
        self.atlases: OrderedDict[str, AtlasPage] = OrderedDict()
        self.late: OrderedDict[str, Callable[[], bytes]] = OrderedDict()
        self.shown: dict[str, set[str]] = {}
        """Keys of the users whose pages have an address, by its token."""
        self.tokens: dict[int, str] = {}
        """Of each content that is here, by its place in memory: a million points would be hashed for every click."""
        self.n_bytes = 0

    def add_blob(self, token: str, content: bytes) -> None:
        with self.lock:
            if token not in self.blobs:
                self.blobs[token] = content
                self.tokens[id(content)] = token
                self.n_bytes += len(content)
            self._show(token)
            self.blobs.move_to_end(token)
            while self.n_bytes > MAX_BYTES and len(self.blobs) > 1:
                gone, old = self.blobs.popitem(last=False)
                self._hide(gone)
                self.tokens.pop(id(old), None)
                self.n_bytes -= len(old)

    def token_of(self, content: bytes) -> str:
        """Of a content that is here as the very same object, else empty."""
        with self.lock:
            token = self.tokens.get(id(content), "")
            return token if self.blobs.get(token) is content else ""

    def add_late(self, token: str, make: Callable[[], bytes]) -> None:
        with self.lock:
            self.late[token] = make
            self._show(token)
            self.late.move_to_end(token)
            while len(self.late) > MAX_LATE:
                self._hide(self.late.popitem(last=False)[0])

    def add_atlas(self, token: str, page: AtlasPage) -> None:
        with self.lock:
            self.atlases[token] = page
            self._show(token)
            self.atlases.move_to_end(token)
            while len(self.atlases) > MAX_ATLASES:
                self._hide(self.atlases.popitem(last=False)[0])

    def _show(self, token: str) -> None:
        """Note for whom this thread draws a page with the address."""
        self.shown.setdefault(token, set()).add(audit.user())

    def _hide(self, token: str) -> None:
        if not any(token in kind for kind in (self.blobs, self.late, self.atlases)):
            self.shown.pop(token, None)

    def is_shown_to(self, token: str, user: str | None) -> bool:
        """Whether an address has been on a page of that user."""
        return user is not None and user in self.shown.get(token, ())


_published = _Published()


def publish(content: bytes) -> str:
    """The address, from the server's root, under which this session's browser can fetch the bytes."""
    token = _published.token_of(content) or _token(b"blob", hashlib.blake2b(content, digest_size=32).digest())
    _published.add_blob(token, content)
    return f"{_base()}/files/{token}"


def publish_late(digest: bytes, make: Callable[[], bytes]) -> str:
    """As `publish`, of a content that is made when a browser first asks for it.

    Args:
        digest: of what the content depends on.
        make: gives the content; called in a thread.
    """
    token = _token(b"late", digest)
    _published.add_late(token, make)
    return f"{_base()}/files/{token}"


def publish_atlas(digest: bytes, page: AtlasPage) -> str:
    """The address of an atlas; its pages are `<address>/<number>.jpg`.

    Args:
        digest: of the images in it.
        page: makes a page; called in a thread, once per request that no browser has kept.
    """
    token = _token(b"atlas", digest)
    _published.add_atlas(token, page)
    return f"{_base()}/thumbnails/{token}"


def address(path: str) -> str:
    """A path of the app, such as `/files`, from the server's root."""
    return f"{_base()}{path}"


def routes() -> list[Route]:
    """The routes that serve what was published."""
    return [
        Route(f"{_base()}/files/{{token}}", _blob),
        Route(f"{_base()}/thumbnails/{{token}}/{{number:int}}.jpg", _atlas_page),
    ]


async def _blob(request: Request) -> Response:
    token = request.path_params["token"]
    content, make = _published.blobs.get(token), _published.late.get(token)
    may_ask = _published.is_shown_to(token, asker(request.cookies))
    if content is None and make is not None and may_ask:
        content = await run_in_threadpool(make)
        _published.add_blob(token, content)
    if content is None or not may_ask:
        return Response("Not published. Reload the page.", 404)
    headers = _HEADERS if _shrinks(content) else _HEADERS | _AS_IT_IS
    return Response(content, media_type="application/octet-stream", headers=headers)


def _shrinks(content: bytes) -> bool:
    """Whether compressing a content saves more than half of it, by slices of it: positions and scores barely shrink."""
    starts = range(0, len(content), max(SLICE, len(content) // N_SLICES))
    probe = b"".join(content[start : start + SLICE] for start in starts)
    return 2 * len(zlib.compress(probe, 1)) < len(probe)


async def _atlas_page(request: Request) -> Response:
    token, number = request.path_params["token"], request.path_params["number"]
    page, may_ask = _published.atlases.get(token), _published.is_shown_to(token, asker(request.cookies))
    asked = page and number <= MAX_PAGE and may_ask
    content = await run_in_threadpool(page, number) if page and asked else None
    if content is None:
        return Response("Not published. Reload the page.", 404)
    return Response(content, media_type="image/jpeg", headers=_HEADERS)


def asker(cookies: Mapping[str, str]) -> str | None:
    """Key of the user whose browser sends these cookies; None for somebody who should sign in and has not.

    Where nobody signs in, everybody is the local user.
    """
    if not get_secrets_auth_section():
        return uploads.LOCAL
    signed = _get_signed_cookie_with_chunks(dict(cookies), AUTH_COOKIE_NAME)
    known = json.loads(signed) if signed is not None else {}
    if not (known.get("is_logged_in") and known.get("sub")):
        return None
    return uploads.owner_of(f"{known.get('iss', '')} {known['sub']}")


def _token(kind: bytes, digest: bytes) -> str:
    return hmac.new(_SECRET, kind + digest, hashlib.sha256).hexdigest()


def _base() -> str:
    base = str(config.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}" if base else ""
