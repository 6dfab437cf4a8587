from mmclust.estimators import DCCS as DCCS
from mmclust.estimators import DMIDUIC as DMIDUIC
from mmclust.estimators import DMIM as DMIM
from mmclust.estimators import MSDIB as MSDIB
from mmclust.estimators import IMCSwAV as IMCSwAV
from mmclust.estimators import open_run as open_run
from mmclust.notebook import Map as Map

__version__: str
