"""Sound files of every format that readers know, small and always the same: what fuzzing damages."""

import gzip
import io
import json
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    import pandas as pd

N = 12
RNG = np.random.default_rng(0)
A, B, LABELS = RNG.random((N, 4)), RNG.random((N, 3)), np.arange(N) % 3
FRESH = RNG.bit_generator.state
"""Every kind draws from here, so that its files are the same whatever was made before."""


def sound_files(kind: str) -> list[bytes]:
    """Files of a kind of `KINDS`, the same whatever was made before."""
    RNG.bit_generator.state = FRESH
    return KINDS[kind][1]()


def _npz() -> list[bytes]:
    images = RNG.integers(0, 256, (N, 8, 8), np.uint8)
    sets: list[dict[str, np.ndarray]] = [
        {"images": images, "labels": LABELS, "split": np.arange(N) % 2, "classes": np.array(["a", "b", "c"])},
        {"X1": A, "X2": B, "Y": LABELS, "captions": np.array([f"number {i}" for i in range(N)])},
        {"x_train": images, "y_train": LABELS, "x_test": images, "y_test": LABELS},
        {"x": images.reshape(N, 64), "y": LABELS},
    ]
    return [*(_saved(np.savez, one) for one in sets), *(_saved(np.savez_compressed, one) for one in sets)]


def _saved(save: Callable[..., None], arrays: dict[str, np.ndarray]) -> bytes:
    file = io.BytesIO()
    save(file, **arrays)
    return file.getvalue()


def _npy() -> list[bytes]:
    found = []
    for values in (A, LABELS[:, None] + B, RNG.integers(0, 256, (N, 4, 4), np.uint8), np.asfortranarray(A)):
        file = io.BytesIO()
        np.save(file, values)
        found.append(file.getvalue())
    return found


def _mat() -> list[bytes]:
    from scipy import sparse
    from scipy.io import savemat

    cell = np.empty((1, 2), object)
    cell[0, 0], cell[0, 1] = A, B.T
    sets: list[dict[str, Any]] = [
        {"X1": A, "X2": B.astype(np.float32), "Y": LABELS[:, None]},
        {"X": cell, "gt": LABELS + 1},
        {"fea": sparse.csc_matrix(A > 0.5), "gnd": LABELS, "names": ["a", "b"], "s": {"x": A}},
    ]
    found = []
    for variables in sets:
        for packed in (False, True):
            file = io.BytesIO()
            savemat(file, variables, do_compression=packed)
            found.append(file.getvalue())
    file = io.BytesIO()
    savemat(file, {"X1": A, "X2": B}, format="4")
    return [*found, file.getvalue()]


def _mat73() -> list[bytes]:
    import h5py

    file = io.BytesIO()
    with h5py.File(file, "w", userblock_size=512) as target:
        for name, values in (("X1", A), ("X2", B), ("Y", LABELS[:, None])):
            target.create_dataset(name, data=values.T).attrs["MATLAB_class"] = np.bytes_("double")
        cells = [target.create_dataset(f"#refs#/{i}", data=values.T).ref for i, values in enumerate((A, B))]
        target.create_dataset("Z", data=np.array([cells], dtype=h5py.ref_dtype)).attrs["MATLAB_class"] = np.bytes_(
            "cell"
        )
    return [file.getvalue()]


def _csv() -> list[bytes]:
    rows = [",".join([*(f"{x:.3f}" for x in row), "abc"[c]]) for row, c in zip(A, LABELS, strict=True)]
    captions = [f'"p{i}.png","a picture, number {i}",{c}' for i, c in enumerate(LABELS)]
    texts = [
        "\n".join(["w,x,y,z,label", *rows]),
        "\n".join(rows).replace(",", ";"),
        "\n".join(" ".join(f"{x:.4e}" for x in row) for row in A),
        "\n".join(["image,caption,label", *captions]),
        "\n".join(["id\timg_1\timg_2\ttxt_1\ttxt_2", *(f"s{i}\t1\t{i}\t.5\t{i * i}" for i in range(N))]),
    ]
    return [text.encode() for text in texts]


def _parquet() -> list[bytes]:
    import pandas as pd

    tables = [
        pd.DataFrame({"a": A[:, 0], "b": A[:, 1], "label": LABELS}),
        pd.DataFrame({"img": list(A), "txt": list(B), "caption": [f"words for number {i}" for i in range(N)]}),
    ]
    return _tables(tables)


def _parquet_pictures() -> list[bytes]:
    import pandas as pd

    files = [(name, data) for name, data in _pictures() if not name.endswith(("txt", "csv"))]
    nested = [{"bytes": data, "path": name} for name, data in files]
    return _tables(
        [pd.DataFrame({"image": nested, "label": list("abababa")}), pd.DataFrame({"jpg": dict(files).values()})]
    )


def _tables(tables: "list[pd.DataFrame]") -> list[bytes]:
    found = []
    for table in tables:
        for compression in ("snappy", "gzip", None):
            file = io.BytesIO()
            table.to_parquet(file, compression=compression)
            found.append(file.getvalue())
    return found


def _pictures() -> Iterator[tuple[str, bytes]]:
    for i, kind in enumerate(("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "PPM")):
        file = io.BytesIO()
        Image.fromarray(RNG.integers(0, 256, (9, 9, 3), np.uint8)).save(file, kind)
        ending = {"JPEG": "jpg", "TIFF": "tif"}.get(kind, kind.lower())
        yield f"set/{'ab'[i % 2]}/{i}.{ending}", file.getvalue()
    yield "set/a/0.txt", b"a caption"
    yield "set/captions.csv", b"image,caption\n0.png,first\n1.jpg,second\n"


def _zip() -> list[bytes]:
    found = []
    members = list(_pictures())
    tables = [("one.csv", _csv()[0]), ("two.npy", _npy()[0])]
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        for content in (members, tables, [("x.mat", _mat()[0])]):
            file = io.BytesIO()
            with zipfile.ZipFile(file, "w", method) as archive:
                for name, data in content:
                    archive.writestr(name, data)
            found.append(file.getvalue())
    return found


def _tar() -> list[bytes]:
    found = []
    for mode in ("w", "w:gz", "w:bz2", "w:xz"):
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode=mode) as archive:  # type: ignore[call-overload]
            for name, data in _pictures():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        found.append(file.getvalue())
    return found


def _hdf() -> list[bytes]:
    import h5py

    found = []
    for is_single_cell in (False, True):
        file = io.BytesIO()
        with h5py.File(file, "w") as target:
            target["X"] = A
            if is_single_cell:
                names = target.create_group("obs")
                names["_index"] = np.array([f"c{i}" for i in range(N)], dtype=object)
                kinds = names.create_group("cell_type")
                kinds["codes"], kinds["categories"] = LABELS.astype(np.int8), np.array(list("abc"), dtype=object)
                target.create_group("obsm")["protein"] = B
            else:
                target["labels"] = LABELS
        found.append(file.getvalue())
    return found


def _idx() -> list[bytes]:
    images = RNG.integers(0, 256, (N, 8, 8), np.uint8)
    content = struct.pack(">BBBBIII", 0, 0, 8, 3, *images.shape) + images.tobytes()
    reals = struct.pack(">BBBBII", 0, 0, 13, 2, *A.shape) + A.astype(">f4").tobytes()
    return [content, reals, gzip.compress(content)]


def _jsonl() -> list[bytes]:
    rows = [{"a": x, "b": y, "label": "abc"[c]} for (x, y, *_), c in zip(A, LABELS, strict=True)]
    nested = [{"vector": row.tolist(), "text": f"words for number {i}"} for i, row in enumerate(A)]
    return ["\n".join(map(json.dumps, one)).encode() for one in (rows, nested)]


def _text() -> list[bytes]:
    """Tables in other encodings, with marks for missing numbers, rows of other lengths, comments."""
    rows = [
        ",".join([*(f"{x:.3f}" for x in row), ("Säule", "Öl", "Kreis")[c]]) for row, c in zip(A, LABELS, strict=True)
    ]
    text = "\n".join(["w,x,y,z,label", *rows])
    marked = "\n".join([*text.splitlines()[:-1], "?,0.5,?,0.25,Kreis", "1,2", "# end"])
    return [text.encode("latin-1"), text.encode("utf-16"), marked.encode(), f"# by hand\n{text}".encode()]


def _structs() -> list[bytes]:
    from scipy.io import savemat

    views = np.zeros(2, dtype=[("data", "O"), ("name", "O")])
    views[0], views[1] = (A, "img"), (B, "txt")
    found = []
    sets: list[dict[str, Any]] = [
        {"S": {"X": {"img": A, "txt": B}, "labels": LABELS}},
        {"views": views, "gt": LABELS},
        {"X_train": A[:8], "X_test": A[8:], "y_train": LABELS[:8], "y_test": LABELS[8:]},
    ]
    for variables in sets:
        file = io.BytesIO()
        savemat(file, variables)
        found.append(file.getvalue())
    return found


def _parts() -> list[bytes]:
    """Zips of parts of one set: tables, arrays, pictures."""
    header, *lines = _csv()[0].splitlines()
    tables = {"train.csv": b"\n".join([header, *lines[:8]]), "test.csv": b"\n".join([header, *lines[8:]])}
    arrays = {f"X_{part}.npy": _npy()[0] for part in ("train", "test")} | {"README.md": b"about"}
    shards = {f"shard_{i}.npz": _npz()[3] for i in range(2)}
    pictures = {f"{part}/{name[4:]}": data for part in ("train", "test") for name, data in _pictures()}
    return [_zipped(one) for one in (tables, arrays, shards, pictures)]


def _beside() -> list[bytes]:
    """Zips of pictures with what may stand beside them, deep and transparent ones among them."""
    sets = []
    plain = {}
    for i in range(N):
        file = io.BytesIO()
        Image.fromarray(RNG.integers(0, 256, (9, 9), np.uint8)).save(file, "PNG")
        plain[f"images/{i:04}.png"] = file.getvalue()
    said = {
        "results.token": "\n".join(f"{i:04}.png#{j}\tA thing seen {j} times" for i in range(N) for j in range(3)),
        "labels.json": json.dumps({f"{i:04}.png": "abc"[c] for i, c in enumerate(LABELS)}),
        "metadata.jsonl": "\n".join(json.dumps({"file_name": f"{i:04}.png", "text": f"number {i}"}) for i in range(N)),
        "onehot.csv": "\n".join(["image,a,b", *(f"{i:04},{i % 2},{1 - i % 2}" for i in range(N))]),
    }
    sets += [plain | {name: text.encode()} for name, text in said.items()]
    modes: dict[str, Callable[[int], Image.Image]] = {
        "png": lambda i: Image.fromarray(RNG.integers(0, 4096, (9, 9)).astype(np.uint16)),
        "tif": lambda i: Image.fromarray(RNG.random((9, 9)).astype(np.float32)),
        "webp": lambda i: Image.fromarray(RNG.integers(0, 256, (9, 9, 4), np.uint8)),
    }
    for ending, make in modes.items():
        one = {}
        for i in range(N):
            file = io.BytesIO()
            make(i).save(file, {"tif": "TIFF"}.get(ending, ending))
            one[f"{'ab'[i % 2]}/{i}.{ending}"] = file.getvalue()
        sets.append(one)
    frames = io.BytesIO()
    Image.new("L", (9, 9)).save(frames, "GIF", save_all=True, append_images=[Image.new("L", (9, 9), 9)])
    views = {f"{view}/{i}.png": plain[f"images/{i:04}.png"] for view in ("rgb", "depth") for i in range(N)}
    return [_zipped(one) for one in (*sets, plain | {"images/a.gif": frames.getvalue()}, views)]


def _zipped(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def _cells() -> list[bytes]:
    """Single-cell data whose words have a fixed length: MuData, loom, and what Cell Ranger writes."""
    import h5py
    from scipy import sparse

    def mudata(file: Any) -> None:
        for name, values in (("rna", A), ("atac", B)):
            group = file.create_group(f"mod/{name}")
            group["X"] = values
            group["obs/_index"] = np.array([f"c{i}" for i in range(N)], "S")

    def loom(file: Any) -> None:
        file["matrix"] = A.T
        file["col_attrs/ClusterName"] = np.array([f"k{label}" for label in LABELS], "S")

    def tenx(file: Any) -> None:
        matrix = sparse.csc_matrix(np.abs(A.T).round())
        for name in ("data", "indices", "indptr"):
            file[f"matrix/{name}"] = getattr(matrix, name)
        file["matrix/shape"] = np.array(matrix.shape)
        file["matrix/barcodes"] = np.array([f"AAAC{i}" for i in range(N)], "S")

    found = []
    for fill in (mudata, loom, tenx):
        content = io.BytesIO()
        with h5py.File(content, "w") as file:
            fill(file)
        found.append(content.getvalue())
    return found


def _arff() -> list[bytes]:
    """Weka's tables, with words in quotes and with sparse rows, where what is 0 is not written."""
    about = ["% by hand", "@relation 'a set'", *(f"@attribute {name} numeric" for name in "wxyz")]
    head = "\n".join([*about, "@attribute 'the class' {a,'b b',c}", "@data"])
    names = ["a", "'b b'", "c"]
    rows = [",".join([*(f"{x:.3f}" for x in row), names[c]]) for row, c in zip(A, LABELS, strict=True)]
    sparse = [
        "{"
        + ", ".join([*(f"{i} {x:.3f}" for i, x in enumerate(row) if x > 0.5), *([f"4 {names[c]}"] if c else [])])
        + "}"
        for row, c in zip(A, LABELS, strict=True)
    ]
    return ["\n".join([head, *body]).encode() for body in (rows, [*rows[:-1], "?,0.5,?,0.25,c"], sparse)]


def _svm() -> list[bytes]:
    rows = [
        f"{c} " + " ".join(f"{i}:{x:.3f}" for i, x in enumerate(row, start=1)) for row, c in zip(A, LABELS, strict=True)
    ]
    return ["\n".join(rows).encode(), "\n".join(row.replace(" 2:", " # 2:") for row in rows).encode()]


def _arrow() -> list[bytes]:
    import pandas as pd
    import pyarrow as pa

    found = []
    for frame in (
        pd.DataFrame({"a": A[:, 0], "b": A[:, 1], "label": LABELS}),
        pd.DataFrame({"img": list(A), "txt": list(B), "caption": [f"words for number {i}" for i in range(N)]}),
    ):
        table = pa.Table.from_pandas(frame)
        for write in (pa.ipc.new_file, pa.ipc.new_stream):
            file = io.BytesIO()
            with write(file, table.schema) as target:
                target.write_table(table)
            found.append(file.getvalue())
    return found


def _json() -> list[bytes]:
    rows = [{"a": x, "b": y, "label": "abc"[c]} for (x, y, *_), c in zip(A, LABELS, strict=True)]
    return [json.dumps(one).encode() for one in (rows, {"data": A.tolist(), "labels": LABELS.tolist()}, A.tolist())]


def _market() -> list[bytes]:
    from scipy import io as scipy_io
    from scipy import sparse

    found = []
    for matrix in (sparse.coo_matrix(np.abs(A.T).round(2)), np.abs(A).round(2)):
        file = io.BytesIO()
        scipy_io.mmwrite(file, matrix)
        found.append(file.getvalue())
    return found


def _workbooks() -> list[bytes]:
    """A sheet with a title and numbers in words, parts of a set in two sheets, merged cells above the names."""
    import openpyxl

    rows = [[*map(float, row.round(3)), "abc"[c]] for row, c in zip(A, LABELS, strict=True)]
    header, title = ["w", "x", "y", "z", "label"], ["Measured by hand"]
    spoken = [[str(row[0]).replace(".", ","), *row[1:]] for row in rows]
    books = [
        {"only": [title, [], header, *spoken]},
        {"train": [header, *rows[:8]], "test": [header, *rows[8:]]},
        {"merged": [["One", None, "Other", None, "label"], ["a", "b", "a", "b", None], *rows]},
    ]
    found = []
    for sheets in books:
        book = openpyxl.Workbook(write_only=True)
        for name, lines in sheets.items():
            sheet = book.create_sheet(name)
            for line in lines:
                sheet.append(line)
        file = io.BytesIO()
        book.save(file)
        found.append(file.getvalue())
    return found


KINDS: dict[str, tuple[str, Callable[[], list[bytes]]]] = {
    "npz": (".npz", _npz),
    "npy": (".npy", _npy),
    "mat": (".mat", _mat),
    "mat-7.3": (".mat", _mat73),
    "csv": (".csv", _csv),
    "parquet": (".parquet", _parquet),
    "parquet-pictures": (".parquet", _parquet_pictures),
    "zip": (".zip", _zip),
    "tar": (".tar", _tar),
    "hdf5": (".h5", _hdf),
    "cells": (".h5", _cells),
    "idx": ("-idx3-ubyte", _idx),
    "jsonl": (".jsonl", _jsonl),
    "text": (".csv", _text),
    "mat-structs": (".mat", _structs),
    "parts": (".zip", _parts),
    "pictures-beside": (".zip", _beside),
    "arff": (".arff", _arff),
    "svm": (".svm", _svm),
    "arrow": (".arrow", _arrow),
    "json": (".json", _json),
    "market": (".mtx", _market),
    "workbooks": (".xlsx", _workbooks),
}
"""Kind of file -> its ending, and valid files of it."""
