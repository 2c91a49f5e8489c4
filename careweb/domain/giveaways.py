"""What in free text leads to a person: a telephone number, an e-mail or street address, a full postal code.

It is warned about and never refused: who writes may have a reason, and a rule may be wrong. English, French, Chinese,
Punjabi, Urdu and Persian, with the digits of each.
"""

import re
import unicodedata
from enum import StrEnum

from careweb.domain.places import holds_postal_code


class Giveaway(StrEnum):
    ADDRESS = "address"
    PHONE = "phone"
    EMAIL = "email"
    POSTAL = "postal"


# One way of writing digits, dashes, and the letters that Arabic, Urdu and Persian keyboards write differently.
_AS_PLAIN = str.maketrans("〇零一二三四五六七八九‐‑‒–—―−يىك،、，。", "00123456789" + "-" * 7 + "ییک" + ",,,.")

_BETWEEN_DIGITS = r"[ .()/-]{0,2}"
_DAY = r"(?<!\d)(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}(?!\d)"
_PHONE = re.compile(rf"(?<![\d$€£])(?:\+?\d(?:{_BETWEEN_DIGITS}\d){{8,14}}|\d{{3}}[-.]\d{{4}})(?!\d)")

_NAME = r"[\w.+-]{1,64}"
_AT, _DOT = (
    r"(?: ?@ ?| ?[(\[{] ?(?:at|arobase) ?[)\]}] ?| at | arobase )",
    r"(?:\.| ?[(\[{]? ?(?:dot|point) ?[)\]}]? ?)",
)
_ENDS = r"(?:com|ca|org|net|info|quebec|edu|gov|fr|io|cn|in|pk|ir|co|me|uk)\b"
_EMAIL = re.compile(
    rf"[^\s@]{{1,64}}@[^\s@.]{{1,63}}\.[^\s@]{{2}}|{_NAME}{_AT}[\w-]{{1,63}}{_DOT}{_ENDS}", re.IGNORECASE
)

_COUNTED = (  # between a number and a street these are something else: "10 with Dr Singh", "3 boxes to my place"
    r"with|at|to|the|for|and|or|of|by|my|our|your|his|her|their|this|that|a|an|am|pm|on|in|is|near|from|me|i|we|see|any|no|"
    r"hours?|hrs?|minutes?|mins?|days?|weeks?|months?|years?|km|kms|m|kg|people|persons?|kids?|children|bags?|boxes|times?|"
    r"blocks?|dollars?|men|women|seniors?|more"
)
_WORD = rf"(?!(?:{_COUNTED})\b)[\w'’.-]{{1,20}}"
_STREET = (
    r"street|avenue|ave|road|boulevard|blvd|lane|crescent|cres|terrace|circle|trail|parkway|pkwy|highway|hwy|mews|grove|"
    r"drive|court|crt|way|place|square|gate|heights|gardens?|rd|(?:st|dr|ln|pl|ct|sq)(?!\.? (?-i:[A-Z])[a-z])"
)
_ENGLISH = rf"(?<!\d)\d{{1,5}}[a-z]?,? (?:{_WORD} ){{1,3}}(?:{_STREET})\b|\b(?:apt|apartment|buzzer|suite|unit) ?\.? ?#?\d{{1,5}}\b"
_NUMBER_FR = r"(?<!\d)\d{1,5} ?(?:bis|ter|[a-d])? ?,? "
_FRENCH = (
    rf"{_NUMBER_FR}(?:rue|avenue|av\.?|boulevard|boul\.?|bd|chemin|ch\.|impasse|ruelle|croissant|promenade|rang|mont[ée]e|all[ée]e) \w"
    rf"|{_NUMBER_FR}(?:place|cours|route|c[ôo]te|carr[ée]|terrasse|quai|square) (?:(?:de la|du|des|de) |d['’]|l['’])?(?-i:[A-ZÉÈÀÎ])"
    rf"|\b(?:appartement|appt\.?|app\.|logement|porte) ?(?:n[o°]\.? ?)?#?\d{{1,5}}\b"
)
_HAN, _COUNT = "[㐀-䶿一-鿿]", r"[\d百十千]{1,6}"
_CHINESE = (
    rf"(?:街|大道|弄|胡同)[东西南北東]?[段上]? ?{_COUNT} ?[号號]?(?![点點个個月年:])"
    rf"|(?:(?<![知味频頻管渠])道|路|巷|里)[东西南北東]?段? ?{_COUNT} ?[号號](?![线線])"
    rf"|(?<!\d)\d{{1,5}} ?(?![条條个個])(?:{_HAN}{{1,6}}|[a-z]{{2,15}} ?)(?:街|大道)"
    rf"|{_COUNT} ?[号號]? ?(?:室|单元|單元)"
)
_FEW = r"[ ,]{1,2}(?:[^\s\d,]{1,20}[ ,]{1,2}){0,3}"
_GURMUKHI = (
    rf"\d{{1,5}}{_FEW}(?:ਸਟਰੀਟ|ਸਟ੍ਰੀਟ|ਰੋਡ|ਐਵੇਨਿਊ|ਐਵਨਿਊ|ਡਰਾਈਵ|ਬੁਲੇਵਾਰਡ|ਕ੍ਰੇਸੈਂਟ|ਲੇਨ|ਕੋਰਟ)"
    r"|(?:ਮਕਾਨ|ਘਰ|ਗਲੀ|ਫਲੈਟ|ਅਪਾਰਟਮੈਂਟ|ਯੂਨਿਟ) (?:ਨੰਬਰ |ਨੰ\.? ?)?#?\d{1,5}"
)
_URDU = (
    rf"\d{{1,5}}{_FEW}(?:اسٹریٹ|سٹریٹ|روڈ|ایونیو|ڈرائیو|سڑک|بلیوارڈ|لین|کورٹ)"
    r"|(?:مکان|گلی|فلیٹ|اپارٹمنٹ|یونٹ) (?:نمبر |نمبر: ?)?#?\d{1,5}"
)
_PERSIAN = rf"(?:خیابان|کوچه|بلوار|میدان|بزرگراه){_FEW}(?:شماره |پلاک )?\d{{1,5}}|(?:پلاک|واحد|آپارتمان|زنگ)[ :]{{1,2}}(?:شماره )?\d{{1,5}}"
_ADDRESS = re.compile("|".join((_ENGLISH, _FRENCH, _CHINESE, _GURMUKHI, _URDU, _PERSIAN)), re.IGNORECASE)


def giveaways(text: str) -> tuple[Giveaway, ...]:
    """Each kind once."""
    plain = _plain(text)
    found = {
        Giveaway.ADDRESS: _ADDRESS.search(plain),
        Giveaway.PHONE: _PHONE.search(re.sub(_DAY, ";", plain)),
        Giveaway.EMAIL: _EMAIL.search(plain),
        Giveaway.POSTAL: holds_postal_code(text),
    }
    return tuple(kind for kind in Giveaway if found[kind])


def _plain(text: str) -> str:
    """Decimal digits of every script as ours, one space for any gap."""
    plain = unicodedata.normalize("NFKC", text).translate(_AS_PLAIN)
    digits = "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in plain)
    return " ".join(digits.split())
