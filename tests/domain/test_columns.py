"""Which columns a file may have: all others are refused by name."""

import pytest

from careweb.domain.columns import IMPORTS, Exported, HeaderError, Imported, export_columns, read_header

NEEDS = ["ref", "category", "place", "languages", "urgency", "helpers", "posted_at", "expires_at", "note", "contact"]
OFFERS = ["ref", "categories", "place", "languages", "radius_km", "per_week", "name", "contact"]


def refusal(*columns: str) -> str:
    with pytest.raises(HeaderError) as refused:
        read_header(columns, Imported.NEEDS)
    return str(refused.value)


def test_the_columns_are_those_agreed_on() -> None:
    assert [column.name for column in IMPORTS[Imported.NEEDS]] == NEEDS
    assert [column.name for column in IMPORTS[Imported.OFFERS]] == OFFERS
    asks = ["need_ref", "offer_ref", "wave", "state", "planned_at", "sent_at", "answered_at"]
    assert export_columns(Exported.ASKS, with_contact=False) == asks


def test_columns_come_in_any_order_and_case_and_some_may_be_missing() -> None:
    assert read_header([" Place", "REF", "languages", "category"], Imported.NEEDS) == ("place", "ref", "languages", "category")  # fmt: skip


def test_another_column_is_refused_by_its_name() -> None:
    assert "'shoe_size'" in refusal(*NEEDS, "shoe_size")


@pytest.mark.parametrize("name", ["latitude", "Longitude", "lat", "address"])
def test_a_position_is_refused_by_its_name_and_why_is_said(name: str) -> None:
    message = refusal(*NEEDS, name)
    assert f"'{name.lower()}'" in message
    assert "where exactly a person is never comes in" in message


def test_a_column_without_a_name_twice_or_missing_is_refused() -> None:
    assert "one without a name" in refusal(*NEEDS, "")
    assert "note stands there twice" in refusal(*NEEDS, "note")
    assert "missing: category, place" in refusal("ref", "languages")


def test_a_first_line_that_is_no_header_is_not_repeated() -> None:
    message = refusal("17", "groceries", "M5V", "ada@example.org")
    assert "ada@" not in message
    assert "the first line must name the columns" in message


def test_semicolons_are_recognised() -> None:
    assert "semicolons" in refusal(";".join(NEEDS))


def test_exports_hold_name_contact_and_note_only_if_asked() -> None:
    secret = {"name", "contact", "note"}
    for what in Exported:
        assert secret.isdisjoint(export_columns(what, with_contact=False))
    assert secret <= set(export_columns(Exported.NEEDS, with_contact=True))
