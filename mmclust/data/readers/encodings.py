"""In which encoding a text file was written: UTF-8 unless its bytes say otherwise.

Byte order marks and zero bytes tell UTF-16. What is no UTF-8 is looked at by charset-normalizer; where that finds a
Western encoding, Windows-1252 is taken, which holds all of Latin-1's letters: telling these apart by statistics of few
accented letters goes wrong more often than not.
"""

import codecs
from typing import IO

UTF8 = "utf-8-sig"
_AROUND = 2**14
"""Bytes before and after one that is no UTF-8 which are looked at."""
_TITLES = {
    "cp1252": "Windows-1252 (Latin-1)",
    **dict.fromkeys(("utf-16", "utf-16-le", "utf-16-be"), "UTF-16"),
    **dict.fromkeys(("cp932", "shift_jis", "shift_jis_2004", "shift_jisx0213"), "Shift-JIS"),
    **dict.fromkeys(("cp949", "euc_kr", "johab"), "EUC-KR"),
    **dict.fromkeys(("gb18030", "gbk", "gb2312"), "GB18030 (GBK)"),
    **dict.fromkeys(("big5", "big5hkscs", "cp950"), "Big5"),
    **dict.fromkeys(("euc_jp", "euc_jis_2004", "euc_jisx0213"), "EUC-JP"),
    **{f"cp125{digit}": f"Windows-125{digit}" for digit in (0, 1, 3, 4, 5, 6, 7, 8)},
}
_OTHER_SCRIPTS = ("Cyrillic", "Greek", "Hebrew", "Arabic", "CJK", "Hangul", "Hiragana", "Katakana", "Thai")


def of_head(head: bytes, where: str) -> str:
    """The encoding of a file by its first bytes.

    Raises:
        ValueError: it is no text.
    """
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            codecs.getincrementaldecoder("utf-16")().decode(head)
        except UnicodeDecodeError:
            raise ValueError(f"{where} is no text; save it as comma-separated values in UTF-8") from None
        if b"\0" not in head:  # no letter of ours in it
            raise ValueError(f"{where} is no text; save it as comma-separated values in UTF-8")
        return "utf-16"
    if b"\0" not in head:
        return UTF8 if _is_utf8(head) else _other(head, where)
    even, odd = head[::2].count(0), head[1::2].count(0)
    if odd > 0.3 * len(head) / 2 and not even:
        return "utf-16-le"
    if even > 0.3 * len(head) / 2 and not odd:
        return "utf-16-be"
    raise ValueError(f"{where} is no text; save it as comma-separated values in UTF-8")


def of_content(file: IO[bytes], error: UnicodeDecodeError, where: str) -> str:
    """The encoding of a file whose beginning is UTF-8, and something further down is not.

    Raises:
        ValueError: it is no text.
    """
    while chunk := file.read(2**24):
        at = next((place for place, byte in enumerate(chunk) if byte > 127), None) if not chunk.isascii() else None
        if at is not None:
            return _other(chunk[max(0, at - _AROUND) : at + _AROUND], where)
    raise ValueError(f"{where} is no text ({error.reason}); save it as comma-separated values in UTF-8")


def decoded(content: bytes, where: str) -> tuple[str, str]:
    """The text of a whole file, and its encoding.

    Raises:
        ValueError: it is no text.
    """
    encoding = of_head(content, where)
    try:
        return content.decode(encoding), encoding
    except UnicodeDecodeError:
        encoding = _other(content, where)
        return content.decode(encoding, errors="replace"), encoding


def title(encoding: str) -> str:
    """An encoding as people know it."""
    return _TITLES.get(encoding, encoding)


def _is_utf8(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # the piece may end within a letter
    except UnicodeDecodeError:
        return False
    return True


def _other(sample: bytes, where: str) -> str:
    from charset_normalizer import from_bytes

    control = sum(byte < 32 and byte not in b"\t\r\n\f" for byte in sample[:_AROUND])
    if control > 0.02 * len(sample[:_AROUND]):
        raise ValueError(f"{where} is no text; save it as comma-separated values in UTF-8")
    high = [place for place, byte in enumerate(sample) if byte > 127]
    start = max(0, high[0] - _AROUND) if high else 0
    best = from_bytes(sample[start : start + 2 * _AROUND]).best()
    if best is None or not any(script in name for name in best.alphabets for script in _OTHER_SCRIPTS):
        return "cp1252"
    letters = sum(byte > 127 for byte in sample[start : start + 2 * _AROUND])
    return best.encoding if letters > 20 or best.encoding in ("gb18030", "big5", "cp932", "euc_kr") else "cp1252"
