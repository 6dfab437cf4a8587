"""The wheel: everything the app needs is inside, and an environment that has only the wheel shows the map."""

import os
import re
import shutil
import site
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from browser.conftest import free_port, wait_for
from playwright.sync_api import expect, sync_playwright

ROOT = Path(__file__).parents[1]
BESIDE = ("app.py", "pages", "assets", ".streamlit")
"""Of a checkout; a wheel has them inside the package."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of the checkout without what git ignores."""
    source, out = tmp_path_factory.mktemp("source") / "mmclust", tmp_path_factory.mktemp("dist")
    unwanted = shutil.ignore_patterns(".venv", ".git", "__pycache__", "*_cache", ".hypothesis", "screenshots")
    shutil.copytree(ROOT, source, ignore=unwanted)
    command = [sys.executable, "-m", "uv", "build", "--quiet", "--wheel", "--out-dir", str(out), str(source)]
    subprocess.run(command, check=True)
    (file,) = out.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command `mmclust` of a fresh environment that has the wheel, beside the libraries of this one."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "libraries.pth").write_text("\n".join(site.getsitepackages()))
    install = ["pip", "install", "--quiet", "--no-deps", "--python", str(folder / "bin" / "python"), str(wheel)]
    subprocess.run([sys.executable, "-m", "uv", *install], check=True)
    return folder / "bin" / "mmclust"


def outside(home: Path) -> dict[str, str]:
    """Variables of a user who has no checkout."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"MMCLUST_HOME": str(home)}


@pytest.mark.slow
def test_a_wheel_holds_every_file_that_the_program_reads(wheel: Path):
    held = set(zipfile.ZipFile(wheel).namelist())
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.splitlines()
    read = [path for path in tracked or _files() if path.startswith(("mmclust/", *BESIDE))]
    read = [path for path in read if not path.startswith("assets/screenshots/")]
    assert len(read) > 300
    expected = {path if path.startswith("mmclust/") else f"mmclust/_app/{path}" for path in read}
    assert sorted(expected - held) == []
    assert any(path.endswith("licenses/LICENSE") for path in held)


def _files() -> list[str]:
    """What a checkout without git, such as an archive, has."""
    found = (path for folder in ("mmclust", *BESIDE[1:]) for path in (ROOT / folder).rglob("*") if path.is_file())
    return ["app.py", *(str(path.relative_to(ROOT)) for path in found if path.suffix != ".pyc")]


@pytest.mark.slow
def test_an_installed_program_knows_its_example_and_says_what_only_a_checkout_can(program: Path, tmp_path: Path):
    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        about = {"cwd": tmp_path, "env": outside(tmp_path / "home"), "capture_output": True, "text": True}
        return subprocess.run([program, *arguments], **about)

    where = "import mmclust; print(mmclust.__file__)"
    about = {"cwd": tmp_path, "env": outside(tmp_path / "home"), "capture_output": True, "text": True}
    found = subprocess.run([program.with_name("python"), "-c", where], **about)
    assert found.stdout.startswith(str(program.parents[1])), "the checkout is used instead of the wheel"
    assert "digits" in call("datasets").stdout
    refused = call("bench", "train")
    assert refused.returncode == 2 and "folder benchmarks/ of the repository" in refused.stderr


@pytest.mark.slow
@pytest.mark.browser
def test_the_app_of_an_installed_wheel_shows_the_map(program: Path, chromium: str, tmp_path: Path):
    port, log = free_port(), tmp_path / "server.log"
    with log.open("wb") as output:
        command = [program, "app", "--port", str(port), "--home", str(tmp_path / "home")]
        server = subprocess.Popen(command, cwd=tmp_path, env=outside(tmp_path), stdout=output, stderr=output)
    try:
        wait_for(f"http://127.0.0.1:{port}/_stcore/health", server, log)
        with sync_playwright() as playwright:
            page = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"]).new_page()
            page.goto(f"http://127.0.0.1:{port}/map?projection=PCA")
            expect(page.locator(".pm [data-pm=legend] button").first).to_be_visible(timeout=120_000)
            expect(page.get_by_role("img", name=re.compile("logo", re.I)).first).to_be_visible()
        refused = subprocess.run([*command[:2], "--port", str(port)], capture_output=True, text=True)
        assert refused.returncode == 2 and "choose another one with --port" in refused.stderr
    finally:
        server.terminate()
        server.wait(60)
    assert "Traceback" not in log.read_text()
