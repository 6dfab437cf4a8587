"""The five methods as scikit-learn estimators; `from mmclust import DCCS` finds them here."""

from mmclust.estimators.base import DeepClustering
from mmclust.estimators.methods import DCCS, DMIDUIC, DMIM, MSDIB, IMCSwAV, open_run

__all__ = ["DCCS", "DMIDUIC", "DMIM", "MSDIB", "DeepClustering", "IMCSwAV", "open_run"]
