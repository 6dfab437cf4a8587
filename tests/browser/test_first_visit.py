"""What somebody does on the first day, in a real browser."""

import re
import time

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import go_to

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PATIENCE_MS = 600_000
"""For what takes seconds on an idle machine, and minutes where everything else runs at the same time."""
expect.set_options(timeout=30_000)


def pixels(chart: Locator) -> bytes:
    """What a chart looks like now."""
    return chart.screenshot()


def visit(page: Page, name: str) -> None:
    """Click a page in the navigation and wait until it is there."""
    go_to(page, name)
    expect(page).to_have_url(re.compile(f"/{name.lower()}"))
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()


def choose(page: Page, box: str, option: str) -> None:
    """Open a select box and click an option."""
    page.get_by_role("combobox", name=re.compile(box)).click()
    page.get_by_role("option", name=option, exact=True).click()


def pictures_of(page: Page, alt: str) -> Locator:
    return page.locator(f'img[alt*="{alt}"]')


def assert_pictures(page: Page, alt: str, at_least: int) -> None:
    """Images with such an alt text are there, and the browser could draw the first of them."""
    found = pictures_of(page, alt)
    expect(found.nth(at_least - 1)).to_be_attached(timeout=PATIENCE_MS)
    assert found.first.evaluate("image => image.complete && image.naturalWidth > 0")


def test_first_visit_from_start_to_what_the_network_looked_at(page: Page, server_from_nothing: str) -> None:
    page.goto(server_from_nothing)
    expect(page.get_by_role("heading", name="Train and inspect deep clustering models")).to_be_visible()

    visit(page, "Train")
    choose(page, "Data set", "Digits 8x8")
    choose(page, "Method", "DCCS")
    expect(page.get_by_text("DCCS: the idea").first).to_be_visible()
    page.get_by_role("spinbutton", name="Epochs").fill("12")
    page.get_by_role("spinbutton", name="Epochs").press("Enter")
    expect(page).to_have_url(re.compile("epochs=12"))
    page.get_by_role("button", name="Start training").click()

    expect(page.get_by_text(re.compile(r"Epoch [1-9]\d* of 12")).first).to_be_visible(timeout=PATIENCE_MS)
    scores = page.locator(".st-key-live-stage canvas[data-sg=curves]")
    before = pixels(scores)
    deadline = time.monotonic() + 60
    while pixels(scores) == before and time.monotonic() < deadline:
        page.wait_for_timeout(500)
    assert pixels(scores) != before, "the curve did not move"
    expect(page.locator(".st-key-live-stage canvas").first).to_be_visible()
    expect(page.get_by_text("finished").first).to_be_visible(timeout=PATIENCE_MS)
    run_id = re.search(r"run=([\w-]+)", page.url)
    assert run_id is not None

    page.get_by_role("button", name="Browse clusters").click()
    expect(page.get_by_role("heading", name="Clusters", exact=True)).to_be_visible()
    assert_pictures(page, "Image ", 100)
    expect(page).to_have_url(re.compile(run_id.group(1)))

    visit(page, "Map")
    expect(page.locator("[data-pm=legend] button").first).to_be_visible(timeout=PATIENCE_MS)
    assert_pictures(page, "Image ", 20)
    expect(page).to_have_url(re.compile(run_id.group(1)))

    visit(page, "Confusion")
    expect(page.locator("canvas[data-cm=cells]")).to_be_visible()
    page.get_by_role("button", name=re.compile(r" as .*: \d+")).first.click()
    assert_pictures(page, "Image ", 1)

    visit(page, "Explain")
    assert_pictures(page, "Grad-CAM of", 6)

    visit(page, "Data")
    assert_pictures(page, "class", 60)

    go_to(page, "Home")
    expect(page.get_by_text(run_id.group(1)).first).to_be_visible()
