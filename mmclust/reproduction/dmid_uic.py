"""Tables of Deep Mutual Information Decoupling Based Unsupervised Image Clustering."""

from mmclust.reproduction.table import PaperTable

PAPER = "DMID-UIC (2025)"
URL = ""
NOTE = "Where purity is below ACC, one of the two is misprinted: purity is never lower."

TABLE_1 = PaperTable(
    paper=PAPER,
    url=URL,
    number="Table 1",
    title="Fashion (three images a sample)",
    averaged="mean of 10 runs",
    datasets=("multi-fashion",),
    metrics=("acc", "nmi", "purity"),
    note=NOTE,
    text="""
DealMVC  | .7243 .7683 .6942
COMIC    | .5561 .5991 .6143
DuaLGR   | .5815 .6243 .6673
HCLS_CGL | .5825 .6241 .7102
VCGA     | .7653 .8069 .7766
DMCAG    | .8039 .8467 .8186
CoMVC    | .8358 .8772 .8459
DMID-UIC | .9212 .8917 .9424
""",
)

TABLE_2 = PaperTable(
    paper=PAPER,
    url=URL,
    number="Table 2",
    title="MNIST-USPS",
    averaged="mean of 10 runs",
    datasets=("mnist-usps",),
    metrics=("acc", "nmi", "purity"),
    note=NOTE,
    text="""
DealMVC  | .7463 .6536 .7470
COMIC    | .4603 .6870 .5101
DuaLGR   | .6751 .7245 .6807
HCLS_CGL | .6990 .7841 .7579
VCGA     | .9561 .9427 .9518
DMCAG    | .9598 .9409 .9598
CoMVC    | .9664 .9499 .9660
DMID-UIC | .9892 .9724 .9892
""",
)

TABLE_3 = PaperTable(
    paper=PAPER,
    url=URL,
    number="Table 3",
    title="Caltech101-7 (headed MNIST-USPS in print)",
    averaged="mean of 10 runs",
    datasets=("caltech101-7",),
    metrics=("acc", "nmi", "purity"),
    note=NOTE,
    text="""
DealMVC  | .4405 .3271 .4748
COMIC    | .4008 .4251 .5137
DuaLGR   | .4939 .4589 .5427
HCLS_CGL | .3938 .2352 .4060
VCGA     | .4913 .4490 .5134
DMCAG    | .4872 .4502 .5361
CoMVC    | .4452 .4051 .5063
DMID-UIC | .5923 .5198 .5832
""",
)

TABLE_4 = PaperTable(
    paper=PAPER,
    url=URL,
    number="Table 4",
    title="Unige-Maastricht",
    averaged="mean of 10 runs",
    datasets=("unige-maastricht",),
    metrics=("acc", "nmi", "purity"),
    note=NOTE,
    text="""
DealMVC  | .6106 .6536 .7167
COMIC    | .7361 .7791 .7027
DuaLGR   | .6798 .7228 .6933
HCLS_CGL | .8419 .8849 .8888
VCGA     | .7238 .7668 .7258
DMCAG    | .8302 .8732 .7469
CoMVC    | .8681 .8711 .8936
DMID-UIC | .8922 .8885 .9267
""",
)
