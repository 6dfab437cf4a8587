"""The names that people give to the parts of a data set: of classes, ids, captions, factors, and of parts.

Names only ever say where to look; what is there decides. Spelling (case, hyphens, underscores, camel case, digits at
the end) does not matter.
"""

import re

LABELS = (
    *("y", "labels", "label", "gt", "gnd", "truth", "truelabel", "truelabels", "groundtruth", "target", "targets"),
    *("ytrue", "class", "l", "s"),
)
"""Names of labels, the surest first; nothing else is called so."""
LIKELY_LABELS = frozenset(
    (
        *(
            "classes",
            "class",
            "classid",
            "classname",
            "classlabel",
            "cls",
            "category",
            "categories",
            "cat",
            "categoryid",
        ),
        *("label", "labels", "lab", "lbl", "labelid", "finelabel", "coarselabel", "finelabels", "coarselabels"),
        *("target", "targets", "ytrue", "ytrain", "ytest", "annotation", "annotations", "tag", "topic", "topics"),
        *("truth", "groundtruth", "gt", "gnd", "gold", "gtlabel", "truelabel", "reallabel", "actual"),
        *("digit", "digits", "letter", "species", "genus", "family", "breed", "variety", "cultivar", "kind", "type"),
        *(
            "diagnosis",
            "dx",
            "disease",
            "outcome",
            "response",
            "result",
            "survived",
            "died",
            "status",
            "stage",
            "grade",
        ),
        *("quality", "covertype", "income", "churn", "default", "fraud", "spam", "sentiment", "emotion", "rating"),
        *(
            "celltype",
            "cellline",
            "celltypes",
            "tissue",
            "subtype",
            "cancertype",
            "phenotype",
            "condition",
            "treatment",
        ),
        *("cluster", "clusters", "clusterid", "community", "group", "groups", "activity", "gesture", "action"),
        *("identity", "person", "personid", "subject", "subjectid", "scene", "objectclass", "superclass", "subclass"),
        *(
            "gender",
            "sex",
            "color",
            "colour",
            "shape",
            "malignant",
            "benign",
            "positive",
            "author",
            "language",
            "genre",
        ),
        *("louvain", "leiden", "celltypecode", "orientation"),
        *("exited", "attrition", "stroke", "heartdisease", "potability", "loanstatus", "deathevent", "purchased"),
        *("subscribed", "readmitted", "clicked", "isfraud", "mortality", "revenue", "approved", "converted"),
    )
)
"""Names that are often, and not always, those of the classes."""
LABEL_WORDS = frozenset(
    (
        *("label", "labels", "class", "classes", "target", "targets", "category", "truth", "groundtruth", "celltype"),
        *("species", "diagnosis", "outcome", "emotion", "gt", "gnd", "subtype", "cluster", "quality", "survived"),
        *("tag", "topic", "genre"),
    )
)
"""Words that make a longer name that of classes: `fine_label`, `celltype_code`."""
DEMOGRAPHIC = frozenset(("gender", "sex", "age", "group", "subject", "subjectid", "person", "personid"))
"""Those of them that are more often something else: taken for the classes where nothing else is there."""
NO_LABELS = frozenset(("prob", "probs", "probability", "score", "logit", "logits", "confidence", "weight", "weights"))
CLASS_NAMES = (
    *("classes", "classnames", "classmeaning", "labelnames", "names", "categories", "finelabelnames", "classlist"),
    *("targetnames", "categorynames", "listclasses", "labelmap", "classmap"),
)
"""Names of the list of the classes' names."""
TEXTS = ("text", "texts", "caption", "captions", "description", "descriptions", "sentence", "sentences", "tags")
"""Names of captions, where they are strings."""
CAPTION_COLUMNS = (
    *("caption", "captions", "text", "texts", "description", "sentence", "sentences", "comment", "title", "tags"),
    *("raw", "prompt", "abstract", "alttext", "alt"),
)
LISTS = ("x", "data", "fea", "features", "views", "view", "feature", "v")
"""Usual names of the one variable that holds all views, or of several with a number."""
IMAGES = ("image", "images", "img", "imgs", "picture", "pictures", "photo", "photos", "pixels", "frames", "faces")
FACTORS = frozenset(
    (
        *(
            "latentsvalues",
            "latentsclasses",
            "latents",
            "latent",
            "factors",
            "factor",
            "metadata",
            "attributes",
            "attrs",
        ),
        *("mask", "masks", "segmentation", "segmentations", "seg", "bbox", "bboxes", "boxes", "landmarks", "keypoints"),
        *("index", "indices", "idx", "ind", "inds", "pairs", "ids", "missing", "presence", "availability"),
        *("weights", "coordinates", "positions", "poses", "azimuth", "elevation", "lighting"),
    )
)
"""Names of what stands beside samples and describes them, but is no view of them."""
MASK_WORDS = (
    "mask",
    "masks",
    "seg",
    "segmentation",
    "segmentations",
    "gt",
    "annotation",
    "annotations",
    "label",
    "labels",
)
"""What a picture is called that marks the objects of another."""
IDS = (
    *(
        "id",
        "ids",
        "sampleid",
        "sample",
        "uid",
        "uuid",
        "key",
        "index",
        "unnamed:0",
        "rownames",
        "rowname",
        "rownumber",
    ),
    *(
        "row",
        "rowid",
        "barcode",
        "barcodes",
        "name",
        "filename",
        "file",
        "imageid",
        "imagename",
        "cellid",
        "cell",
        "no",
    ),
    *("image", "img", "picture", "photo", "path", "filepath", "imagepath", "file_path", "url"),
    *("number", "nr", "serial", "serialno", "code", "accession", "geneid", "subjectid", "recordid", "ix", "idx"),
)
"""Usual names of the column that says which sample a row is."""
SURE_IDS = ("id", "ids", "sampleid", "uid", "uuid")
"""Those of them that are nothing else, even where they repeat."""
SPLITS = (
    "split",
    "usage",
    "set",
    "subset",
    "partition",
    "part",
    "fold",
    "istrain",
    "istest",
    "datasplit",
    "phase",
    "tvt",
)
"""Names of what says which part a sample belongs to."""
GENES = (
    "gene",
    "genes",
    "geneid",
    "genename",
    "genesymbol",
    "symbol",
    "probe",
    "probeid",
    "transcript",
    "feature",
    "ensembl",
)
"""Names of the column that names features: the samples are the other columns."""
MODALITIES = frozenset(
    (
        *("rgb", "depth", "ir", "nir", "thermal", "infrared", "visible", "vis", "gray", "grey", "grayscale", "color"),
        *(
            "colour",
            "left",
            "right",
            "front",
            "back",
            "top",
            "side",
            "flow",
            "edge",
            "edges",
            "sketch",
            "sketches",
            "photo",
        ),
        *(
            "photos",
            "image",
            "images",
            "img",
            "picture",
            "pictures",
            "sar",
            "optical",
            "lidar",
            "radar",
            "event",
            "events",
        ),
        *(
            "t1",
            "t2",
            "flair",
            "pet",
            "ct",
            "mri",
            "hsv",
            "hog",
            "normals",
            "normal",
            "view",
            "cam",
            "camera",
            "modality",
        ),
        *(
            "mask",
            "masks",
            "seg",
            "segmentation",
            "spectrogram",
            "audio",
            "ms",
            "pan",
            "hsi",
            "aerial",
            "ground",
            "street",
        ),
        *("satellite", "drone", "a", "b", "x", "y", "s1", "s2"),
        *("day", "night", "sun", "rain", "fog", "snow", "summer", "winter", "clear", "cloudy", "before", "after"),
    )
)
"""Folders of these names hold views of the same samples, where their files are called alike."""
PIECE = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[^\W\d_]+|\d+")
"""A word or number of a name; a capital letter may begin one."""
UNLABELLED = frozenset(
    (
        "",
        "?",
        "unlabeled",
        "unlabelled",
        "nolabel",
        "nolabels",
        "none",
        "nan",
        "na",
        "n/a",
        "null",
        "-",
        "-1",
        "missing",
    )
)
"""Words that stand where a sample has no class."""


MAYBE_UNLABELLED = frozenset(
    (
        *("unknown", "unk", "unassigned", "unclassified", "undefined", "undetermined", "unspecified", "unannotated"),
        *("notassigned", "notannotated", "notavailable", "noclass", "nocategory", "tbd", "todo", "void", "ignore"),
    )
)
"""Words that stand for no class, or for one of that name."""


def plain(name: str) -> str:
    """A name without what differs between spellings."""
    return name.lower().translate(_MARKS)


_MARKS = str.maketrans("", "", "-_ .")


def tokens(name: str) -> list[str]:
    """The words and numbers of a name: `XTrain_2` has x, train and 2."""
    return [piece.lower() for piece in PIECE.findall(name)]


def is_label_name(name: str) -> bool:
    """Whether an array or column of that name holds labels, and nothing else."""
    return plain(name) in LABELS


def may_be_labels(name: str) -> bool:
    """Whether a name is often that of the classes."""
    found = tokens(name)
    if NO_LABELS & set(found):
        return False
    return plain(name) in LABELS or plain(name).rstrip("0123456789") in LIKELY_LABELS or bool(LABEL_WORDS & set(found))


def is_factor(name: str) -> bool:
    """Whether what has this name describes samples and is no view of them."""
    return plain(name).rstrip("0123456789") in FACTORS


def is_unlabelled(word: str) -> bool:
    """Whether a word says that a sample has no class."""
    return re.sub(r"[-_ ]", "", word.strip().lower()) in UNLABELLED or word.strip().lower() in UNLABELLED


def may_be_unlabelled(word: str) -> bool:
    """Whether a word may say that a sample has no class."""
    return plain(word.strip()) in MAYBE_UNLABELLED


def is_id_name(name: str) -> bool:
    """Whether a column of that name says which sample a row is, where no two rows share one."""
    found = tokens(name)
    return plain(name) in IDS or (
        len(found) > 1 and found[-1] in ("id", "ids", "uid", "barcode", "code", "no", "nr", "key")
    )
