"""Cells that a spreadsheet would run as a formula, made harmless on the way out and themselves again on the way in."""

import re

_FORMULA = re.compile(r"'*\s*[=+\-@＝＋－＠\t\r\n]")


def guarded(text: str) -> str:
    """A leading apostrophe makes it text. One that stands there already gets a second, so that nothing is lost."""
    return f"'{text}" if _FORMULA.match(text) else text


def unguarded(text: str) -> str:
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text
