import threading
from pathlib import Path

import pytest

from mmclust.reproduction import markdown
from mmclust.reproduction.experiment import Experiment, Place, Row
from mmclust.reproduction.reproduce import Extent, reproduce
from mmclust.reproduction.table import PaperTable
from mmclust.runs.store import RunStore
from mmclust.sweeps.outcome import SweepProgress

TABLE = PaperTable(
    paper="A paper (2026)",
    url="",
    number="Table 9",
    title="Digits",
    averaged="mean of 3 runs",
    datasets=("digits", "imagenet10"),
    metrics=("acc", "nmi", "purity"),
    scale=100.0,
    text="""
k-means | 70.0/65.0/72.0 | 50/40/55
full    | 90.0/85.0/88.0 | 60.0/50.0/65.0
other   | 80.0/75.0/81.0 | -
""",
)
SMALL = {"width": 0.125}
TINY = Experiment(
    name="tiny",
    title="Table 9: digits",
    paper=TABLE.paper,
    tables=(TABLE,),
    places=(Place(dataset="digits"), Place(dataset="imagenet10")),
    metrics=("acc", "nmi", "purity"),
    n_seeds=2,
    by_loss=True,
    rows=(
        Row(label="k-means", reported="k-means", baseline="kmeans"),
        Row(label="DCCS", reported="full", method="dccs", preset="paper", changes=SMALL),
        Row(label="without Aug", method="dccs", preset="paper", ablation="M2: Adv + MI", changes=SMALL),
        Row(label="impossible", method="dccs", preset="paper", changes={"input": "rgb"}),
    ),
)


@pytest.fixture(autouse=True)
def short_presets(monkeypatch: pytest.MonkeyPatch, runs_in_this_process: None) -> None:
    """Two epochs instead of two hundred, no data of the user, and no processes of workers."""
    from mmclust.methods.card import Preset
    from mmclust.methods.dccs.card import CARD

    monkeypatch.delenv("MMCLUST_DATA", raising=False)
    monkeypatch.setitem(CARD.presets["paper"], "digits", Preset(epochs=2))  # pyright: ignore[reportArgumentType]


@pytest.mark.slow
def test_ours_stand_beside_the_papers_and_what_is_missing_is_said(tmp_path: Path):
    said: list[str] = []
    states: list[SweepProgress] = []
    document = reproduce(TINY, RunStore(), Extent(n_workers=2), progress=states.append, say=said.append)
    assert "colour images" in states[0].refused[0], "said before a run begins"
    assert len(said) == 2 and said[0].startswith("k-means on digits, seed 0: ACC 0.")
    lines = {line["label"]: line for line in document["lines"]}
    assert lines["DCCS"]["reported"]["acc"]["value"] == 0.9
    assert lines["DCCS"]["reported"]["acc"]["impossible"]
    assert lines["DCCS"]["ours"]["acc"]["n"] == 2
    assert lines["without Aug"]["reported"] is None
    assert lines["impossible"]["ours"] is None
    assert "colour images" in lines["impossible"]["failures"][0]
    assert document["n_runs"] == 6
    page = markdown.written(document, "python -m mmclust reproduce tiny")
    rows = {line.split(" | ")[0].removeprefix("| "): line.split(" | ") for line in page.splitlines() if " | " in line}
    assert rows["method"][1:7] == ["ACC paper", "NMI paper", "PUR paper", "ACC ours", "NMI ours", "PUR ours"]
    assert rows["DCCS"][1:4] == ["0.900 (!)", "0.850", "0.880 (!)"]
    assert " ± " in rows["DCCS"][4]
    assert rows["other (paper)"][1:4] == ["0.800", "0.750", "0.810"]
    assert rows["impossible"][4] == "-"
    assert "purity is never below" in page.lower()
    assert "ImageNet-10: no data, so no numbers of ours." in page
    assert rows["full"][1] == "0.600 / 0.500 / 0.650 |"
    assert document["lines"][1]["lowest_loss"] is None, "DCCS has several objectives, so none is lowest"

    again = reproduce(TINY, RunStore(), Extent(train=False))
    for line in (*document["lines"], *again["lines"]):
        line.pop("failures")
    assert again["lines"] == document["lines"]
    assert len(RunStore().list(examples=False)) == 4, "showing has trained"


def test_what_was_never_trained_is_shown_as_dashes():
    document = reproduce(TINY, RunStore(), Extent(train=False))
    assert all(line["ours"] is None for line in document["lines"])
    page = markdown.written(document, "command")
    assert "| DCCS | 0.900 (!) | 0.850 | 0.880 (!) | - | - | - | - | 0 | - |" in page
    assert RunStore().list(examples=False) == []


def test_a_stop_before_the_start_trains_nothing_and_is_said():
    stop = threading.Event()
    stop.set()
    document = reproduce(TINY, RunStore(), Extent(), stop=stop)
    assert document["stopped"]
    assert "over the seeds that are done (of 2; column seeds)" in markdown.written(document, "command")
    assert "Stopped before its end" in markdown.written(document, "command")
    assert RunStore().list(examples=False) == []


@pytest.mark.slow
def test_a_grid_of_two_axes_is_a_square_and_curves_are_tabulated_by_epoch():
    rows = (Row(label="DCCS", method="dccs", preset="paper", changes=SMALL),)
    about = {"title": "Fig.", "paper": "A paper", "places": (Place(dataset="digits"),), "rows": rows, "n_seeds": 2}
    axes = {"beta_mi": (0.0, 0.5), "beta_aug": (1.0, 2.0)}
    figure = Experiment(
        name="grid", axes=axes, quick_axes={"beta_mi": (0.5,)}, quick_limit=200, quick_epochs=2, **about
    )
    document = reproduce(figure, RunStore(), Extent(n_seeds=1, n_workers=2))
    assert [line["point"] for line in document["lines"]][1] == {"beta_mi": 0.0, "beta_aug": 2.0}
    page = markdown.written(document, "command")
    assert "| beta_mi \\ beta_aug | 1 | 2 |" in page
    assert "over 4 settings" in page
    quick = reproduce(figure, RunStore(), Extent(n_seeds=1, quick=True, n_workers=1))
    page = markdown.written(quick, "command")
    assert "preset quick, 200 samples for every row, 2 epochs" in page
    header = next(line for line in page.splitlines() if line.startswith("| beta_mi |"))
    assert header == "| beta_mi | ACC | NMI | seeds | time a run |", "one axis is a list"
    assert "ACC 0." not in page and quick["lines"][0]["ours"], "so short a training has no scores to show"

    curves = Experiment(name="curve", curves=("objective/encoder", "eval/acc"), **about)
    document = reproduce(curves, RunStore(), Extent(n_workers=2))
    found = document["lines"][0]["curves"]
    assert found["epochs"] == [0, 1, 2]
    assert found["eval/acc"][2]["mean"] == pytest.approx(document["lines"][0]["ours"]["acc"]["mean"])
    assert found["objective/encoder"][0] is None
    assert "| epoch | objective | ACC |" in markdown.written(document, "command")


def test_a_page_replaces_its_earlier_one_and_leaves_others_alone(tmp_path: Path):
    path = tmp_path / "docs" / "results.md"
    markdown.put_into(path, "one", "first\n")
    path.write_text("# Results\n\n" + path.read_text() + "\nby hand\n")
    markdown.put_into(path, "two", "second\n")
    markdown.put_into(path, "one", "again \\1\n")
    text = path.read_text()
    assert text.startswith("# Results") and "by hand" in text
    assert "first" not in text and text.index("again \\1") < text.index("second")
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="cannot be written"):
        markdown.put_into(tmp_path / "file" / "results.md", "one", "text\n")


@pytest.mark.slow
def test_of_runs_with_one_objective_the_lowest_stands_beside_the_mean(monkeypatch: pytest.MonkeyPatch):
    from mmclust.methods.card import Preset
    from mmclust.methods.msdib.card import CARD

    short = {"*": Preset(epochs=2)}
    monkeypatch.setitem(CARD.presets, "paper", short)  # pyright: ignore[reportArgumentType]
    rows = (
        Row(label="MSDIB", method="msdib", preset="paper", ablation="DDC + IC + IP (full)"),
        Row(label="DDC", method="msdib", preset="paper", ablation="DDC"),
        Row(label="CCA", baseline="cca-kmeans"),
    )
    table = Experiment(
        name="loss",
        title="Table",
        paper="A paper",
        places=(Place(dataset="digits-2view", stands_for="another"),),
        rows=rows,
        n_seeds=2,
        by_loss=True,
    )
    store = RunStore()
    document = reproduce(table, store, Extent(n_workers=2))
    line = document["lines"][0]
    assert not line["failures"]
    losses = {}
    for run_id in line["run_ids"]:
        run = store.get(run_id)
        losses[run.spec.seed] = run.metrics(["objective/main"])["value"].iloc[-1]
    chosen = line["lowest_loss"]
    assert chosen["seed"] == min(losses, key=lambda seed: losses[seed])
    assert chosen["loss"] == losses[chosen["seed"]]
    assert chosen["metrics"]["acc"] == store.record(chosen["run_id"]).metrics["acc"]  # pyright: ignore
    page = markdown.written(document, "command")
    assert "(a substitute for another)" in page
    assert f"(seed {chosen['seed']})" in page
