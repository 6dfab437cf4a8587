"""Tables of Information Maximization Clustering via Multi-View Self-Labelling."""

from mmclust.reproduction.table import PaperTable

PAPER = "IMC-SwAV (2021)"
URL = "https://arxiv.org/abs/2103.07368"
METRICS = ("acc", "nmi", "ari")

TABLE_2 = PaperTable(
    paper=PAPER,
    url=URL,
    number="Table 2",
    title="Comparison",
    averaged="ours: mean and deviation of 15 runs, and the best of them; others as reported there",
    datasets=("cifar10", "cifar20", "stl10"),
    metrics=METRICS,
    scale=100.0,
    text="""
K-means     | 22.9 8.7 4.9   | 13.0 8.4 2.8   | 19.2 12.5 6.1
AE          | 31.4 23.9 16.9 | 16.5 10.0 4.8  | 30.3 25.0 16.1
VAE         | 29.1 24.5 16.7 | 15.2 10.8 4.0  | 28.2 20.0 14.6
DCGAN       | 31.5 26.5 17.6 | 15.1 12.0 4.5  | 29.8 21.0 13.9
DEC         | 30.1 25.7 16.1 | 18.5 13.6 5.0  | 35.9 27.6 18.6
JULE        | 27.2 19.2 13.8 | 13.7 10.3 3.3  | 27.7 18.2 16.4
ADC         | 32.5 - -       | 16.0 - -       | 53.0 - -
DAC         | 52.2 39.6 30.6 | 23.8 18.5 8.8  | 47.0 36.6 25.7
IMSAT-DCGAN | 70.0 - -       | 32.4 - -       | 58.7 - -
DDC         | 52.4 42.4 32.9 | -              | 48.9 37.1 26.7
DCCM        | 62.3 49.6 40.8 | 32.7 28.5 17.3 | 48.2 37.6 26.2
IIC         | 61.7 51.1 41.1 | 25.7 22.5 11.7 | 59.6 49.6 39.7
DCCS        | 65.6 56.9 46.9 | -              | 53.6 49.0 36.2
PICA        | 69.6 59.1 51.2 | 33.7 31.0 17.1 | 71.3 61.1 53.1
DRC         | 72.7 62.1 54.7 | 36.7 35.6 20.8 | 74.7 64.4 56.9
EmbedUL     | 81.0 - -       | 35.3 - -       | 66.5 - -
CC          | 79.0 70.5 63.7 | 42.9 43.1 26.6 | 85.0 76.4 72.6
SCAN        | 88.3 79.7 77.2 | 50.7 48.6 33.3 | 80.9 69.8 64.6
supervised  | 92.8 - -       | 76.1 - -       | 89.2 - -
IMC-SwAV | 89.1±0.5 81.1±0.7 79.0±1.0 | 49.0±1.8 50.3±1.2 33.7±1.3 | 83.1±1.0 72.9±0.9 68.5±1.4
IMC-SwAV, best | 89.7 81.8 80.0 | 51.9 52.7 36.1 | 85.3 74.7 71.6
""",
)

TABLE_TINY = PaperTable(
    paper=PAPER,
    url=URL,
    number="published code's page and journal version",
    title="Tiny-ImageNet",
    averaged="mean and deviation of 15 runs, and the best of them",
    datasets=("tiny-imagenet",),
    metrics=METRICS,
    scale=100.0,
    text="""
IMC-SwAV | 27.9±0.3 48.5±2.0 14.3±2.1
IMC-SwAV, best | 28.2 52.6 14.6
""",
)

TABLE_3 = PaperTable(
    paper=PAPER,
    url=URL,
    number="Table 3",
    title="CIFAR-100 with 100 classes",
    averaged="number of runs not said",
    datasets=("cifar100",),
    metrics=("acc", "acc_top5", "nmi", "ari"),
    scale=100.0,
    text="""
IMC-SwAV | 45.1 67.5 60.8 30.7
K-means on its embedding | 30.2 48.6 56.25 12.3
""",
)

TABLE_4 = PaperTable(
    paper=PAPER,
    url=URL,
    number="Table 4",
    title="Numbers and sizes of crops",
    averaged="mean and deviation of 5 runs",
    datasets=("cifar10",),
    metrics=(*METRICS, "linear_probe"),
    scale=100.0,
    text="""
2 x 32        | 78.7±1.0 66.2±1.1 61.2±1.3 86.1
2 x 28+2 x 18 | 87.2±1.1 78.6±1.4 75.8±2.0 92.1
2 x 28+4 x 18 | 89.1±0.5 81.1±0.7 79.0±1.0 92.8
2 x 28+6 x 18 | 89.4±0.6 81.2±0.9 79.0±1.8 93.2
""",
)
