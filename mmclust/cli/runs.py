"""`runs`: what was trained, and how well."""

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mmclust.cli.output import duration, fraction, print_json, print_table, reported_metrics
from mmclust.escaping import terminal
from mmclust.evaluation.metric_names import MAIN

if TYPE_CHECKING:
    from mmclust.auto.account import Simple
    from mmclust.runs.record import RunRecord
    from mmclust.runs.store import RunStore


def add(commands: Any) -> None:
    """Declare the command."""
    parser = commands.add_parser("runs", help="list the runs: status, data set, method, ACC / NMI / ARI, time")
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--delete", metavar="RUN_ID", help="move a run to the trash, even an unreadable one")
    action.add_argument("--trash", action="store_true", help="list the runs in the trash")
    action.add_argument("--restore", metavar="RUN_ID", help="restore a run from the trash")
    action.add_argument(
        "--drop", metavar="RUN_ID", help="delete a run in the trash permanently; `all` empties the trash"
    )
    action.add_argument("--about", metavar="RUN_ID", help="what earned the result of a run, judged without labels")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the runs of the store, newest first."""
    from mmclust.runs import mend
    from mmclust.runs.store import RunStore

    store = RunStore()
    if args.about:
        return _about(store, args)
    if args.delete or args.trash or args.restore or args.drop:
        return _trash(store, args)
    records, damaged = store.list(examples=False), store.unreadable()
    if args.json:
        unreadable = [{"run_id": run.run_id, "reason": run.reason} for run in damaged]
        print_json({"runs": [_as_json(store, record) for record in records], "unreadable": unreadable})
        return 0
    for run in damaged:
        why = terminal(run.reason)
        print(f"{run.run_id} cannot be read ({why}); `python -m mmclust runs --delete {run.run_id}` removes it")
    for name in (names := mend.lost(store)):
        print(f"{name} has a folder and is not in the store")
    if names:
        print("`python -m mmclust check --repair` brings them back")
    if not records and not damaged and not names:
        print("No runs yet: python -m mmclust train --dataset digits --method dccs")
        return 0
    if records:
        titles = ("RUN", "STATUS", "DATA", "METHOD", "SEED", "EPOCH", "ACC", "NMI", "ARI", "TIME", "VERDICT", "")
        print_table(titles, [_row(store, record) for record in records])
    return 0


def _as_json(store: "RunStore", record: "RunRecord") -> dict[str, Any]:
    word, kept = _verdict(store, record.run_id)
    return {
        "run_id": record.run_id,
        "status": record.status,
        "dataset": record.spec.dataset,
        "method": record.spec.method,
        "seed": record.spec.seed,
        "epoch": record.epoch,
        "epochs": record.epochs,
        "metrics": reported_metrics(record.metrics),
        "seconds": record.seconds,
        "verdict": word,
        "kept": kept,
    }


def _row(store: "RunStore", record: "RunRecord") -> tuple[str, ...]:
    return (
        record.run_id,
        record.status,
        record.spec.dataset,
        record.spec.method,
        str(record.spec.seed),
        f"{record.epoch:.0f}/{record.epochs}",
        *(fraction(record.metrics, name) for name in MAIN),
        duration(record.seconds),
        _verdict(store, record.run_id)[0] or "-",
        record.error or record.waiting_for or record.title,
    )


def _verdict(store: "RunStore", run_id: str) -> tuple[str | None, str | None]:
    """The word on a run's result, and whether it is the method's or the start's; None where nothing is known."""
    from mmclust.auto import account

    about = account.read(store.folder(run_id))
    return (about.verdict.word if about.verdict else None, about.kept) if about else (None, None)


def _about(store: "RunStore", args: argparse.Namespace) -> int:
    """What earned the result of a run."""
    from mmclust.auto import account

    about = account.read(store.get(args.about).folder)
    if about is None:
        raise ValueError(
            f"nothing is known of what earned the result of {args.about}; runs of preset auto write it when they end, "
            "and the Train page computes it for others"
        )
    if args.json:
        print_json({"run_id": args.about, **asdict(about)})
        return 0
    print(f"{about.headline or 'No verdict'}. {about.sentence}")
    for reason in (*about.reasons, *about.notes, *about.notes_of_labels, *[about.suggestion] * bool(about.suggestion)):
        print(f"  {reason}")
    for when, value in about.moments:
        print(f"  {about.measure}, {when}: {value:.3f}")
    if about.moved is not None:
        print(f"  {about.moved} of {about.n_samples} samples moved from their cluster of the start")
    for view in about.views:
        if view.scaling:
            print(f"  {view.name}: {view.kind}, prepared by {view.scaling}")
    rows = [
        (
            "-" if one.evidence is None else f"{one.evidence:.3f}",
            *(fraction(_plain(one), name) for name in MAIN),
            one.name,
        )
        for one in about.clusterings
    ]
    print_table(("EVIDENCE", "ACC", "NMI", "ARI", "CLUSTERING"), rows)
    return 0


def _plain(one: "Simple") -> dict[str, float] | None:
    return dict(one.metrics) if one.metrics else None


def _trash(store: "RunStore", args: argparse.Namespace) -> int:
    """What concerns runs that are deleted, or are going to be."""
    from mmclust.runs import trash

    if args.delete:
        store.delete(args.delete)
        answer, text = {"deleted": args.delete}, f"`python -m mmclust runs --restore {args.delete}` brings it back"
    elif args.restore:
        trash.restore(store, args.restore)
        answer, text = {"restored": args.restore}, f"{args.restore} is back"
    elif args.drop:
        names = [run.run_id for run in trash.listed(store)] if args.drop == "all" else [args.drop]
        for name in names:
            trash.drop(store, name)
        answer, text = {"dropped": names}, f"removed for good: {', '.join(names) or 'nothing'}"
    else:
        found = trash.listed(store)
        answer = {"trash": [asdict(run) for run in found]}
        lines = (f"{run.run_id}  {run.n_bytes / 2**20:.1f} MiB  {terminal(run.title)}".rstrip() for run in found)
        text = "\n".join(lines) or "The trash is empty."
    print_json(answer) if args.json else print(text)
    return 0
