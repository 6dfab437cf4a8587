"""`clean`: remove caches."""

import argparse
from typing import Any

from mmclust.cli.output import print_json


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "clean",
        help="remove cached layouts, thumbnails and unpacked files that were not used for longest",
        description="Removes the longest unused until the caches fit MMCLUST_MAX_CACHE_GIB. Nothing else is touched.",
    )
    parser.add_argument("--all", action="store_true", help="remove everything that can be recomputed")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Clean, and say how much was removed and is left."""
    from mmclust import settings
    from mmclust.runs import caches

    home = settings.home()
    removed = caches.clean(home, at_most=0 if args.all else None)
    left = sum(one.n_bytes for one in caches.found(home))
    if args.json:
        print_json({"removed_bytes": removed, "left_bytes": left})
    else:
        print(f"{removed / 2**20:,.1f} MiB were removed, {left / 2**20:,.1f} MiB are left.")
    return 0
