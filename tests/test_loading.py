import gc
import re
import threading
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from mmclust import loading


def test_two_threads_do_not_load_scikit_learn_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    loading_now, at_once, loaded = 0, [0], list[str]()

    def slow(name: str) -> None:
        nonlocal loading_now
        loading_now += 1
        at_once.append(loading_now)
        time.sleep(0.002)
        loading_now -= 1
        loaded.append(name)

    monkeypatch.setattr(loading, "import_module", slow)
    threads = [threading.Thread(target=loading.load_scikit_learn) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(at_once) == 1
    assert len(loaded) == 4 * len(set(loaded)) > 20


def test_every_part_that_the_program_uses_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    monkeypatch.setattr(loading, "import_module", loaded.append)
    loading.load_scikit_learn()
    sources = "\n".join(path.read_text() for path in Path(loading.__file__).parent.rglob("*.py"))
    used = set(re.findall(r"(?:from|import) (sklearn\.[a-z_.]+)", sources)) - {"sklearn.exceptions"}  # a leaf
    assert len(used) > 5
    assert {name for name in used if not name.startswith(tuple(loaded))} == set()
    assert all(find_spec(name) for name in loaded)


def test_garbage_is_looked_for_again_after_loading_also_after_a_failure() -> None:
    with pytest.raises(ImportError), loading.without_collector():
        assert not gc.isenabled()
        raise ImportError
    assert gc.isenabled()
    gc.disable()
    try:
        with loading.without_collector():
            pass
        assert not gc.isenabled(), "who has switched it off wants it off"
    finally:
        gc.enable()
