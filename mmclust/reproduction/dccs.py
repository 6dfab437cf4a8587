"""Tables of Deep Image Clustering with Category-Style Representation."""

from mmclust.reproduction.table import PaperTable

PAPER = "DCCS (ECCV 2020)"
URL = "https://arxiv.org/abs/2007.10004"
METRICS = ("acc", "nmi_geometric", "ari")
AVERAGED = "number of runs not said"

TABLE_2 = PaperTable(
    paper=PAPER,
    url=URL,
    number="Table 2",
    title="Comparison on gray images",
    averaged=AVERAGED,
    datasets=("mnist", "fashion-mnist"),
    metrics=METRICS,
    marks={"*": "run by the authors of DCCS"},
    text="""
K-means        | .572 .500 .365   | .474 .512 .348
SC             | .696 .663 .521   | .508 .575 -
AC             | .695 .609 .481   | .500 .564 .371
NMF            | .545 .608 .430   | .434 .425 -
DEC            | .843 .772 .741   | .590* .601* .446*
JULE           | .964 .913 .927   | .563 .608 -
VaDE           | .945 .876 -      | .578 .630 -
DEPICT         | .965 .917 -      | .392 .392 -
IMSAT          | .984 .956* .965* | .736* .696* .609*
DAC            | .978 .935 .949   | .615* .632* .502*
SpectralNet    | .971 .924 .936*  | .533* .552* -
ClusterGAN     | .950 .890 .890   | .630 .640 .500
DLS-Clustering | .975 .936 -      | .693 .669 -
DualAE         | .978 .941 -      | .662 .645 -
RTM            | .968 .933 .932   | .710 .685 .578
NCSC           | .941 .861 .875   | .721 .686 .592
IIC            | .992 .978* .983* | .657* .637* .523*
DCCS           | .989 .970 .976   | .756 .704 .623
""",
)

TABLE_3 = PaperTable(
    paper=PAPER,
    url=URL,
    number="Table 3",
    title="Comparison on colour images",
    averaged=AVERAGED,
    datasets=("cifar10", "stl10", "imagenet10"),
    metrics=METRICS,
    marks={"*": "run by the authors of DCCS", "†": "STL-10 without its unlabelled images"},
    text="""
K-means | .229 .087 .049   | .192 .125 .061      | .241 .119 .057
SC      | .247 .103 .085   | .159 .098 .048      | .274 .151 .076
AC      | .228 .105 .065   | .332 .239 .140      | .242 .138 .067
NMF     | .190 .081 .034   | .180 .096 .046      | .230 .132 .065
AE      | .314 .239 .169   | .303 .250 .161      | .317 .210 .152
GAN     | .315 .265 .176   | .298 .210 .139      | .346 .225 .157
VAE     | .291 .245 .167   | .282 .200 .146      | .334 .193 .168
DEC     | .301 .257 .161   | .359 .276 .186      | .381 .282 .203
JULE    | .272 .192 .138   | .277 .182 .164      | .300 .175 .138
DAC     | .522 .396 .306   | .470 .366 .257      | .527 .394 .302
IIC     | .617 .513* .411* | .499† .431*† .295*† | -
DCCM    | .623 .496 .408   | .482 .376 .262      | .710 .608 .555
DCCS    | .656 .569 .469   | .536 .490 .362      | .737 .640 .560
""",
)

TABLE_4 = PaperTable(
    paper=PAPER,
    url=URL,
    number="Table 4",
    title="Clusters read out of one encoder in several ways",
    averaged=AVERAGED,
    datasets=("mnist", "fashion-mnist", "cifar10", "stl10"),
    metrics=METRICS,
    text="""
argmax z_c     | .9891 .9696 .9758 | .7564 .7042 .6225 | .6556 .5692 .4685 | .5357 .4898 .3617
K-means on z   | .9891 .9694 .9757 | .7564 .7043 .6224 | .6513 .5588 .4721 | .5337 .4888 .3599
K-means on z_c | .9891 .9696 .9757 | .7563 .7042 .6223 | .6513 .5587 .4721 | .5340 .4889 .3602
K-means on z_s | .5164 .4722 .3571 | .4981 .4946 .3460 | .2940 .1192 .0713 | .4422 .4241 .2658
""",
)

TABLE_5 = PaperTable(
    paper=PAPER,
    url=URL,
    number="Table 5",
    title="Ablation",
    averaged=AVERAGED,
    datasets=("fashion-mnist", "cifar10"),
    metrics=METRICS,
    text="""
Adv            | .618 .551 .435 | .213 .076 .040
Adv + MI       | .692 .621 .532 | .225 .085 .048
Adv + Aug      | .725 .694 .605 | .645 .557 .463
Adv + MI + Aug | .756 .704 .623 | .656 .569 .469
""",
)
