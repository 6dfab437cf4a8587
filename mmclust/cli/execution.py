"""`--execution`: how steps are executed on a GPU, the same option for all commands that train."""

import argparse


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the option."""
    parser.add_argument(
        "--execution",
        choices=("eager", "auto"),
        default="eager",
        help="of steps on a GPU: eager (default), or auto for CUDA graphs and torch.compile where a trial finds them "
        "faster; auto is not measured on a GPU yet",
    )
