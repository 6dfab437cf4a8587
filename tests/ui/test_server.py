import time

from mmclust import launch
from mmclust.plan import plan
from mmclust.runs.store import RunStore
from mmclust.ui import server


def test_a_run_that_an_earlier_server_left_in_the_queue_is_taken_up() -> None:
    store = RunStore()
    run = store.create(plan("digits", "dccs", changes={"width": 0.125}, epochs=1, limit=192))
    server._take_up_queue()
    try:
        deadline = time.monotonic() + 240
        while store.record(run.id).active:
            assert time.monotonic() < deadline, store.record(run.id)
            time.sleep(0.05)
    finally:
        launch.shutdown()
    assert store.record(run.id).status == "finished"
