"""What somebody writes back: stop, or yes or no with the code of the message."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from careweb.domain.codes import CodeError, read_digits


class Said(StrEnum):
    STOP = "stop"
    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"


@dataclass(frozen=True, kw_only=True)
class Written:
    said: Said
    code: str = ""


# The whole message, in the languages of the interface; the first are those that carriers know.
_STOP = frozenset({
    "stop", "stopall", "unsubscribe", "cancel", "end", "quit", "arret", "arrêt", "arreter", "arrêter", "停止", "退訂", "退订", "取消", "停",
    "ਰੋਕੋ", "ਬੰਦ", "ਬੰਦ ਕਰੋ", "tigil", "itigil", "hinto", "ihinto", "dừng", "dung", "dừng lại", "ngừng", "중지", "그만", "정지", "수신거부",
    "रोकें", "रोको", "बंद", "बंद करें", "روکیں", "روکو", "بند", "بند کریں", "توقف", "لغو", "قف", "إيقاف", "ايقاف", "أوقف", "اوقف",
    "நிறுத்து", "நிறுத்துங்கள்", "நிறுத்தவும்", "中止", "配信停止", "ストップ", "やめて", "མཚམས་འཇོག", "བཀག", "བཀག་འགོག", "توختا", "توختىتىڭ", "توختات",
})  # fmt: skip
_YES, _NO = frozenset({"y", "yes", "o", "oui"}), frozenset({"n", "no", "non"})
_ANSWER = re.compile(r"(?P<word>[^\W\d_]+)[\s:.,\-]*(?P<code>\d[\d\s\-]*)")
_EDGES = re.compile(r"^[\s\W_]+|[\s.!。！។؟?؛،,་།\"'”’»]+$")
CODE_DIGITS = 4


def read_answer(text: str) -> Written:
    plain = _plain(text)
    if plain in _STOP_PLAIN:
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


_STOP_PLAIN = frozenset(map(_plain, _STOP))
