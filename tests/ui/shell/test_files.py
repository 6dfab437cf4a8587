import asyncio
import json
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.types import Message
from streamlit.web.server.server_util import AUTH_COOKIE_NAME
from streamlit.web.server.starlette import starlette_websocket
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from mmclust import audit
from mmclust.data import uploads
from mmclust.data.dataset import DataSpec, MultiViewDataset, ViewSpec
from mmclust.ui.components.pointmap import atlas
from mmclust.ui.shell import files


def get(path: str, *, cookie: str = "") -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body that the routes answer a browser with."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": []}
    if cookie:
        scope["headers"] = [(b"cookie", f"{AUTH_COOKIE_NAME}={cookie}".encode())]
    asyncio.run(Starlette(routes=files.routes())(scope, receive, send))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(message["body"] for message in sent[1:])


def gray(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(content)).convert("L"), float)


def images(n: int, size: int, *, seed: int = 0) -> MultiViewDataset:
    view = ViewSpec(name="image", kind="image", shape=(1, size, size))
    values = np.random.default_rng(seed).integers(0, 256, (n, 1, size, size), dtype=np.uint8)
    return MultiViewDataset(spec=DataSpec(name="noise", views=(view,), n_clusters=2), views=(values,))


def test_what_was_published_can_be_fetched_and_kept():
    address = files.publish(b"layout")
    status, headers, body = get(address)
    assert (status, body) == (200, b"layout")
    assert "immutable" in headers["cache-control"]
    assert files.publish(b"layout") == address
    assert files.publish(b"another") != address


def test_nothing_else_can_be_fetched():
    address = files.publish(b"layout")
    wrong = address[:-1] + ("0" if address[-1] != "0" else "1")
    for path in (wrong, "/files/../app.py", "/files/", "/thumbnails/none/0.jpg", address + "/0.jpg"):
        assert get(path)[0] == 404


def test_where_users_sign_in_an_address_shows_nothing_to_others(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(files, "get_secrets_auth_section", lambda: {"client_id": "mmclust"})
    monkeypatch.setattr(starlette_websocket, "get_cookie_secret", lambda: "of-this-test-alone")

    def shown_to(user: str) -> list[str]:
        monkeypatch.setattr(audit, "who", lambda: (uploads.owner_of(f"here {user}"), user))
        atlas_page = f"{files.publish_atlas(b'digest', lambda number: b'jpeg')}/0.jpg"
        return [files.publish(b"private layout"), atlas_page, files.publish_late(b"digest", lambda: b"late")]

    def signed(secret: str, user: str, *, is_logged_in: bool = True) -> str:
        content = json.dumps({"iss": "here", "sub": user, "is_logged_in": is_logged_in})
        return create_signed_value(secret, AUTH_COOKIE_NAME, content).decode()

    secret = "of-this-test-alone"
    for address in (addresses := shown_to("ada")):
        assert get(address, cookie=signed(secret, "bob"))[0] == 404, "an address that was passed on"
        assert get(address, cookie=signed(secret, "ada"))[0] == 200
        assert get(address, cookie=signed(secret, "bob"))[0] == 404, "one whose content was made meanwhile"
        assert get(address)[0] == get(address, cookie="forged")[0] == 404
        assert get(address, cookie=signed("another", "ada"))[0] == 404
        assert get(address, cookie=signed(secret, "ada", is_logged_in=False))[0] == 404
    assert shown_to("bob") == addresses
    for user in ("ada", "bob"):
        assert all(get(address, cookie=signed(secret, user))[0] == 200 for address in addresses)


def test_old_content_makes_room_for_new(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(files, "MAX_BYTES", 1000)
    first = files.publish(b"a" * 700)
    second = files.publish(b"b" * 700)
    assert get(first)[0] == 404
    assert get(second)[0] == 200


def test_a_thumbnail_stands_where_the_map_looks_for_it():
    data = images(1100, 28)
    about = atlas.of(data, 0)
    assert (about.cell, about.columns, about.rows) == (28, 32, 32)
    for sample in (0, 33, 1023, 1024, 1099):
        page, place = divmod(sample, 32 * 32)
        row, column = divmod(place, 32)
        found = gray(get(f"{about.url}/{page}.jpg")[2])
        cell = found[row * 28 : row * 28 + 28, column * 28 : column * 28 + 28]
        shown = data.views[0][sample, 0].astype(float)
        assert np.corrcoef(cell.ravel(), shown.ravel())[0, 1] > 0.9  # JPEG loses a little of pure noise
    assert get(f"{about.url}/2.jpg")[0] == 404
    assert get(f"{about.url}/-1.jpg")[0] == 404


def test_large_images_shrink_small_ones_grow_and_another_content_has_another_address():
    assert atlas.of(images(3, 96), 0).cell == 64
    assert atlas.of(images(3, 8), 0).cell == 24
    assert atlas.of(images(3, 28), 0).url != atlas.of(images(3, 28, seed=1), 0).url


def test_images_that_are_not_square_keep_their_shape():
    picture = np.full((1, 20, 10, 3), 255, np.uint8)
    view = ViewSpec(name="pictures", kind="image", shape=(3, 20, 10), high=255.0)
    spec = DataSpec(name="tall", views=(view,), n_clusters=1)
    data = MultiViewDataset(spec=spec, views=(picture.transpose(0, 3, 1, 2),))
    drawer = atlas.drawer(data, 0)
    cell = drawer.cells(np.array([0]))[0].mean(axis=-1)
    assert cell.shape == (drawer.cell, drawer.cell) == (40, 40)
    assert cell[:, 12:28].mean() > 200
    assert cell[:, :8].mean() < 50


def test_vectors_stand_in_the_atlas_as_profiles():
    view = ViewSpec(name="features", kind="vector", shape=(5,))
    values = np.random.default_rng(0).normal(size=(40, 5)).astype(np.float32)
    data = MultiViewDataset(spec=DataSpec(name="v", views=(view,), n_clusters=2), views=(values,))
    about = atlas.of(data, 0)
    page = gray(get(f"{about.url}/0.jpg")[2])
    assert page[:64, : 64 * 32].max() > 80
    assert page[64 * 2 :].max() < 30


def test_the_thumbnail_of_each_view_stands_in_an_atlas_of_several():
    digits = images(1100, 28)
    features = ViewSpec(name="features", kind="vector", shape=(5,))
    profiles = np.random.default_rng(0).normal(size=(1100, 5)).astype(np.float32)
    spec = DataSpec(name="both", views=(*digits.spec.views, features), n_clusters=2)
    data = MultiViewDataset(spec=spec, views=(*digits.views, profiles))
    about, alone = atlas.of(data, 0, 1), [atlas.of(data, 0), atlas.of(data, 1)]
    assert about.cell == 64  # the larger of both
    places = atlas.places(1100, np.array([1099, 0, 1099]), np.array([0, 1, 1]))
    np.testing.assert_array_equal(places, [1099, 2048, 2048 + 1099])
    for place, view, sample in zip(places, (0, 1, 1), (1099, 0, 1099), strict=True):
        cells = [
            cell_of(gray(get(f"{of_view.url}/{at // 1024}.jpg")[2]), at % 1024, of_view.cell)
            for of_view, at in ((about, place), (alone[view], sample))
        ]
        small = [np.asarray(Image.fromarray(cell).resize((28, 28))) for cell in cells]
        assert np.corrcoef(small[0].ravel(), small[1].ravel())[0, 1] > 0.9
    assert get(f"{about.url}/4.jpg")[0] == 404


def cell_of(page: np.ndarray, place: int, size: int) -> np.ndarray:
    row, column = divmod(int(place), 32)
    return page[row * size : (row + 1) * size, column * size : (column + 1) * size]


def test_what_is_published_late_is_made_once_when_it_is_asked_for():
    made = []
    address = files.publish_late(b"digest of a column", lambda: made.append(1) or b"column")
    assert not made
    assert [get(address)[2] for _ in range(2)] == [b"column", b"column"] and made == [1]
    assert get(address[:-4] + "0000")[0] == 404


def test_positions_are_sent_as_they_are_and_texts_may_be_compressed():
    numbers = np.random.default_rng(0).integers(0, 65536, 100_000, dtype=np.uint16).tobytes()
    words = b'["a caption of a sample"]' * 5000
    assert get(files.publish(numbers))[1]["content-encoding"] == "identity"
    assert "content-encoding" not in get(files.publish(words))[1]
    assert get(files.publish(b""))[2] == b""
