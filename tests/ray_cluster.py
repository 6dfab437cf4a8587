"""A Ray cluster on this machine, for tests and for the campaign of faults."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

CLUSTER = """
import sys
from ray.cluster_utils import Cluster
node = {"num_cpus": 1, "num_gpus": 0, "object_store_memory": 80_000_000, "include_log_monitor": False}
cluster = Cluster(initialize_head=True, head_node_args=node | {"include_dashboard": False})
for _ in range(int(sys.argv[1]) - 1):
    cluster.add_node(**node)
print("address", cluster.address, flush=True)
sys.stdin.readline()
cluster.shutdown()
"""


@contextmanager
def ray_cluster(n_nodes: int) -> Iterator[str]:
    """Address of a cluster of so many nodes with a place each, which is gone afterwards.

    Raises:
        RuntimeError: it does not start.
    """
    folder = tempfile.mkdtemp(prefix="ray-")  # pytest's own are too long for the names of sockets
    program = subprocess.Popen(
        [sys.executable, "-c", CLUSTER, str(n_nodes)],
        env=os.environ | {"RAY_USAGE_STATS_ENABLED": "0", "RAY_TMPDIR": folder},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with program:
        assert program.stdout is not None
        address = next((line for line in program.stdout if line.startswith("address ")), "")
        if not address:
            raise RuntimeError("the Ray cluster did not start")
        try:
            yield address.split()[1]
        finally:
            program.communicate("end\n")
            shutil.rmtree(folder, ignore_errors=True)
