"""From a zip of captioned pictures to a clustering of two views, in a real browser, without a line of code."""

import re
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from tests.browser.test_first_visit import PATIENCE_MS, assert_pictures, choose, go_to

pytestmark = [pytest.mark.browser, pytest.mark.slow]

COLOURS = {"red": (220, 40, 40), "green": (40, 180, 60), "blue": (40, 70, 220)}
PLACES = ("on the left", "near the top", "in the middle", "at night")


def captioned_pictures(path: Path, count: int = 240) -> None:
    """A zip of drawn figures and a table that says what they show."""
    random = np.random.default_rng(0)
    lines = ["image,caption,label"]
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(count):
            colour, figure = list(COLOURS)[number % 3], ("circle", "square")[number // 3 % 2]
            picture = Image.new("RGB", (32, 32), tuple(random.integers(0, 60, 3).tolist()))
            pen, (x, y), side = (
                ImageDraw.Draw(picture),
                random.integers(2, 12, 2).tolist(),
                int(random.integers(12, 18)),
            )
            draw = pen.ellipse if figure == "circle" else pen.rectangle
            draw((x, y, x + side, y + side), fill=COLOURS[colour])
            file = BytesIO()
            picture.save(file, "PNG")
            archive.writestr(f"figures/{number:03}.png", file.getvalue())
            lines.append(f"{number:03}.png,a {colour} {figure} {PLACES[random.integers(4)]},{colour} {figure}")
        archive.writestr("figures/captions.csv", "\n".join(lines))


def test_captioned_pictures_become_features_and_a_clustering(page: Page, server: str, tmp_path: Path) -> None:
    captioned_pictures(tmp_path / "figures.zip")
    page.goto(f"{server}/data")
    page.get_by_role("button", name="Add data").click()
    page.locator("input[type=file]").set_input_files(tmp_path / "figures.zip")
    understood = page.get_by_text("Detected: 240 colour images of 32 x 32; 6 classes; 240 captions.")
    expect(understood).to_be_visible(timeout=PATIENCE_MS)
    assert_pictures(page, "image of sample", 10)
    page.get_by_role("button", name="Save data set").click()
    kept = page.get_by_text("figures was added to your data sets")
    expect(kept).to_be_in_viewport(timeout=PATIENCE_MS)
    expect(page.get_by_role("heading", name="figures")).to_be_in_viewport()
    expect(page).to_have_url(re.compile("dataset=own%2Flocal%2Ffigures"))

    page.get_by_role("tab", name="Features").click()
    page.get_by_role("button", name="Compute features").click()
    expect(page.get_by_text("Variance kept").first).to_be_visible(timeout=PATIENCE_MS)
    assert_pictures(page, "picture of sample", 6)
    page.get_by_role("button", name="Save as data set").click()
    expect(page.get_by_role("heading", name="figures, HOG and TF-IDF")).to_be_in_viewport(timeout=PATIENCE_MS)

    page.get_by_role("button", name="Train on this").click()
    expect(page).to_have_url(re.compile("/train"))
    choose(page, "Method", "MSDIB")
    expect(page.get_by_text("MSDIB: the idea").first).to_be_visible()
    expect(page.locator('[data-test-script-state="notRunning"]')).to_be_attached()
    page.get_by_role("spinbutton", name="Epochs").fill("3")
    page.get_by_role("spinbutton", name="Epochs").press("Enter")
    expect(page).to_have_url(re.compile("epochs=3"))
    page.get_by_role("button", name="Start training").click()
    expect(page.get_by_text("finished").first).to_be_visible(timeout=PATIENCE_MS)

    go_to(page, "Clusters")
    assert_pictures(page, "“a ", 10)  # pictures in the rows, their captions on hover
