"""The image sets of the catalogue: what they show, where their files come from."""

from dataclasses import replace

from mmclust.data import glyphs, vision
from mmclust.data.entry import Entry
from mmclust.data.shapes import CLASSES as SHAPES

_KRIZHEVSKY = "A. Krizhevsky: Learning Multiple Layers of Features from Tiny Images. Technical report, 2009"
_DOWNLOAD = "Download it (it is about {size}), or put {file} into the folder that MMCLUST_DATA names."
_DIGITS = tuple("0123456789")

FASHION_MNIST = Entry(
    name="fashion-mnist",
    title="Fashion-MNIST",
    about="Articles of clothing, 28x28 pixels, harder than MNIST: 60,000 to train on and 10,000 to test.",
    shape=(1, 28, 28),
    n_samples=70000,
    n_clusters=10,
    classes=(
        *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
        *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    ),
    source="https://github.com/zalandoresearch/fashion-mnist",
    licence="MIT",
    citation="H. Xiao, K. Rasul, R. Vollgraf: Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine "
    "Learning Algorithms. arXiv:1708.07747, 2017",
    how_to_get=_DOWNLOAD.format(size="31 MB", file="fashion_mnist.npz"),
    downloads=True,
    files=(vision.torchvision_file("fashion-mnist"),),
)

GLYPHS = Entry(
    name="glyphs",
    title="Glyphs, ten letters",
    about="Ten capital letters drawn by this program from matplotlib's fonts. The class is the letter; font, weight, "
    "slant, size, rotation, position and stroke are style, and are known, so what a method puts where can be checked.",
    shape=(1, glyphs.PX, glyphs.PX),
    n_samples=glyphs.N_SAMPLES[len(glyphs.TEN)],
    n_clusters=len(glyphs.TEN),
    classes=glyphs.TEN,
    source="drawn by this program from DejaVu, STIX and Computer Modern, as matplotlib brings them",
    licence="that of this program; the fonts' licences are in matplotlib",
    citation="mmclust",
    bundled=True,
    loader="mmclust.data.glyphs:glyphs",
)

IMAGES = (
    Entry(
        name="digits",
        title="Digits 8x8",
        about="Handwritten digits at 8x8 pixels and 17 grey levels: small enough to train on in two minutes.",
        shape=(1, 8, 8),
        pixels=(0.0, 16.0),
        n_samples=1797,
        n_clusters=10,
        classes=_DIGITS,
        source="UCI Optical Recognition of Handwritten Digits (test part), bundled with scikit-learn",
        licence="CC BY 4.0",
        citation="E. Alpaydin, C. Kaynak: Optical Recognition of Handwritten Digits. UCI Repository, 1998",
        bundled=True,
        loader="mmclust.data.vision:digits",
    ),
    Entry(
        name="shapes",
        title="Shapes",
        about="Eight shapes drawn by this program. The class is the shape; position, size, colour and rotation are "
        "style, and are known, so what a method puts where can be checked.",
        shape=(3, 32, 32),
        n_samples=8000,
        n_clusters=len(SHAPES),
        classes=SHAPES,
        source="drawn by this program, the same at every start",
        licence="that of this program",
        citation="mmclust",
        bundled=True,
        loader="mmclust.data.shapes:shapes",
    ),
    GLYPHS,
    replace(
        GLYPHS,
        name="glyphs-26",
        title="Glyphs, 26 letters",
        about="All 26 capital letters, drawn as those of the set of ten letters, with the same known style.",
        n_samples=glyphs.N_SAMPLES[len(glyphs.ALL)],
        n_clusters=len(glyphs.ALL),
        classes=glyphs.ALL,
    ),
    Entry(
        name="mnist",
        title="MNIST",
        about="Handwritten digits, 28x28 pixels: 60,000 to train on and 10,000 to test.",
        shape=(1, 28, 28),
        n_samples=70000,
        n_clusters=10,
        classes=_DIGITS,
        source="http://yann.lecun.com/exdb/mnist/",
        licence="CC BY-SA 3.0",
        citation="Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: Gradient-Based Learning Applied to Document Recognition. "
        "Proceedings of the IEEE, 1998",
        how_to_get=_DOWNLOAD.format(size="12 MB", file="mnist.npz"),
        downloads=True,
        files=(vision.torchvision_file("mnist"),),
    ),
    FASHION_MNIST,
    Entry(
        name="usps",
        title="USPS",
        about="Digits from envelopes, 16x16 pixels in floating point: 7,291 to train on and 2,007 to test.",
        shape=(1, 16, 16),
        pixels=(-1.0, 1.0),
        n_samples=9298,
        n_clusters=10,
        classes=_DIGITS,
        source="https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass.html#usps",
        licence="not stated",
        citation="J. J. Hull: A Database for Handwritten Text Recognition Research. IEEE TPAMI, 1994",
        how_to_get=_DOWNLOAD.format(size="9 MB", file="usps.npz"),
        downloads=True,
        files=(vision.torchvision_file("usps"),),
    ),
    Entry(
        name="cifar10",
        title="CIFAR-10",
        about="Small colour photographs of animals and vehicles, 32x32 pixels: 50,000 to train on and 10,000 to test.",
        shape=(3, 32, 32),
        n_samples=60000,
        n_clusters=10,
        classes=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
        source="https://www.cs.toronto.edu/~kriz/cifar.html",
        licence="not stated",
        citation=_KRIZHEVSKY,
        how_to_get=_DOWNLOAD.format(size="170 MB", file="cifar10.npz or a tree of its pictures (cifar10_jpeg.tar.gz)"),
        downloads=True,
        files=(vision.torchvision_file("cifar10"), "CIFAR-10-images"),
    ),
    Entry(
        name="cifar20",
        title="CIFAR-20",
        about="CIFAR-100 with its 20 coarse classes, as clustering papers use it: 60,000 photographs, 32x32 pixels.",
        shape=(3, 32, 32),
        n_samples=60000,
        n_clusters=20,
        classes=tuple(vision.SUPERCLASSES),
        source="https://www.cs.toronto.edu/~kriz/cifar.html",
        licence="not stated",
        citation=_KRIZHEVSKY,
        how_to_get=_DOWNLOAD.format(size="170 MB", file="cifar20.npz or cifar100.npz"),
        downloads=True,
        files=("cifar20.npz", vision.torchvision_file("cifar100"), "cifar100.npz", "cifar-100.npz"),
        loader="mmclust.data.vision:cifar20",
    ),
    Entry(
        name="cifar100",
        title="CIFAR-100",
        about="60,000 small colour photographs in 100 classes, 32x32 pixels: 50,000 to train on and 10,000 to test.",
        shape=(3, 32, 32),
        n_samples=60000,
        n_clusters=100,
        classes=vision.CIFAR100_CLASSES,
        source="https://www.cs.toronto.edu/~kriz/cifar.html",
        licence="not stated",
        citation=_KRIZHEVSKY,
        how_to_get=_DOWNLOAD.format(size="170 MB", file="cifar100.npz"),
        downloads=True,
        files=(vision.torchvision_file("cifar100"),),
    ),
    Entry(
        name="stl10",
        title="STL-10",
        about="Colour photographs of animals and vehicles, 96x96 pixels: 5,000 to train on and 8,000 to test; "
        "IMC-SwAV also trains on the 100,000 without labels.",
        shape=(3, 96, 96),
        n_samples=13000,
        n_clusters=10,
        classes=("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck"),
        source="https://cs.stanford.edu/~acoates/stl10/",
        licence="not stated",
        citation="A. Coates, H. Lee, A. Y. Ng: An Analysis of Single Layer Networks in Unsupervised Feature Learning. "
        "AISTATS, 2011",
        how_to_get=_DOWNLOAD.format(size="2.6 GB", file="stl10.npz"),
        downloads=True,
        files=(vision.torchvision_file("stl10"),),
        loader="mmclust.data.vision:stl10",
    ),
    Entry(
        name="imagenet10",
        title="ImageNet-10",
        about="Ten classes of ImageNet that clustering papers agreed on: 13,000 photographs, resized to 96x96 pixels.",
        shape=(3, 96, 96),
        n_samples=13000,
        n_clusters=10,
        classes=tuple(vision.IMAGENET10.values()),
        source="https://www.image-net.org/",
        licence="ImageNet's terms of access: non-commercial research and education",
        citation="J. Chang, L. Wang, G. Meng, S. Xiang, C. Pan: Deep Adaptive Image Clustering. ICCV, 2017",
        how_to_get="Get ILSVRC-2012 from image-net.org and put it, or its ten classes as imagenet10.tar, into the "
        "folder that MMCLUST_DATA names (imagenet/train/n02056570/...).",
        files=tuple(
            f"{folder}train/n02056570"
            for folder in ("", "imagenet/", "ImageNet/", "ILSVRC2012/", "ILSVRC/Data/CLS-LOC/")
        )
        + ("imagenet-10", "ImageNet-10"),
        loader="mmclust.data.vision:imagenet10",
    ),
    Entry(
        name="tiny-imagenet",
        title="Tiny-ImageNet",
        about="Photographs of 200 ImageNet classes, 64x64 pixels: 100,000 to train on and 10,000 (validation) to test.",
        shape=(3, 64, 64),
        n_samples=110000,
        n_clusters=200,
        source="http://cs231n.stanford.edu/tiny-imagenet-200.zip",
        licence="ImageNet's terms of access: non-commercial research and education",
        citation="Y. Le, X. Yang: Tiny ImageNet Visual Recognition Challenge. Stanford CS 231N, 2015",
        how_to_get="Get tiny-imagenet-200.zip from cs231n.stanford.edu and put it into the folder that MMCLUST_DATA "
        "names.",
        files=("tiny-imagenet-200", "tiny-imagenet-200.zip"),
        loader="mmclust.data.vision:tiny_imagenet",
    ),
)
