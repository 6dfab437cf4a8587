import tomllib
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_a_wheel_holds_every_file_that_the_program_reads():
    about = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = about["tool"]["setuptools"]["package-data"]["*"]
    files = [file for file in (ROOT / "mmclust").rglob("*") if file.is_file() and file.suffix not in (".py", ".pyc")]
    assert files
    missing = [file for file in files if not any(fnmatch(file.name, pattern) for pattern in patterns)]
    assert not missing, "add their patterns to [tool.setuptools.package-data]"
    apart = [file for file in files if not (file.parent / "__init__.py").exists()]
    assert not apart, "a folder without __init__.py is left out of a wheel"
