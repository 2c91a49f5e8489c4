"""Exact positions in what people write: they are refused, however they are written."""

import re
import unicodedata

# Written as most do: minus signs, degree signs and digits of every script made plain first.
_AS_PLAIN = str.maketrans({"º": "°", "˚": "°", "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "٫": ".", "٬": ","})
_NORTH = r"(?:4[1-9]|[5-7]\d|8[0-4])"  # degrees between the south and the north of Canada
_WEST = r"(?:5[2-9]|[6-9]\d|1[0-3]\d|14[01])"
_UNIT = r" ?(?:(?:°|deg[a-z]{0,4}\.?) ?)?"
_MARK = rf"{_UNIT}(?:[NSEWO]\b)?"
_BESIDE = r"[ ,;:/|&()\[\]]{0,4}(?:(?:lat|lon|lng|long|latitude|longitude)\b[ :=.]{0,3})?"
_LONE = r"(?<![\d.,$€£])"
_CENTS = r"(?! ?[$€£%]| ?(?:dollars|CAD|km)\b)"

_POSITIONS = (
    # any two numbers beside each other with three decimals or more
    rf"[-+]?\d{{1,3}}[.,]\d{{3,}}{_MARK}[ ,;/]{{1,4}}[-+]?\d{{1,3}}[.,]\d{{3,}}",
    # in Canada, three decimals or more, with a few words between
    rf"{_LONE}{_NORTH}[.,]\d{{3,}}[^\d]{{1,24}}{_WEST}[.,]\d{{3,}}",
    rf"{_LONE}{_WEST}[.,]\d{{3,}}[^\d]{{1,24}}{_NORTH}[.,]\d{{3,}}",
    # in Canada, two decimals: beside each other, and not two prices
    rf"{_LONE}{_NORTH}[.,]\d\d+{_MARK}{_BESIDE}(?:(?<=[ ,;/&|])|(?<=[NSEWO°=:]))-?{_WEST}[.,]\d\d+(?!\d){_CENTS}",
    rf"{_LONE}{_WEST}[.,]\d\d+{_MARK}{_BESIDE}(?:(?<=[ ,;/&|])|(?<=[NSEWO°=:])){_NORTH}[.,]\d\d+(?!\d){_CENTS}",
    r"\bgeo ?: ?[-+]?\d",
    # degrees and minutes
    r"\d ?(?:°|deg[a-z]{0,4}\.?|degrés?) ?\d{1,2}(?:[.,]\d+)? ?['’‘`´′]",
    r"\d ?° ?\d{1,2}(?:[.,]\d+)? ?[NSEWO]\b",
    rf"{_LONE}{_NORTH} \d{{1,2}}(?:[.,]\d+| \d{{1,2}}(?:[.,]\d+)?)? ?N\W{{1,4}}{_WEST} \d{{1,2}}",
    rf"\bN ?{_NORTH} \d{{1,2}}(?:[.,]\d+| \d{{1,2}}(?:[.,]\d+)?)?\W{{1,4}}[WO] ?0?{_WEST} \d{{1,2}}",
)
_POSITION = re.compile("|".join(_POSITIONS), re.IGNORECASE)


def names_a_position(text: str) -> bool:
    return _POSITION.search(_plain(text)) is not None


def _plain(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text.translate(_AS_PLAIN))
    digits = (str(unicodedata.decimal(char)) if char.isdecimal() else char for char in plain)
    return " ".join("".join(digits).translate(_AS_PLAIN).split())  # one space each: nothing to search twice
