"""Explain and Disentangle in a real browser, on the bundled example: what only a browser can show."""

import re

import pytest
from playwright.sync_api import Page, WebSocket, expect

from tests.browser.conftest import go_to
from tests.browser.test_first_visit import PATIENCE_MS, assert_pictures

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_heat_is_faded_by_the_slider_without_asking_the_server(page: Page, shared_server: str) -> None:
    sent: list[int] = []

    def watch(socket: WebSocket) -> None:
        socket.on("framesent", lambda frame: sent.append(len(frame or b"")))

    page.on("websocket", watch)
    page.goto(f"{shared_server}/explain")
    assert_pictures(page, "Grad-CAM of Image", 60)
    heat = page.locator('img[alt^="Grad-CAM of Image"]').first
    expect(heat).to_have_css("opacity", "0.6")
    page.wait_for_timeout(1500)  # what the page itself still sends
    before = len(sent)
    slider = page.get_by_label("Opacity of the saliency map")
    slider.fill("25")
    expect(page.get_by_text("25 %").first).to_be_visible()
    expect(heat).to_have_css("opacity", "0.25")
    assert len(sent) == before
    page.reload()
    assert_pictures(page, "Grad-CAM of Image", 60)
    expect(heat).to_have_css("opacity", "0.25")  # remembered in this tab


def test_one_image_under_two_clusters_and_its_neighbours_in_style(page: Page, shared_server: str) -> None:
    page.goto(f"{shared_server}/explain")
    page.get_by_role("radio", name="one image").click()
    expect(page).to_have_url(re.compile("look=one"))
    assert_pictures(page, "Evidence for cluster", 2)
    go_to(page, "Disentangle")
    expect(page.get_by_text("k-means on each space").first).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator(".js-plotly-plot").first).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("radio", name="neighbours").click()
    expect(page).to_have_url(re.compile("part=neighbours"))
    table = page.locator(".mm-style")
    expect(table).to_be_visible(timeout=PATIENCE_MS)
    expect(table.locator("tbody img")).to_have_count(110)
    widths = table.locator("tbody img").evaluate_all("images => [...new Set(images.map(i => i.clientWidth))]")
    assert widths == [58]
    page.get_by_role("radio", name="codes").click()
    expect(page.get_by_text("Distances of codes under two augmentations").first).to_be_visible(timeout=PATIENCE_MS)


def test_a_selection_is_explained_and_followed(page: Page, shared_server: str) -> None:
    page.goto(f"{shared_server}/explain?sel=cell:4-9")
    expect(page.get_by_text("Class M in cluster 9").first).to_be_visible()
    expect(page.get_by_role("heading", name="Explain", exact=True)).to_be_visible()
    assert_pictures(page, "Grad-CAM of Image", 15)
    go_to(page, "Disentangle")
    expect(page.get_by_text("Class M in cluster 9").first).to_be_visible()
    page.get_by_role("radio", name="neighbours").click()
    rows = page.locator(".mm-style tbody th img")
    expect(rows).to_have_count(10, timeout=PATIENCE_MS)
    assert all("class M" in (rows.nth(i).get_attribute("alt") or "") for i in range(10))
