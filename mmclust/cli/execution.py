"""`--execution`: how steps are executed on a GPU, the same option for all commands that train."""

import argparse


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the option."""
    parser.add_argument(
        "--execution",
        choices=("eager", "auto"),
        default="eager",
        help=(
            "execution mode of steps on a GPU: eager (default), or auto to use CUDA graphs and torch.compile if a "
            "trial finds them faster; auto has not been measured on a GPU yet"
        ),
    )
