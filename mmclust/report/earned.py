"""The section of a report that says what earned the result: verdict, preparation, start, evidence, simple methods."""

from mmclust.auto import account
from mmclust.auto.account import Account
from mmclust.evaluation.metric_names import MAIN, TITLES
from mmclust.report.html import Section, percent, section
from mmclust.runs.run import Run


def earned(run: Run) -> Section | None:
    """What earned the result of a run; None where nothing is known of it."""
    about = account.read(run.folder)
    if about is None:
        return None
    measured = about.measure == account.EVIDENCE
    return section(
        "run",
        "earned",
        "What earned this result",
        headline=about.headline,
        sentence=about.sentence,
        reasons=[*about.reasons, *about.notes, *about.notes_of_labels, *[about.suggestion] * bool(about.suggestion)],
        measure=about.measure,
        moments=_moments(about),
        head=("clustering", *["evidence"] * measured, *(TITLES[name] for name in MAIN)),
        clusterings=[
            (row.name, *[_number(row.evidence)] * measured, *(percent((row.metrics or {}).get(name)) for name in MAIN))
            for row in about.clusterings
        ],
        views=[
            (view.name, view.scaling, ", ".join(f"{name} {value:.2f}" for name, value in (view.overlaps or {}).items()))
            for view in about.views
            if view.scaling
        ],
        about_measure=account.EVIDENCE_ABOUT if measured else account.PREDICTABILITY_ABOUT,
    )


def _moments(about: Account) -> list[tuple[str, str]]:
    rows = [(when, _number(value)) for when, value in about.moments]
    if about.chance is not None:
        rows.append(("clusterings of shuffled views", _number(about.chance)))
    if about.moved is not None:
        rows.append(("samples moved by training", f"{about.moved:,} of {about.n_samples:,}"))
    return rows


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
