"""`methods`: what can be trained, and with which hyper-parameters."""

import argparse
from typing import Any

from mmclust.cli.output import print_json, print_table
from mmclust.methods.card import Hyperparameter, MethodCard


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("methods", help="list the methods and their hyperparameters")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print every method's card."""
    from mmclust.methods import METHODS, card

    cards = [card(name) for name in METHODS]
    if args.json:
        print_json({"methods": [_as_json(about) for about in cards]})
        return 0
    for about in cards:
        print(f"{about.name}: {about.title}, takes {about.views}; presets {', '.join(about.presets)}")
        print(f"  {about.citation} {about.paper}\n")
        rows = [(f"  {k.name}", str(k.default), _allowed(k), k.symbol, k.help) for k in about.hyperparameters]
        print_table(("  NAME", "DEFAULT", "ALLOWED", "SYMBOL", "MEANING"), rows)
    return 0


def _as_json(about: MethodCard) -> dict[str, Any]:
    return {
        "name": about.name,
        "title": about.title,
        "paper": about.paper,
        "views": about.views,
        "hyperparameters": [
            {
                "name": k.name,
                "default": k.default,
                "low": k.low,
                "high": k.high,
                "symbol": k.symbol,
                "help": k.help,
                "choices": list(k.choices),
            }
            for k in about.hyperparameters
        ],
    }


def _allowed(k: Hyperparameter) -> str:
    if k.kind is bool:
        return "true, false"
    if k.choices:
        return ", ".join(k.choices)
    return f"{'' if k.low is None else f'{k.low:g}'} to {'' if k.high is None else f'{k.high:g}'}"
