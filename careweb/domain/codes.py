"""The return code: sixteen digits, easy to write down and to read out; and the short code of an ask."""

import unicodedata
from dataclasses import dataclass, field


class CodeError(ValueError):
    """That is not a code of sixteen digits."""


@dataclass(frozen=True)
class ReturnCode:
    locator: str
    secret: str = field(repr=False)

    def __str__(self) -> str:
        digits = self.locator + self.secret
        return " ".join(digits[at : at + 4] for at in range(0, 16, 4))


def return_code(random_bytes: bytes) -> ReturnCode:
    """`random_bytes`: at least 16 bytes that nobody can guess."""
    digits = f"{int.from_bytes(random_bytes[:16], 'big') % 10**16:016d}"
    return ReturnCode(digits[:8], digits[8:])


def read_digits(text: str, count: int) -> str:
    """Digits of any script, with spaces or hyphens between them."""
    digits = [str(unicodedata.digit(c)) for c in text if unicodedata.digit(c, None) is not None]
    others = [
        c
        for c in text
        if unicodedata.digit(c, None) is None and not c.isspace() and unicodedata.category(c) not in ("Pd", "Cf")
    ]
    if others or len(digits) != count:
        raise CodeError
    return "".join(digits)


def read_return_code(text: str) -> ReturnCode:
    digits = read_digits(text, 16)
    return ReturnCode(digits[:8], digits[8:])
