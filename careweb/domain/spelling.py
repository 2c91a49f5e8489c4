"""What people type, without what nobody sees; and names compared without case, accents, apostrophes or punctuation."""

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


_JOINERS = "\u200c\u200d"  # some scripts, and some emoji, are not written without
_BLANK_LETTERS = "\u115f\u1160\u2800\u3164\uffa0"


def visible(text: str) -> str:
    """Without characters that only steer how others are shown; nothing at all where nothing would be seen."""
    if text.isascii():
        return text
    left = "".join(char for char in text if char in _JOINERS or unicodedata.category(char) != "Cf")
    return left if any(map(_is_seen, left)) else ""


def _is_seen(char: str) -> bool:
    return unicodedata.category(char)[0] in "LNPS" and char not in _BLANK_LETTERS
