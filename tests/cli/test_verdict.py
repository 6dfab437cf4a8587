"""Verdicts in the list of runs, and what earned a result."""

import json

from mmclust.auto.account import BESIDE
from mmclust.cli.main import main
from mmclust.runs.spec import RunSpec
from mmclust.runs.store import RunStore


def test_runs_are_listed_with_their_verdicts_and_one_is_told_in_full(home, capsys):
    known, unknown = (
        RunStore().create(RunSpec(dataset="digits", method="dccs", config={}, epochs=1)) for _ in range(2)
    )
    verdict = {"word": "views disagree", "reasons": ["One view predicts the clusters with 0.90, another with 0.02."]}
    simple = [{"name": "CCA + k-means", "evidence": 0.5, "metrics": None}]
    document = {"kind": "views", "n_samples": 9, "simple": simple, "verdict": verdict, "evidence": 0.4, "chance": 0.1}
    (known.folder / BESIDE).write_text(json.dumps(document))
    assert main(["runs"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "VERDICT" in lines[0]
    assert "views disagree" in next(line for line in lines if known.id in line)
    assert main(["runs", "--json"]) == 0
    listed = {run["run_id"]: run["verdict"] for run in json.loads(capsys.readouterr().out)["runs"]}
    assert listed == {known.id: "views disagree", unknown.id: None}
    assert main(["runs", "--about", known.id]) == 0
    told = capsys.readouterr().out
    assert "another with 0.02" in told and "CCA + k-means" in told and "0.400" in told
    assert main(["runs", "--about", known.id, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"]["word"] == "views disagree"
    assert main(["runs", "--about", unknown.id]) == 2
    assert "nothing is known" in capsys.readouterr().err
