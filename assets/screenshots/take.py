"""Takes the README's pictures again: `python assets/screenshots/take.py [NAME ...]`, with the app running.

Start the app with an empty MMCLUST_HOME, so that it shows only the bundled example. MMCLUST_ADDRESS sets its address,
default http://127.0.0.1:8501. Needs Playwright and Chromium.
"""

import io
import os
import shutil
import sys
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import FloatRect, Page, expect, sync_playwright

HERE = Path(__file__).parent
TIMEOUT_MS = 300_000
TRAINING_MS = 1_500_000
HALF_WAY = """() => {
  const found = document.body.innerText.match(/Epoch (\\d+) of (\\d+)/);
  return found && found[1] / found[2] > 0.5;
}"""
WIDTH = 1440
FILM = HERE / "map-through-time.gif"
FILM_CLIP: FloatRect = {"x": 64, "y": 228, "width": 1310, "height": 740}
FILM_SIZE = (860, 486)
SCRUB = "(input, value) => { input.value = value; input.dispatchEvent(new Event('input', { bubbles: true })); }"
LASSO = [(0.66, 0.38), (0.68, 0.33), (0.73, 0.32), (0.77, 0.36), (0.77, 0.44), (0.72, 0.49), (0.68, 0.54), (0.67, 0.62)]
LASSO += [(0.66, 0.7), (0.62, 0.75), (0.59, 0.7), (0.59, 0.6), (0.6, 0.53), (0.63, 0.49), (0.66, 0.44), (0.66, 0.38)]
"""Around two clusters, along fractions of the map's width and height."""


def train_light(page: Page) -> None:
    """DCCS on the digits in the middle of its training; it comes last, because the run becomes the newest one."""
    settings = "preset=paper&epochs=200&learning_rate=0.003&n_critic=1&style_dim=20"
    page.goto(f"{ADDRESS}/train?dataset=digits&method=dccs&{settings}")
    page.get_by_role("button", name="Start training").click(timeout=TIMEOUT_MS)
    page.wait_for_function(HALF_WAY, timeout=TRAINING_MS)
    expect(page.locator(".st-key-live-map canvas").first).to_be_visible(timeout=TIMEOUT_MS)


def explain_light(page: Page) -> None:
    """Right and wrong images of every cluster with their saliency maps."""
    page.goto(f"{ADDRESS}/explain")
    expect(page.get_by_text("wrong", exact=True).nth(3)).to_be_visible(timeout=TIMEOUT_MS)


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
    page.goto(f"{ADDRESS}/confusion?sel=cell:9-3")
    expect(page.locator("canvas[data-cm=cells]")).to_be_visible(timeout=TIMEOUT_MS)
    expect(page.locator(".mm-grid img").first).to_be_visible(timeout=TIMEOUT_MS)


def film(page: Page) -> None:
    """The playback of the training on the map, a lasso, its images, and where these samples came from."""
    page.goto(f"{ADDRESS}/map?space=z&time=true")
    expect(page.locator("[data-pm=legend] button").first).to_be_visible(timeout=TIMEOUT_MS)
    expect(page.locator("[data-pm=scrub]")).to_be_visible(timeout=TIMEOUT_MS)
    page.wait_for_timeout(3000)
    frames: list[tuple[Image.Image, int]] = []

    def take(duration_ms: int) -> None:
        image = Image.open(io.BytesIO(page.screenshot(clip=FILM_CLIP))).convert("RGB")
        frames.append((image.resize(FILM_SIZE, Image.Resampling.LANCZOS), duration_ms))

    def scrub(moments: np.ndarray) -> None:
        last = float(page.locator("[data-pm=scrub]").get_attribute("max") or 0)
        for moment in moments:
            page.locator("[data-pm=scrub]").evaluate(SCRUB, moment * last)
            page.wait_for_timeout(60)
            take(60)

    take(1400)
    scrub(np.linspace(0, 1, 70))
    take(1000)
    stage = page.locator("canvas[data-pm=over]").bounding_box()
    assert stage is not None
    for number, (x, y) in enumerate(LASSO):
        page.mouse.move(stage["x"] + x * stage["width"], stage["y"] + y * stage["height"])
        if number == 0:
            page.mouse.down()
        take(130)
    page.mouse.up()
    expect(page.get_by_text("Selected on the map")).to_be_visible(timeout=TIMEOUT_MS)
    page.wait_for_timeout(3000)
    take(2600)
    scrub(np.linspace(1, 0.3, 16))
    take(1400)
    scrub(np.linspace(0.3, 1, 16))
    take(2600)
    sheet = Image.new("RGB", (FILM_SIZE[0], 2 * FILM_SIZE[1]))  # every colour of the film is in its first or last frame
    sheet.paste(frames[0][0])
    sheet.paste(frames[-1][0], (0, FILM_SIZE[1]))
    palette = sheet.quantize(160, method=Image.Quantize.MAXCOVERAGE)
    images = [image.quantize(dither=Image.Dither.NONE, palette=palette) for image, _ in frames]
    durations = [duration for _, duration in frames]
    images[0].save(FILM, save_all=True, append_images=images[1:], duration=durations, loop=0, optimize=True)


PICTURES = {
    "film": (film, 1000),
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
        for name in names or PICTURES:
            show, height = PICTURES[name]
            dark = name.endswith("dark")
            page = browser.new_page(
                viewport={"width": WIDTH, "height": height}, color_scheme="dark" if dark else "light"
            )
            show(page)
            if name == "film":
                page.close()
                continue
            page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
            expect(page.locator('[data-testid="stSkeleton"]')).to_have_count(0, timeout=TIMEOUT_MS)
            page.wait_for_timeout(3000)
            page.screenshot(path=HERE / f"{name}.png")
            page.close()
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
