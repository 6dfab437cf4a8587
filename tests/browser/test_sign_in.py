"""Sign-in through OpenID Connect, against a provider that runs beside the test: everybody sees their own data alone."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from mmclust.data import uploads
from tests.browser.conftest import free_port, serving, wait_for
from tests.browser.test_first_visit import PATIENCE_MS, go_to

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[str]:
    """Address of an OpenID provider that takes everybody for whom they say they are."""
    port, log = free_port(), tmp_path / "provider.log"
    with log.open("wb") as output:
        command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)]
        process = subprocess.Popen(command, stdout=output, stderr=output)
    address = f"http://localhost:{port}"
    try:
        wait_for(f"{address}/.well-known/openid-configuration", process, log)
        yield address
    finally:
        process.terminate()
        process.wait(40)


@pytest.fixture
def guarded(home: Path, provider: str, tmp_path: Path) -> Iterator[str]:
    """Address of a server that asks its users to sign in, configured as docs/deploy.md says."""
    port = free_port()
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(
        f"""
        [auth]
        redirect_uri = "http://127.0.0.1:{port}/oauth2callback"
        cookie_secret = "of-this-test-alone"
        client_id = "mmclust"
        client_secret = "of-this-test-alone"
        server_metadata_url = "{provider}/.well-known/openid-configuration"
        """
    )
    with serving(home, port, f"--secrets.files={secrets}") as address:
        yield address


def visit(browser: Browser, address: str) -> Page:
    """A page in a browser of its own, which knows nobody's cookies."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.set_default_timeout(60_000)
    page.route("**/cdn.jsdelivr.net/**", lambda route: route.abort())  # the provider's style sheet
    page.goto(address)
    return page


def sign_in(page: Page, person: str) -> None:
    page.get_by_role("button", name="Sign in").click()
    page.get_by_placeholder("sub").fill(person)
    page.get_by_role("button", name="Authorize").click()
    expect(page.get_by_role("link", name="Data", exact=True)).to_be_visible(timeout=PATIENCE_MS)


def listed(page: Page) -> str:
    """The list of data sets on the Data page."""
    go_to(page, "Data")
    expect(page.get_by_role("radiogroup", name="Data set").get_by_text("Digits 8x8")).to_be_visible()
    return page.get_by_role("radiogroup", name="Data set").inner_text()


def test_two_people_sign_in_and_each_sees_their_own_uploads(
    page: Page, guarded: str, provider: str, home: Path, tmp_path: Path
) -> None:
    np.savez(tmp_path / "secret things.npz", X1=np.random.default_rng(0).random((40, 6)), Y=np.arange(40) % 4)
    browser = page.context.browser
    assert browser is not None

    ada = visit(browser, f"{guarded}/data?dataset=add")
    expect(ada.get_by_role("heading", name="Sign in")).to_be_visible(timeout=PATIENCE_MS)
    expect(ada.get_by_text("Add your own data")).to_have_count(0)
    expect(ada.get_by_role("link", name="Data", exact=True)).to_have_count(0)
    files: list[str] = []
    ada.on(
        "request", lambda one: files.append(one.url) if re.search(r"\d/(media|files|thumbnails)/", one.url) else None
    )
    sign_in(ada, "ada")
    while not any("/files/" in address for address in files):  # the map of the example on Home comes after its words
        ada.wait_for_event("request", timeout=PATIENCE_MS)
    go_to(ada, "Data")
    ada.get_by_role("button", name="Add data").click()
    ada.locator("input[type=file]").set_input_files(tmp_path / "secret things.npz")
    expect(ada.get_by_text("Detected: 1 view: 40 x 6; 4 classes.").first).to_be_visible(timeout=PATIENCE_MS)
    ada.get_by_role("button", name="Save data set").click()
    expect(ada.get_by_role("heading", name="secret things")).to_be_visible(timeout=PATIENCE_MS)
    assert "secret things" in listed(ada)

    owner = uploads.owner_of(f"{provider} ada")
    assert [folder.name for folder in (home / "uploads").iterdir()] == [owner]
    name = f"own/{owner}/secret-things"
    expect(ada).to_have_url(re.compile(name.replace("/", "%2F")))

    stranger, bob = visit(browser, guarded), visit(browser, guarded)
    assert {address.split("/")[3] for address in files} >= {"media", "files"}
    assert all(ada.request.get(address).ok for address in files)
    assert not any(stranger.request.get(address).ok for address in files)
    sign_in(bob, "bob")
    assert "secret things" not in listed(bob)
    for place in ("data", "train"):
        bob.goto(f"{guarded}/{place}?dataset={name}")
        expect(bob.get_by_role("heading", name=place.capitalize(), exact=True)).to_be_visible(timeout=PATIENCE_MS)
        expect(bob.locator('[data-test-script-state="notRunning"]')).to_be_attached(timeout=PATIENCE_MS)
        expect(bob.get_by_text("secret things")).to_have_count(0)

    ada.get_by_role("button", name="ada").click()
    expect(ada.get_by_text("Signed in as ada. Data").first).to_be_visible()
    ada.get_by_role("button", name="Sign out").click()
    ada.get_by_role("button", name="End session").click()  # on the provider's page
    expect(ada.get_by_role("heading", name="Sign in")).to_be_visible(timeout=PATIENCE_MS)
    ada.goto(f"{guarded}/data?dataset={name}")
    expect(ada.get_by_role("heading", name="Sign in")).to_be_visible(timeout=PATIENCE_MS)
    expect(ada.get_by_text("secret things")).to_have_count(0)
