"""The page that `make pages` writes: what it says of figures it was given."""

from typing import Any

from tools.accessibility import page

RECORDS: list[dict[str, Any]] = [
    {"kind": "axe", "language": "en-CA", "width": 360, "scheme": "light", "rules": "all", "pages": 2, "broken": {"ask": ["label"]}},
    {"kind": "sideways", "language": "en-CA", "width": 320, "pages": 2, "broken": []},
    {"kind": "targets", "language": "en-CA", "pages": 2, "broken": {"home": ["a"]}},
    {"kind": "bytes", "pages": {"home": 5_000, "ask": 12_500}, "sheet": 4_000},
    {"kind": "flow", "sizes": {"stylesheet": 4_000, "/g/east": 1_000}, "language": "ta"},
    {"kind": "flow", "sizes": {"stylesheet": 4_000, "/g/east": 900}, "language": "en"},
    {"kind": "trips", "trips": 2, "pages": 2, "broken": {}},
]  # fmt: skip


def test_it_names_the_pages_that_broke_a_rule_and_says_that_it_failed() -> None:
    text = page(RECORDS, how="today", passed=False)
    assert "| en-CA | 360 px | light | all | 2 | ask |" in text
    assert "**Some failed" in text
    assert "1 of 2 pages have a target less than 44 pixels tall or wide in en-CA" in text


def test_it_reckons_the_largest_page_over_a_slow_network() -> None:
    text = page(RECORDS, how="today", passed=True)
    assert "| 50 kbit/s and 600 ms | 4 | 12,500 | 4.4 |" in text  # 4 * 0.6 + 100,000 / 50,000
    assert text.index("| ask | 12,500 |") < text.index("| home | 5,000 |")
    assert "**5,000 bytes** in ta, the heaviest" in text
    assert "What no program here can tell" in text
