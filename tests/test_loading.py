import subprocess
import sys

TWO_THREADS = """
import sys, threading
from mmclust.loading import load_scikit_learn

sys.setswitchinterval(1e-5)
faults = []

def use(first):
    try:
        load_scikit_learn()
        if first:
            from sklearn.cluster import KMeans
        else:
            from sklearn.exceptions import ConvergenceWarning
            from sklearn.linear_model import LogisticRegression
    except BaseException as fault:
        faults.append(fault)

threads = [threading.Thread(target=use, args=(first,)) for first in (True, False)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
sys.exit(str(faults[0]) if faults else 0)
"""


def test_two_threads_may_need_scikit_learn_at_once():
    done = subprocess.run([sys.executable, "-c", TWO_THREADS], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
