"""Comparing names however they are typed: without case, accents, apostrophes or punctuation."""

import unicodedata

_SIGNS = str.maketrans("", "", "'’‘ʼʻ`")


def folded(text: str) -> str:
    """Words of bare letters and digits with one space between.

    Only marks on Latin, Greek and Cyrillic letters are dropped: in Indic, Thai or Tibetan they are vowels.
    """
    out: list[str] = []
    base = ""
    for char in unicodedata.normalize("NFKD", text.casefold().translate(_SIGNS)):
        if unicodedata.combining(char) and base < "\u0590":
            continue
        base = base if unicodedata.category(char).startswith("M") else char
        out.append(char if unicodedata.category(char)[0] in "LNM" else " ")
    return unicodedata.normalize("NFC", " ".join("".join(out).split()))
