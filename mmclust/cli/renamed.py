"""Options and variables of earlier versions: they are understood, and say what they are called now."""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any

from mmclust.settings import FORMER_LIMITS

AS_WRITTEN = "MMCLUST_AS_WRITTEN"
"""Asked for what is the default now."""


class Renamed(argparse.Action):
    """An option under its former name, left out of the help.

    Args:
        now: the option's present name, such as `--preprocess`; the values go where that one's go.
    """

    def __init__(self, option_strings: Sequence[str], dest: str, *, now: str, **about: Any) -> None:
        self.now = now
        name = now.removeprefix("--").replace("-", "_")
        super().__init__(option_strings, name, help=argparse.SUPPRESS, default=argparse.SUPPRESS, **about)

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, option: str | None = None
    ) -> None:
        """Store the values as the present option would, and say so."""
        print(f"{option} is called {self.now} now; please write that.", file=sys.stderr)
        earlier = getattr(namespace, self.dest, None)
        setattr(namespace, self.dest, [*(earlier or []), *values] if isinstance(values, list) else values)


def mention_former_variables() -> None:
    """Say so where variables of earlier versions are set."""
    if os.environ.get(AS_WRITTEN):
        print(
            f"{AS_WRITTEN} has no effect any more: steps are eager unless --execution auto is given.", file=sys.stderr
        )
    for now, former in FORMER_LIMITS.items():
        if os.environ.get(f"MMCLUST_MAX_{former}"):
            print(f"MMCLUST_MAX_{former} is called MMCLUST_MAX_{now} now; please set that.", file=sys.stderr)
