"""A lesson as a class takes it: by clicking and by the keyboard, to a run on the map and to the Train form."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import go_to

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PATIENCE_MS = 120_000
expect.set_options(timeout=30_000)


def press(page: Page, key: str) -> None:
    """A key, once the page stands still: a shortcut that is drawn anew at that moment does not hear it."""
    page.wait_for_timeout(1000)
    expect(page.locator('[data-test-script-state="notRunning"]')).to_be_attached(timeout=PATIENCE_MS)
    page.keyboard.press(key)


def test_a_lesson_by_clicking_predicting_and_going_on(page: Page, shared_server: str) -> None:
    page.goto(shared_server)
    go_to(page, "Learn")
    expect(page.get_by_role("heading", name="Why does DCCS give every image")).to_be_visible(timeout=PATIENCE_MS)
    picture = page.locator(".mm-scene img").first
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.complete && image.naturalWidth > 0")

    page.get_by_role("button", name="Next").click()
    expect(page).to_have_url(re.compile("lesson=1&step=2"))
    expect(page.get_by_text("after your prediction").first).to_be_visible()
    expect(page.locator(".mm-scene")).to_have_count(0)
    page.get_by_role("slider").press("ArrowLeft")
    expect(page.get_by_text("45 %").first).to_be_visible()
    page.get_by_role("button", name="Show the result").click()
    expect(page.get_by_text(re.compile(r"You said 45 %, the runs say \d+ %")).first).to_be_visible()
    expect(page.locator(".mm-scene img").first).to_be_visible()
    expect(page).to_have_url(re.compile("guess=45"))
    page.reload()
    expect(page.get_by_text(re.compile("You said 45 %")).first).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_role("button", name="Next")).to_be_visible(timeout=PATIENCE_MS)
    press(page, "n")
    expect(page.get_by_text("Takeaway.").first).to_be_visible(timeout=PATIENCE_MS)
    expect(page).to_have_url(re.compile("lesson=1&step=3"))
    press(page, "b")
    expect(page.get_by_text(re.compile("You said 45 %")).first).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("Takeaway.")).to_have_count(0)
    press(page, "n")

    page.get_by_role("button", name="Try it: train with these settings").click()
    expect(page.get_by_role("heading", name="Train", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    expect(page).to_have_url(re.compile("style_dim=0"))
    page.go_back()
    page.mouse.move(0, 0)  # else the help of the button under the pointer covers its neighbour
    page.get_by_role("button", name="Its map").click(timeout=PATIENCE_MS)
    expect(page.get_by_role("heading", name="Map", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    expect(page).to_have_url(re.compile("run=lesson-style-0"))
    expect(page.locator("[data-pm=legend] button").first).to_be_visible(timeout=PATIENCE_MS)
