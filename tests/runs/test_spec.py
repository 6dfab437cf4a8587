import json

import pytest

from mmclust.runs.spec import RunSpec


@pytest.mark.parametrize(
    "parent",
    [
        {"run": "x"},
        {"run": "` ![p](http://host)", "epoch": 1.0, "step": 2},
        {"run": "x", "epoch": 1e400, "step": 2},
        [1],
    ],
)
def test_a_fork_of_no_run_is_refused(parent: object) -> None:
    asked = {"dataset": "digits", "method": "dccs", "config": {}, "epochs": 1}
    whole = {"run": "dccs-digits-1a2b3c", "epoch": 1.5, "step": 7}
    assert RunSpec.from_json(json.dumps(asked | {"parent": whole})).parent == whole
    with pytest.raises(ValueError, match="which no run can have"):
        RunSpec.from_json(json.dumps(asked | {"parent": parent}))
