import pandas as pd

from mmclust.ui.shell import curves


class FakeRun:
    """Gives points as a store would: those after an id."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, int, str, float]] = []
        self.asked: list[int | None] = []

    def add(self, id: int, step: int, name: str, value: float) -> None:
        self.rows.append((id, step, name, value))

    def metrics(self, since_id: int | None = None) -> pd.DataFrame:
        self.asked.append(since_id)
        rows = [row for row in self.rows if since_id is None or row[0] > since_id]
        frame = pd.DataFrame(rows, columns=pd.Index(["id", "step", "name", "value"]))
        return frame.assign(epoch=frame["step"] / 10)


def test_curves_are_read_on_from_the_last_known_point() -> None:
    run, reader = FakeRun(), curves._CurveReader()
    run.add(1, 10, "loss/a", 1.0)
    reader.read(run)  # type: ignore[arg-type]
    run.add(2, 20, "loss/a", 0.5)
    points = reader.read(run)  # type: ignore[arg-type]
    assert run.asked == [None, 1]
    assert points["loss/a"].value.tolist() == [1.0, 0.5]


def test_points_that_a_resumed_run_writes_anew_replace_the_old_ones() -> None:
    run, reader = FakeRun(), curves._CurveReader()
    for id, step in ((1, 10), (2, 20), (3, 30)):
        run.add(id, step, "loss/a", float(id))
    reader.read(run)  # type: ignore[arg-type]
    run.rows = run.rows[:1]
    run.add(4, 20, "loss/a", 40.0)
    points = reader.read(run)  # type: ignore[arg-type]
    assert points["loss/a"].value.tolist() == [1.0, 40.0]


def test_later_points_of_other_curves_go_too_when_a_run_is_resumed() -> None:
    run, reader = FakeRun(), curves._CurveReader()
    run.add(1, 10, "loss/a", 1.0)
    run.add(2, 10, "eval/acc", 0.5)
    run.add(3, 30, "loss/a", 0.1)
    run.add(4, 30, "eval/acc", 0.9)
    reader.read(run)  # type: ignore[arg-type]
    run.add(5, 20, "loss/a", 0.7)
    points = reader.read(run)  # type: ignore[arg-type]
    assert points["loss/a"].value.tolist() == [1.0, 0.7]
    assert points["eval/acc"].value.tolist() == [0.5]


def test_a_curve_that_was_taken_back_whole_begins_anew() -> None:
    run, reader = FakeRun(), curves._CurveReader()
    run.add(1, 30, "loss/a", 0.1)
    reader.read(run)  # type: ignore[arg-type]
    run.add(2, 10, "loss/b", 0.7)
    assert reader.read(run)["loss/a"].value.tolist() == []  # type: ignore[arg-type]
    run.add(3, 20, "loss/b", 0.6)
    run.add(4, 20, "loss/a", 0.5)
    points = reader.read(run)  # type: ignore[arg-type]
    assert points["loss/a"].value.tolist() == [0.5] and points["loss/b"].value.tolist() == [0.7, 0.6]


def test_an_evaluation_at_the_step_of_the_last_loss_replaces_nothing() -> None:
    run, reader = FakeRun(), curves._CurveReader()
    run.add(1, 10, "loss/a", 1.0)
    reader.read(run)  # type: ignore[arg-type]
    run.add(2, 10, "eval/acc", 0.9)
    points = reader.read(run)  # type: ignore[arg-type]
    assert [points[name].value.tolist() for name in points] == [[1.0], [0.9]]
