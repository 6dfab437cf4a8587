"""The command line: finds the command, and turns every error into one sentence on stderr and an exit code.

Exit codes: 0 done, 1 failed, 2 bad usage. No command imports torch before it needs it.
"""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

from mmclust import __version__
from mmclust.cli.renamed import mention_former_variables

COMMANDS = (
    "app",
    "datasets",
    "features",
    "methods",
    "train",
    "resume",
    "set",
    "fork",
    "repeat",
    "runs",
    "sweep",
    "reproduce",
    "predict",
    "query",
    "export",
    "figure",
    "bundle",
    "bench",
    "doctor",
    "embed",
    "check",
    "backup",
    "clean",
    "example",
    "lessons",
)
"""Each is a module of this package with `add(commands)`, which declares its options and the function to call."""

log = logging.getLogger(__name__)


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one sentence and exit with code 2."""
        self.exit(2, f"{self.prog}: {message}; {self.prog} --help lists what is allowed\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code."""
    parser = Parser(prog="mmclust", description="Train, watch and inspect deep clusterings.", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"mmclust {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command", required=True)
    _declare(commands, sys.argv[1:] if arguments is None else arguments)
    mention_former_variables()
    logging.getLogger().addHandler(logging.NullHandler())  # errors reach the user as sentences, not as log lines
    try:
        chosen = parser.parse_args(arguments)
    except SystemExit as done:  # argparse ends this way after --help and after complaints
        return int(done.code or 0)
    try:
        code = chosen.run(chosen)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 1
    except ValueError as error:
        print(_sentence(error), file=sys.stderr)
        return 1 if _is_failure(error) else 2
    except Exception as error:
        log.exception("%s failed", chosen.command)
        print(f"The program failed ({type(error).__name__}: {_sentence(error)}).", file=sys.stderr)
        return 1


def _declare(commands: Any, arguments: Sequence[str]) -> None:
    """Declare the command that is asked for: loading the others takes a third of a second. All for help and typos."""
    asked = arguments[0] if arguments else ""
    for name in sorted(COMMANDS, key=lambda name: name != asked):
        import_module(f"mmclust.cli.{name}").add(commands)
        if name == asked and asked in commands.choices:  # the module of `import` is called otherwise
            return


def _sentence(error: Exception) -> str:
    from mmclust.escaping import terminal

    return " ".join(terminal(str(error)).split()) or type(error).__name__


def _is_failure(error: ValueError) -> bool:
    """Whether the command was right, but something that it needs is not there."""
    from mmclust.data.catalogue import DataUnavailable
    from mmclust.runs.errors import RunLost, StoreUnavailable

    return isinstance(error, (DataUnavailable, StoreUnavailable, RunLost))
