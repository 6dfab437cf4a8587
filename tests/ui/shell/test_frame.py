import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mmclust.ui.shell.frame import sentence

ROOT = Path(__file__).resolve().parents[3]


def test_an_error_text_becomes_a_sentence() -> None:
    assert sentence(ValueError("limit=0 leaves no samples")) == "limit=0 leaves no samples."
    assert sentence(ValueError("my_data.npz is damaged")) == "my_data.npz is damaged."
    assert sentence(ValueError("no file has arrived")) == "No file has arrived."
    assert sentence(ValueError("Why?")) == "Why?"
    assert sentence(KeyError()) == "KeyError."


def test_our_own_value_error_is_shown_as_it_is() -> None:
    def page():
        from mmclust.data import catalogue
        from mmclust.ui.shell import frame

        with frame.messages():
            catalogue.load("no-such-set")

    app = AppTest.from_function(page).run()
    assert not app.exception
    assert "neither a known data set nor a file" in app.warning[0].value


def test_a_defect_is_a_calm_message_without_details(caplog: pytest.LogCaptureFixture) -> None:
    def page():
        import numpy as np

        from mmclust.ui.shell import frame

        with frame.messages():
            np.add(np.zeros(3), np.zeros(4))

    app = AppTest.from_function(page).run()
    assert not app.exception
    assert "Your runs are safe" in app.error[0].value
    assert "broadcast" not in app.error[0].value and "broadcast" in caplog.text
    caplog.clear()


def test_the_first_page_is_painted_without_torch() -> None:
    code = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        "app = AppTest.from_file('pages/main.py', default_timeout=60).run()\n"
        "assert not app.exception\n"
        "heavy = {'torch', 'torchvision', 'sklearn', 'umap', 'openTSNE', 'pytorch_grad_cam'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
