"""`app`: the browser app."""

import argparse
import os
import socket
import sys
from pathlib import Path
from typing import Any

DEFAULT_PORT = 8501


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("app", help="start the app in the browser", description="Ctrl-C ends it.")
    parser.add_argument(
        "--port", type=int, default=DEFAULT_PORT, metavar="N", help=f"port on this machine (default {DEFAULT_PORT})"
    )
    parser.add_argument("--home", type=Path, metavar="FOLDER", help="folder of runs and caches (default MMCLUST_HOME)")
    parser.add_argument("--open", action="store_true", help="also open the browser")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Become the server.

    Raises:
        ValueError: the port cannot be had.
    """
    _check(args.port)
    if args.home:
        os.environ["MMCLUST_HOME"] = str(args.home.expanduser().absolute())
    options = (f"--server.port={args.port}", f"--server.headless={str(not args.open).lower()}")
    command = [sys.executable, "-m", "mmclust.ui", *options]
    sys.stdout.flush()
    os.execv(sys.executable, command)  # the server itself has to get the signals


def _check(port: int) -> None:
    if not 1 <= port <= 65535:
        raise ValueError(f"--port is {port}; ports are whole numbers from 1 to 65535")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a server that has just ended is no hindrance
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            reason = error.strerror or str(error)
            raise ValueError(f"port {port} cannot be used ({reason}); choose another one with --port") from None
