"""The search finds what it should."""

import base64
import json
from urllib.parse import quote

import pytest

from tests.attacks.marks import ALPHABETS, Marks


@pytest.mark.parametrize("script", ALPHABETS)
@pytest.mark.parametrize("before", ["", "x", "xy", "né"])
def test_a_mark_is_found_in_every_form(script: str, before: str) -> None:
    marks = Marks()
    text = f"{before}{marks.mark('name', script)} z"
    for form in (
        text.encode(), text.encode("utf-16-le"), text.encode("utf-16-be"), text.encode().hex().encode(),
        base64.b64encode(text.encode()), base64.urlsafe_b64encode(text.encode()), quote(text).encode(),
        quote(text).lower().encode(), json.dumps(text).encode(), repr(text.encode()).encode(),
    ):  # fmt: skip
        assert [hit.script for hit in marks.search("there", b"\0" * 7 + form + b"\0")], form


def test_nothing_is_found_where_nothing_is() -> None:
    assert list(Marks().search("there", "山川 abc باب ਕਖ ሀለ".encode() * 100)) == []
