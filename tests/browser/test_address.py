"""The address of the app: one page is one step of Back, and a link says what it cannot show."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import go_to

pytestmark = pytest.mark.browser

PAGES = ("Map", "Clusters", "Confusion", "Train", "Compare", "Views")


def settle(page: Page) -> None:
    page.wait_for_timeout(700)
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    page.wait_for_timeout(200)


def test_six_pages_forward_are_six_steps_back(page: Page, shared_server: str) -> None:
    page.goto(shared_server)
    settle(page)
    entries, seen = page.evaluate("history.length"), [page.url]
    for name in PAGES:
        go_to(page, name)
        expect(page.locator("h1").first).to_have_text(name)
        settle(page)
        seen.append(page.url)
    assert page.evaluate("history.length") == entries + len(PAGES)
    for before in reversed(seen[:-1]):
        page.go_back()
        page.wait_for_url(before)
        settle(page)
        assert page.url == before, "the page has written something else into its address"
    page.goto(f"{shared_server}/map?projection=foo&space=z&epoch=7777")
    told = page.get_by_text("The link asks for")
    expect(told).to_contain_text("projection = foo, epoch = 7777, which are not available here")
