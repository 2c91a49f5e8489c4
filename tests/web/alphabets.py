"""What tells the languages of the catalogues apart, letter by letter, so that one in the place of another is noticed.

Letters of other scripts may stand in what no language translates: NAMES, and the word that a phone itself shows (GLOSSES),
once in brackets after its translation. A language that has a script for itself needs no line in MARKS.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from careweb import rendering

NAMES = (
    "careweb", "Signal", "WhatsApp", "Matrix", "ntfy", "Telegram", "SMS", "STOP", "Y", "N", "JavaScript", "Cookie", "iPhone", "GPS",
    "km", "M5V", "Mei", "Jo", "Toisan", "Bisaya", "Hokkien", "New Brunswick", "Newfoundland", "Saskatchewan", "Edward",
)  # fmt: skip
GLOSSES = (
    "topic", "passkey", "spam", "cookie", "cookies", "history", "browser", "home screen", "calendar", "app", "server",
)  # fmt: skip
_BESIDE = re.compile(
    r"%\(\w+\)[sd]|<[^>]+>|&\w+;|https?://[!-~]+|[\w.+-]*@[!-~]+"  # placeholders, tags, addresses
    rf"|(?<![A-Za-z])(?:{'|'.join(NAMES)})(?![A-Za-z])"
    rf"|(?i:[(«](?:{'|'.join(GLOSSES)})[)»])"
)
SCRIPTS = {"ja": {"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"}}  # beside the letters of a language's own name


@dataclass(frozen=True, kw_only=True)
class Mark:
    letters: str  # a pattern of one letter: each that is written is such a one
    has: str  # a pattern that stands somewhere in every text of at least `long` letters
    long: int


@cache
def han(codec: str, *, there: bool) -> str:
    """The Han characters that a code page has or lacks: Big5 was drawn up for Traditional ones, GB 2312 for Simplified."""
    every = (chr(number) for number in range(0x4E00, 0xA000))
    return "[" + "".join(one for one in every if bool(one.encode(codec, "ignore")) is there) + "]"


def _words(words: str) -> str:
    return rf"(?i:\b(?:{'|'.join(words.split())})(?!\w))"


MARKS = {
    "zh-Hant": Mark(letters=han("big5", there=True), has=han("gb2312", there=False), long=16),
    "zh-Hans": Mark(letters=han("gb2312", there=True), has=han("big5", there=False), long=15),
    "ja": Mark(letters=rf"[ぁ-ゖァ-ヺー]|{han('shift_jis', there=True)}", has="[ぁ-ゖァ-ヺ]", long=6),
    "ur": Mark(letters="[ءآأؤئابپتٹثجچحخدڈذرڑزژسشصضطظعغفقکگلمنںوہۂۃھیے]", has="[ٹڈڑںےہھ]", long=16),
    "fa": Mark(letters="[ءآأؤئابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی]", has="[پچژگکی]", long=28),
    "ar": Mark(letters="[ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىيـ]", has="[ةىيكأإ]", long=20),
    "ug": Mark(letters="[ئابپتجچخدرزژسشغفقكگڭلمنھوۇۆۈۋېىيە]", has=r"[ەېۆۈۇۋڭ]|\bئ", long=34),
    "fr": Mark(
        letters="[a-zàâæçéèêëîïôœùûüÿ]",
        has=_words("le la les des? du une? et est vous pour pas à en dans nous votre sur cette aux? ou par avec comme se ses [cdjlns]’ qu’ mes"),
        long=35,
    ),
    "vi": Mark(letters="[abcdeghiklmnopqrstuvxyàáâãèéêìíòóôõùúýăđĩũơư\u1ea0-\u1ef9]", has="(?i:[ăđơư\u1ea0-\u1ef9])", long=20),
    "fil": Mark(
        letters="[a-zñ]",
        has=_words("ang ng sa mga ay ka kayo ninyo tayo iyon nga ito po hindi wala kung para isang inyong kaunting na"),
        long=35,
    ),
}  # fmt: skip


@cache
def own_letters(text: str) -> str:
    """Of what a language says itself."""
    return "".join(letter for letter in _BESIDE.sub(" ", text) if letter.isalpha())


def scripts(text: str) -> set[str]:
    """As Unicode names them, of each letter: LATIN, ETHIOPIC, CJK."""
    return {unicodedata.name(letter).partition(" ")[0] for letter in set(text) if letter.isalpha()}


def not_written_as(tag: str, text: str) -> str:
    """What in this text is not as its language is written; empty if all is."""
    letters, mark = own_letters(text), MARKS.get(tag)
    if others := scripts(letters) - scripts(rendering.interfaces()[tag].name) - SCRIPTS.get(tag, set()):
        return f"letters of {sorted(others)}"
    if not mark:
        return ""
    if others := set(re.sub(mark.letters, "", "".join(set(letters.lower())))):
        return f"letters of another language: {sorted(others)}"
    if len(letters) >= mark.long and not re.search(mark.has, _BESIDE.sub(" ", text)):
        return "nothing that only this language has"
    return ""
