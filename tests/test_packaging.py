import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_a_wheel_holds_every_file_that_the_program_reads():
    about = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = about["tool"]["setuptools"]["package-data"]["mmclust"]
    files = [file for file in (ROOT / "mmclust").rglob("*") if file.is_file() and file.suffix not in (".py", ".pyc")]
    assert files
    missing = [
        file for file in files if not any(file.relative_to(ROOT / "mmclust").match(pattern) for pattern in patterns)
    ]
    assert not missing, "add their patterns to [tool.setuptools.package-data]"
