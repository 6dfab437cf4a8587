import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from mmclust.errors import explain, first_line, is_for_the_user
from mmclust.runs.errors import RunLost

RAISES = "def fail(kind=ValueError):\n    raise kind('out of range')\n"


def module(name: str, path: Path) -> ModuleType:
    """A module of that name, from a new file at that path."""
    path.parent.mkdir(parents=True)
    path.write_text(RAISES)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def raised(by: ModuleType, kind: type[Exception] = ValueError) -> Exception:
    with pytest.raises(kind) as caught:
        by.fail(kind)
    return caught.value


def test_a_library_below_two_folders_named_mmclust_does_not_speak_to_the_user(tmp_path: Path):
    library = module("somelib.core", tmp_path / "mmclust" / ".venv" / "lib" / "mmclust" / "somelib" / "core.py")
    error = raised(library)
    assert not is_for_the_user(error)
    assert explain(error).startswith("The program failed (ValueError: out of range)")


def test_our_own_code_speaks_to_the_user_from_any_folder(tmp_path: Path):
    ours = module("mmclust.somewhere", tmp_path / "some folder" / "somewhere.py")
    assert is_for_the_user(raised(ours))
    assert explain(raised(ours)) == "Out of range"
    assert not is_for_the_user(raised(ours, KeyError)), "a defect of ours is no sentence"


def test_a_package_whose_name_begins_like_ours_is_another_one(tmp_path: Path):
    assert not is_for_the_user(raised(module("mmclustering.core", tmp_path / "mmclustering" / "core.py")))


def test_a_module_started_as_a_program_is_still_ours(tmp_path: Path):
    program = module("mmclust.worker", tmp_path / "mmclust" / "worker.py")
    vars(program)["__name__"] = "__main__"
    assert is_for_the_user(raised(program))


def test_an_error_of_our_own_types_speaks_to_the_user_wherever_it_is_raised():
    assert is_for_the_user(RunLost("the run was deleted"))


def test_an_error_that_numpy_raises_in_python_does_not_speak_to_the_user():
    with pytest.raises(ValueError) as caught:
        np.stack([])
    assert not is_for_the_user(caught.value)


def test_the_first_line_of_an_error_without_text_is_its_type():
    assert first_line(KeyError()) == "KeyError"
    assert first_line(ValueError("one\ntwo"), 2) == "on"
