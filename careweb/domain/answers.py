"""What somebody writes back: stop, or yes or no with the code of the message."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from careweb.domain.codes import CodeError, read_digits

Stops = frozenset[str]  # whole messages that say stop, plain


class Said(StrEnum):
    STOP = "stop"
    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"


@dataclass(frozen=True, kw_only=True)
class Written:
    said: Said
    code: str = ""


# The whole message; these are those that carriers know. The others are each language's own, of locale/languages.toml.
_CARRIERS = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit"})
_YES, _NO = frozenset({"y", "yes", "o", "oui"}), frozenset({"n", "no", "non"})
_ANSWER = re.compile(r"(?P<word>[^\W\d_]+)[\s:.,\-]*(?P<code>\d[\d\s\-]*)")
_EDGES = re.compile(r"^[\s\W_]+|[\s.!。！។؟?؛،,་།።\"'”’»]+$")
CODE_DIGITS = 4


def stops_of(words: Iterable[str]) -> Stops:
    return _CARRIERS | frozenset(map(_plain, words))


def read_answer(text: str, stops: Stops) -> Written:
    plain = _plain(text)
    if plain in stops:
        return Written(said=Said.STOP)
    found = _ANSWER.fullmatch(plain)
    if found is None or found["word"] not in _YES | _NO:
        return Written(said=Said.UNCLEAR)
    try:
        code = read_digits(found["code"], CODE_DIGITS)
    except CodeError:
        return Written(said=Said.UNCLEAR)
    return Written(said=Said.YES if found["word"] in _YES else Said.NO, code=code)


def _plain(text: str) -> str:
    visible = "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf")
    return " ".join(_EDGES.sub("", visible.casefold()).split())
