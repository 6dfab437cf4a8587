"""Optional packages: without one a test skips, or fails where MMCLUST_REQUIRE_PACKAGES=1, as after `make install`."""

import os
from importlib import import_module
from typing import Any

import pytest


def optional(name: str) -> Any:
    """The module of that name."""
    try:
        return import_module(name)
    except ImportError as error:
        reason = f"{name} is not installed ({error})"
        if os.environ.get("MMCLUST_REQUIRE_PACKAGES") == "1":
            pytest.fail(reason)
        pytest.skip(reason, allow_module_level=True)
