import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect
from streamlit import config
from streamlit.web.server.server_util import AUTH_COOKIE_NAME
from streamlit.web.server.starlette import starlette_websocket
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from mmclust import ram
from mmclust.ui import protection
from mmclust.ui.shell import files

FOLDERS = ("/media", "/static/media", "/_stcore/upload_file/a")


async def page(_) -> PlainTextResponse:
    return PlainTextResponse("here")


async def stream(socket: WebSocket) -> None:
    await socket.accept()
    await socket.close()


@pytest.fixture
def client() -> Iterator[Callable[[str], TestClient]]:
    """Asks a server under the addresses of the configuration in the repository."""
    known = config.get_option("server.allowedHosts")
    config.set_option("server.allowedHosts", ["localhost", "127.0.0.1", "[::1]"])
    private = [Route(f"{path}/{{name}}", page, methods=["GET", "PUT"]) for path in FOLDERS]
    routes = [Route("/", page, methods=["GET", "PUT"]), WebSocketRoute("/stream", stream), *private]
    app = Starlette(routes=routes, middleware=protection.middleware())
    yield lambda host: TestClient(app, base_url=f"http://{host}", headers={"host": host})
    config.set_option("server.allowedHosts", known)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:8501", "user@127.0.0.1", "127.0.0.1:x"])
def test_foreign_host_names_are_refused_for_pages_as_for_sockets(client, host: str):
    answer = client("127.0.0.1:8501").get("/", headers={"host": host})
    assert answer.status_code == 403 and "allowedHosts" in answer.text
    with (
        pytest.raises(WebSocketDisconnect),
        client("127.0.0.1:8501").websocket_connect("/stream", headers={"host": host}),
    ):
        pass


@pytest.mark.parametrize(
    ("origin", "own"),
    [
        ("http://127.0.0.1:8501", True),
        ("http://127.0.0.1:9000", False),
        ("http://localhost:8501", False),
        ("https://127.0.0.1:8501", True),
        ("http://127.0.0.1", False),
        ("http://evil.example", False),
        ("null", False),
        ("http://127.0.0.1:port", False),
    ],
)
def test_an_origin_is_compared_with_its_port(client, origin: str, own: bool):
    asked = client("127.0.0.1:8501")
    assert asked.put("/", headers={"origin": origin}).status_code == (200 if own else 403)
    assert asked.get("/", headers={"origin": origin}).status_code == 200
    if own:
        with asked.websocket_connect("/stream", headers={"origin": origin}):
            return
    with pytest.raises(WebSocketDisconnect), asked.websocket_connect("/stream", headers={"origin": origin}):
        pass


def test_a_public_name_needs_no_port():
    assert protection.is_own("https://clusters.example.org", "clusters.example.org")
    assert protection.is_own("https://clusters.example.org", "clusters.example.org:443")
    assert not protection.is_own("https://clusters.example.org", "clusters.example.org:8501")


def test_an_origin_may_be_listed(client):
    known = config.get_option("server.corsAllowedOrigins")
    config.set_option("server.corsAllowedOrigins", ["https://portal.example.org"])
    try:
        assert client("127.0.0.1:8501").put("/", headers={"origin": "https://portal.example.org"}).status_code == 200
        assert client("127.0.0.1:8501").put("/", headers={"origin": "http://portal.example.org"}).status_code == 403
    finally:
        config.set_option("server.corsAllowedOrigins", known)


def test_answers_say_what_a_browser_may_do(client):
    headers = client("localhost:8501").get("/").headers
    rules = dict(rule.partition(" ")[::2] for rule in headers["content-security-policy"].split("; "))
    assert rules["default-src"] == "'self'" and rules["frame-ancestors"] == rules["object-src"] == "'none'"
    assert "'unsafe-inline'" not in rules["script-src"] and "http" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"


def test_who_may_frame_the_app_can_be_set(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MMCLUST_FRAME_ANCESTORS", "https://portal.example.org")
    headers = protection.Protection(Starlette()).headers
    assert headers["Content-Security-Policy"].endswith("frame-ancestors https://portal.example.org")
    assert "X-Frame-Options" not in headers
    monkeypatch.setenv("MMCLUST_FRAME_ANCESTORS", "*; script-src *")
    with pytest.raises(ValueError, match="spaces between"):
        protection.Protection(Starlette())


def test_the_one_script_of_streamlits_page_is_known():
    text = (Path(streamlit.__file__).with_name("static") / "index.html").read_text()
    assert text.count("<script>") == len(protection.digests(text)) == 1


def test_files_of_pages_are_for_those_who_have_signed_in(client, monkeypatch: pytest.MonkeyPatch):
    asked, addresses = client("127.0.0.1:8501"), (("GET", "/media/figure.png"), ("PUT", "/_stcore/upload_file/a/1"))
    for method, address in addresses:
        assert asked.request(method, address).status_code == 200, "where nobody signs in"
    monkeypatch.setattr(files, "get_secrets_auth_section", lambda: {"client_id": "mmclust"})
    monkeypatch.setattr(starlette_websocket, "get_cookie_secret", lambda: "of-this-test-alone")
    for user, code in (("ada", 200), ("", 403)):
        content = json.dumps({"iss": "here", "sub": user, "is_logged_in": True})
        signed = create_signed_value("of-this-test-alone", AUTH_COOKIE_NAME, content).decode()
        for method, address in addresses:
            assert asked.request(method, address).status_code == 403
            answer = asked.request(method, address, headers={"cookie": f"{AUTH_COOKIE_NAME}={signed}"})
            assert answer.status_code == code
    for address in ("/", "/static/media/font.woff2"):
        assert asked.get(address).status_code == 200, "the page on which one signs in"


def test_an_upload_that_would_end_the_servers_memory_is_refused(client, monkeypatch: pytest.MonkeyPatch):
    asked, address = client("127.0.0.1:8501"), "/_stcore/upload_file/a/1"
    monkeypatch.setenv("MMCLUST_MEMORY_RESERVE_MIB", "200")
    for left, code in ((None, 200), (203.0, 200), (201.0, 403)):
        monkeypatch.setattr(ram, "left_mib", lambda left=left: left)
        assert asked.put(address, content=bytes(2**20)).status_code == code
    assert asked.put(address, content=iter([b"of unknown length"])).status_code == 403
    assert asked.put("/", content=bytes(2**20)).status_code == 200
