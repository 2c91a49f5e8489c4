"""The page that `make pages` writes: what it says of figures it was given."""

from typing import Any

from tools.accessibility import page

RECORDS: list[dict[str, Any]] = [
    {"kind": "axe", "language": "en-CA", "width": 360, "scheme": "light", "rules": "all", "pages": 2, "broken": {"ask": ["label"]}},
    {"kind": "axe", "language": "en-CA", "width": 360, "scheme": "light", "rules": "all", "pages": 3, "broken": {}},
    {"kind": "axe", "language": "en-CA", "width": 1280, "scheme": "dark", "rules": "contrast", "pages": 2, "broken": {}},
    {"kind": "axe", "language": "bo-CA", "width": 360, "scheme": "light", "rules": "all", "pages": 2, "broken": {}},
    {"kind": "sideways", "language": "en-CA", "width": 320, "pages": 2, "broken": []},
    {"kind": "sideways", "language": "bo-CA", "width": 320, "pages": 2, "broken": ["me"]},
    {"kind": "targets", "language": "en-CA", "pages": 2, "broken": ["home"]},
    {"kind": "targets", "language": "ur-CA", "pages": 2, "broken": []},
    {"kind": "glyphs", "what": "bo", "strings": 1923, "characters": 150, "missing": ["x U+0078"]},
    {"kind": "glyphs", "what": "en", "strings": 9, "characters": 7, "missing": []},
    {"kind": "bytes", "pages": {"home": 5_000, "ask": 12_500}, "sheet": 4_000},
    {"kind": "bytes", "pages": {"home": 4_900, "code": 6_000}, "sheet": 4_000},
    {"kind": "flow", "sizes": {"stylesheet": 4_000, "/g/east": 1_000}, "language": "ta"},
    {"kind": "flow", "sizes": {"stylesheet": 4_000, "/g/east": 900}, "language": "en"},
    {"kind": "trips", "trips": 2, "pages": 2, "broken": {}},
]  # fmt: skip


def test_it_names_the_pages_that_broke_a_rule_and_says_that_it_failed() -> None:
    text = page(RECORDS, how="today", passed=False)
    assert "| en-CA | 5 | 7 | ask | 0 | home |" in text
    assert "| bo-CA | 2 | 2 | 0 | me | – |" in text
    assert "| bo | 1,923 | 150 | x U+0078 |" in text
    assert "**Some failed" in text


def test_a_language_has_one_row_and_what_was_not_measured_in_it_is_not_said_to_be_well() -> None:
    text = page(RECORDS, how="today", passed=True)
    assert "360 px light (all), 1280 px dark (contrast)" in text
    assert text.count("| ur-CA |") == 1
    assert "| ur-CA | 2 | 0 | – | – | 0 |" in text
    assert "| en | 9 | 7 | 0 |" in text


def test_it_reckons_the_largest_page_over_a_slow_network() -> None:
    text = page(RECORDS, how="today", passed=True)
    assert "| 50 kbit/s and 600 ms | 4 | 12,500 | 4.4 |" in text  # 4 * 0.6 + 100,000 / 50,000
    assert "| home | 4,900 |" not in text, "each page once, where it is heaviest"
    assert "| code | 6,000 |" in text
    assert text.index("| ask | 12,500 |") < text.index("| home | 5,000 |")
    assert "**5,000 bytes** in ta, the heaviest" in text
    assert "What no program here can tell" in text
