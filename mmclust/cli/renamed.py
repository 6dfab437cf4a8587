"""Options of earlier versions: they still work, and say what they are called now."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any


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
