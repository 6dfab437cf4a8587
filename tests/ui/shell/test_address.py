"""What is put into the page that all pages start from reaches browsers, which ask for packed pages."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from mmclust.ui.shell import address, frame

PAGE = "<html><head><title>x</title></head><body>" + "word " * 400 + "</body></html>"


async def page(_: Request) -> Response:
    return HTMLResponse(PAGE, headers={"etag": "of the file"})


async def figures(_: Request) -> Response:
    return Response("1 " * 2000, media_type="text/csv")


def client() -> TestClient:
    packed = [Middleware(address.Beginning), Middleware(GZipMiddleware)]
    return TestClient(Starlette(routes=[Route("/", page), Route("/figures", figures)], middleware=packed))


def test_a_page_that_is_asked_for_packed_has_script_and_style():
    answer = client().get("/", headers={"accept": "text/html,*/*", "accept-encoding": "gzip, br"})
    assert address.ONE_STEP_A_PAGE in answer.text and frame.STYLE.read_text() in answer.text
    assert answer.text.index("history.pushState") < answer.text.index("<title>")
    assert "etag" not in answer.headers and int(answer.headers["content-length"]) == len(answer.content)


def test_other_answers_come_packed_and_as_they_are():
    answer = client().get("/figures", headers={"accept": "*/*", "accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip" and answer.text == "1 " * 2000
