"""Marks in five scripts that occur nowhere else, and the search for them in every form they could have taken."""

import base64
import json
import quopri
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import SystemRandom
from urllib.parse import quote

ALPHABETS: Mapping[str, str] = {
    "latin": "bcdfghjklmnpqrstvwxz",
    "han": "山川河海林木火土金水日月星雨雪草花鳥魚馬",
    "arabic": "ابتثجحخدذرزسشصضطظعغف",
    "gurmukhi": "ਕਖਗਘਚਛਜਝਟਠਡਢਣਤਥਦਧਨਪਫ",
    "ethiopic": "ሀለሐመሠረሰሸቀበተቸኀነኘአከኸወዘ",
}  # each letter stays as it is under every normal form
_STEM = 10


@dataclass(frozen=True)
class Hit:
    where: str
    script: str
    form: str
    around: str

    def __str__(self) -> str:
        return f"{self.where}: {self.script} as {self.form}: {self.around}"


@dataclass
class Marks:
    """A stem for each script, the same for all fields; what follows tells the field. Searched for is the stem."""

    turn: int = 0
    stems: dict[str, str] = field(default_factory=dict)
    fields: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        chance = SystemRandom()
        self.stems = {
            script: "".join(chance.choice(letters) for _ in range(_STEM)) for script, letters in ALPHABETS.items()
        }

    def mark(self, name: str, script: str = "") -> str:
        """Of this field; scripts take turns, unless one is named."""
        number = self.fields.setdefault(name, len(self.fields))
        script = script or list(ALPHABETS)[(number + self.turn) % len(ALPHABETS)]
        letters = ALPHABETS[script]
        return self.stems[script] + letters[number // len(letters)] + letters[number % len(letters)]

    def address(self, name: str) -> str:
        return f"{self.mark(name, 'latin')}@example.org"

    def search(self, where: str, content: bytes) -> Iterator[Hit]:
        for script, stem in self.stems.items():
            for form, needle in forms_of(stem):
                at = content.find(needle)
                if at >= 0:
                    around = content[max(0, at - 60) : at + len(needle) + 40]
                    yield Hit(where, script, form, around.decode("utf-8", "replace"))

    def search_files(self, files: Iterable[Path]) -> list[Hit]:
        return [hit for file in files for hit in self.search(file.name, file.read_bytes())]


def forms_of(text: str) -> list[tuple[str, bytes]]:
    plain = text.encode()
    forms = {
        "it is": plain,
        "UTF-16, little end first": text.encode("utf-16-le"),
        "UTF-16, big end first": text.encode("utf-16-be"),
        "hex": plain.hex().encode(),
        "HEX": plain.hex().upper().encode(),
        "an address has it": quote(text).encode(),
        "an address has it, in small letters": quote(text).lower().encode(),
        "an address has every byte of it": "".join(f"%{byte:02X}" for byte in plain).encode(),
        "JSON": json.dumps(text)[1:-1].encode(),
        "Python's bytes": repr(plain)[2:-1].encode(),
        "HTML": "".join(f"&#{ord(c)};" for c in text).encode(),
        "quoted-printable": quopri.encodestring(plain).replace(b"=\n", b""),
    }
    for skipped in range(3):
        start, end = (0, 2, 3)[skipped], -4 if (skipped + len(plain)) % 3 else None
        encoded = base64.b64encode(b"\0" * skipped + plain)[start:end]
        forms[f"base64, {skipped} bytes in"] = encoded
        forms[f"base64 for addresses, {skipped} bytes in"] = encoded.replace(b"+", b"-").replace(b"/", b"_")
    return list({needle: (form, needle) for form, needle in reversed(forms.items())}.values())
