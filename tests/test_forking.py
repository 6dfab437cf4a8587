import os
import subprocess
from pathlib import Path

import psutil

from mmclust.forking import ForkServer


def test_it_lives_until_it_is_closed() -> None:
    server = ForkServer("mmclust.columns.ready", dict(os.environ), subprocess.DEVNULL)
    assert server.alive and psutil.pid_exists(server.pid)
    server.close()
    assert not server.alive and not psutil.pid_exists(server.pid)


def test_a_process_that_ends_by_itself_is_no_longer_alive(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as output:
        server = ForkServer("json.tool", dict(os.environ), output, tmp_path)  # takes the number for a file's name
    assert server._process.wait(30) != 0 and not server.alive
    assert (tmp_path / "log").read_text()
    server.close()
