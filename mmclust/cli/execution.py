"""`--execution`: how steps are executed on a GPU, the same option for all commands that train."""

import argparse
import os
import sys

FORMER = "MMCLUST_AS_WRITTEN"
"""The variable of earlier versions that asked for what is the default now."""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the option."""
    parser.add_argument(
        "--execution",
        choices=("eager", "auto"),
        default="eager",
        help="of steps on a GPU: eager (default), or auto for CUDA graphs and torch.compile where a trial finds them "
        "faster; auto is not measured on a GPU yet",
    )


def mention_former_variable() -> None:
    """Say so where the variable of earlier versions is set, which has no effect any more."""
    if os.environ.get(FORMER):
        print(f"{FORMER} has no effect any more: steps are eager unless --execution auto is given.", file=sys.stderr)
