"""Takes the README's pictures and its film again: `python assets/screenshots/take.py [NAME ...]`, with the app running.

Start the app with an empty MMCLUST_HOME, so that it shows only the bundled example. MMCLUST_ADDRESS sets its address,
default http://127.0.0.1:8501. Needs Playwright and Chromium.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TIMEOUT_MS = 300_000
TRAINING_MS = 1_500_000
UNDER_WAY = """() => {
  const found = document.body.innerText.match(/Epoch (\\d+) of (\\d+)/);
  return found && found[1] / found[2] > 0.2;
}"""
WIDTH = 1440
FILM = HERE / "training.webp"


def train_light(page: Page) -> None:
    """DCCS on letters while it trains; it comes last, because the run becomes the newest one."""
    page.goto(f"{ADDRESS}/train?dataset=glyphs&method=dccs&preset=quick&epochs=40&limit=2000")
    page.get_by_role("button", name="Start training").click(timeout=TIMEOUT_MS)
    page.wait_for_function(UNDER_WAY, timeout=TRAINING_MS)
    expect(page.locator(".st-key-live-stage canvas").first).to_be_visible(timeout=TIMEOUT_MS)


def explain_light(page: Page) -> None:
    """Right and wrong images of every cluster with their saliency maps."""
    page.goto(f"{ADDRESS}/explain")
    expect(page.get_by_text("wrong", exact=True).first).to_be_visible(timeout=TIMEOUT_MS)


def disentangle_light(page: Page) -> None:
    """The same style in all clusters."""
    page.goto(f"{ADDRESS}/disentangle?part=neighbours")
    expect(page.locator(".mm-style")).to_be_visible(timeout=TIMEOUT_MS)


def clusters_light(page: Page) -> None:
    """The most confident images of every cluster."""
    page.goto(f"{ADDRESS}/clusters")
    expect(page.locator(".mm-table tbody tr").nth(4)).to_be_visible(timeout=TIMEOUT_MS)


def confusion_dark(page: Page) -> None:
    """The confusion matrix, and the images of a cell that is selected."""
    page.goto(f"{ADDRESS}/confusion?sel=cell:4-9")
    expect(page.locator("canvas[data-cm=cells]")).to_be_visible(timeout=TIMEOUT_MS)
    expect(page.locator(".mm-grid img").first).to_be_visible(timeout=TIMEOUT_MS)


def film() -> None:
    """The training of the bundled example, as the app exports it."""
    run_id = json.loads((ROOT / "assets/example/record.json").read_text())["run_id"]
    command = ["figure", run_id, "film", "--out", str(FILM)]
    subprocess.run([sys.executable, "-m", "mmclust", *command], cwd=ROOT, check=True)


PICTURES = {
    "explain-light": (explain_light, 900),
    "disentangle-light": (disentangle_light, 900),
    "clusters-light": (clusters_light, 900),
    "confusion-dark": (confusion_dark, 900),
    "train-light": (train_light, 900),
}
"""How to get each, and its height in pixels."""
ADDRESS = os.environ.get("MMCLUST_ADDRESS", "http://127.0.0.1:8501")


def main(names: list[str]) -> None:
    """Take the pictures of these names; all where none is given."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for name in names or (*PICTURES, FILM.stem):
            if name == FILM.stem:
                film()
                continue
            show, height = PICTURES[name]
            dark = name.endswith("dark")
            page = browser.new_page(
                viewport={"width": WIDTH, "height": height}, color_scheme="dark" if dark else "light"
            )
            show(page)
            page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
            expect(page.locator('[data-testid="stSkeleton"]')).to_have_count(0, timeout=TIMEOUT_MS)
            page.wait_for_timeout(3000)
            page.screenshot(path=HERE / f"{name}.png")
            page.close()
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
