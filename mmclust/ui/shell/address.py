"""What every page brings from the start: its style, and an address of which a page is one step of Back.

Style that came with the first run of a page would move everything once more.
"""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mmclust.ui.shell import frame

ONE_STEP_A_PAGE = (
    "<script>{const push=history.pushState.bind(history);history.pushState=(state,title,url)=>"
    "new URL(url??location.href,location.href).pathname===location.pathname?"
    "history.replaceState(state,title,url):push(state,title,url)}</script>"
)
"""Streamlit pushes an entry whenever the query of a page changes, also when the page only completes its own address;
Back would then lead to the incomplete one, which completes itself again. The content policy knows the script."""


class Beginning:
    """Puts script and style into the page that all pages of the app start from."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; only pages of HTML are changed."""
        if scope["type"] != "http" or scope["method"] != "GET":
            return await self.app(scope, receive, send)
        asked = Headers(scope=scope)
        if "text/html" in asked.get("accept", ""):  # what comes packed could not be changed
            kept = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
            scope = {**scope, "headers": kept}
        start: Message | None = None
        body = b""

        async def answer(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start" and _is_page(message):
                start = message
            elif start is None:
                await send(message)
            else:
                body += message.get("body", b"")
                if not message.get("more_body", False):
                    whole = _with(body)
                    _describe(start, len(whole))
                    await send(start)
                    await send({"type": "http.response.body", "body": whole})

        await self.app(scope, receive, answer)


def _with(page: bytes) -> bytes:
    style = f"<style>{frame.STYLE.read_text(encoding='utf-8')}</style>"
    page = page.replace(b"<head>", b"<head>" + ONE_STEP_A_PAGE.encode(), 1)
    return page.replace(b"</head>", style.encode() + b"</head>", 1)


def _is_page(message: Message) -> bool:
    headers = Headers(raw=message["headers"])
    return message["status"] == 200 and headers.get("content-type", "").startswith("text/html")


def _describe(start: Message, length: int) -> None:
    headers = MutableHeaders(scope=start)
    headers["content-length"] = str(length)
    for name in ("etag", "last-modified"):  # they tell of the file without the script
        if name in headers:
            del headers[name]
