"""Who did what: one line of JSON for each start, deletion, import and upload, in the file `audit.log` of the home.

Lines are only appended. Whoever rotates the file may do so at any time, as it is opened for each line.
"""

import json
import logging
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

LOCAL = "local"
"""The user where nobody signs in, and of the command line."""
FILE = "audit.log"
VARIABLE = "MMCLUST_USER"
"""Tells a child process whose work it does."""
LONGEST = 200

log = logging.getLogger(__name__)


def _of_process() -> tuple[str, str]:
    return os.environ.get(VARIABLE) or LOCAL, ""


who: Callable[[], tuple[str, str]] = _of_process
"""Gives key and name of the user that this thread works for; pages put their own here."""


def user() -> str:
    """Key of the user that this thread works for."""
    return who()[0]


def note(home: Path, action: str, what: str, **details: Any) -> None:
    """Append a line.

    A log that cannot be written is a warning of the server: stopping and deleting have to work on a full disk.

    Args:
        home: folder of the store.
        action: one word, e.g. "delete".
        what: id of the run, sweep or data set.
        details: more of it, as JSON.
    """
    key, name = who()
    line = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "user": key,
        **({"name": name[:LONGEST]} if name else {}),
        "action": action,
        "what": what[:LONGEST],
        **details,
    }
    try:
        with os.fdopen(os.open(home / FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as file:
            file.write(json.dumps(line).encode() + b"\n")
    except OSError as error:
        log.warning("%s: %s %s by %s is not noted: %s", home / FILE, action, what, key, error)
