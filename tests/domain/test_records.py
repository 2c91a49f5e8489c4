"""A row into a need or an offer, or into the reason why not."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from careweb.domain import hours
from careweb.domain.hours import ANY_TIME, until
from careweb.domain.needs import urgency_of
from careweb.domain.records import (
    NOT_SHOWN,
    Known,
    NeedRecord,
    OfferRecord,
    RecordError,
    _hours,
    cells_of,
    read_need,
    read_offer,
    readable_ref,
)
from careweb.domain.states import ContactKind, Urgency

NOW = datetime(2026, 11, 23, 17, tzinfo=UTC)
KNOWN = Known(
    categories=frozenset({"groceries", "ride"}),
    zones={"M1B": "M1B", "U-TORONTO": "U-toronto", "ON": "ON", "A1A": "A1A"},
    clocks={"M1B": "America/Toronto", "U-toronto": "America/Toronto", "ON": "America/Toronto", "A1A": "America/St_Johns"},
    postals={"M1B": "M1B", "M1C": "M1B", "A1A": "A1A"},
    languages={"en": "en", "fr": "fr", "zh-hans": "cmn", "zh-hant": "cmn", "cmn": "cmn", "fil": "fil", "tl": "fil", "yue": "yue"},
    interfaces=["en", "fr"],
    now=NOW,
)  # fmt: skip
NEED = {"ref": "1", "category": "groceries", "place": "M1B", "languages": "yue en", "contact": "po@example.org"}
OFFER = {"ref": "1", "categories": "groceries ride", "place": "M1B", "languages": "en", "contact": "wing@example.org"}


def need(consented: bool = False, **cells: str) -> NeedRecord:
    return read_need(NEED | cells, KNOWN, consented=consented)


def offer(**cells: str) -> OfferRecord:
    return read_offer(OFFER | cells, KNOWN, consented=False)


def why_not(read: Any, **cells: str) -> tuple[str, str]:
    with pytest.raises(RecordError) as refused:
        read(**cells)
    return refused.value.column, refused.value.reason


def test_a_need_with_only_what_it_must_have() -> None:
    record = need()
    assert (record.new.urgency, record.new.helpers, record.posted_at) == (Urgency.MEDIUM, 1, NOW)
    assert record.new.needed_by == NOW + timedelta(days=7)
    assert record.expires_at == NOW + timedelta(days=8)
    assert record.new.contact.address == "po@example.org"


def test_an_offer_with_only_what_it_must_have() -> None:
    record = offer()
    assert (record.new.radius_km, record.per_week, record.new.hours) == (5, 2, hours.DAYTIME)
    assert record.new.categories == ("groceries", "ride")
    assert record.time_zone == "America/Toronto"


@pytest.mark.parametrize(
    ("text", "zone"),
    [("M1B", "M1B"), ("m1c 2k3", "M1B"), ("M1C2K3", "M1B"), ("on", "ON"), ("u-Toronto", "U-toronto"), ("P9N", "ON")],
)
def test_a_place_is_three_characters_a_whole_code_cut_or_a_zone(text: str, zone: str) -> None:
    assert need(place=text).new.zone_code == zone


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("43.65, -79.38", "exact positions are not taken"),
        ("43.6532", "exact positions are not taken"),
        ("12 Elm Street", "neither a postal code nor"),
        ("U-atlantis", "not the code of a zone"),
        ("Z9Z", "not a Canadian postal code"),
        ("", "is empty"),
    ],
)
def test_other_places_are_refused(text: str, reason: str) -> None:
    column, said = why_not(need, place=text)
    assert column == "place"
    assert reason in said


def test_two_scripts_of_one_spoken_language_are_one() -> None:
    assert need(languages="zh-Hans zh-Hant tl").new.languages == ("cmn", "fil")
    assert need(languages="fr-CA, en-US").new.languages == ("fr", "en")


def test_messages_are_in_the_first_of_their_languages_that_we_can_write() -> None:
    assert [need(languages=tags).new.locale for tags in ("yue fr en", "fr-CA", "yue", "fil en fr")] == [
        "fr",
        "fr",
        "en",
        "en",
    ]


def test_an_unknown_language_or_category_or_urgency_is_refused() -> None:
    assert why_not(need, languages="en klingon")[0] == "languages"
    assert why_not(need, languages="")[1] == "are empty"
    assert why_not(need, category="miracles") == ("category", "is not one of: groceries, ride")
    assert why_not(offer, categories="ride miracles")[0] == "categories"
    assert why_not(need, urgency="very") == ("urgency", "is not one of: urgent, medium, low")


@pytest.mark.parametrize("text", ["100000000000000", "1e14", "0", "11", "-1", "2.0", "1_0", "٣", "two", "９"])
def test_a_quantity_is_a_small_whole_number(text: str) -> None:
    assert why_not(need, helpers=text) == ("helpers", "is not a whole number from 1 to 10")


@pytest.mark.parametrize("text", ["100000000000000", "201", "-5", "nan", "inf", "1e2", "5,5", "5 km"])
def test_a_radius_is_a_number_up_to_200(text: str) -> None:
    assert why_not(offer, radius_km=text)[0] == "radius_km"


def test_the_greatest_quantities_are_taken() -> None:
    assert need(helpers="10").new.helpers == 10
    assert (offer(radius_km="200", per_week="50").new.radius_km, offer(radius_km="12.5").new.radius_km) == (200, 12.5)
    assert why_not(offer, per_week="51")[0] == "per_week"


def test_dates_in_the_wrong_order_are_refused() -> None:
    assert why_not(need, posted_at="2026-11-22", expires_at="2026-11-20") == ("expires_at", "is before posted_at")


def test_a_need_that_is_over_in_the_future_or_too_far_ahead_is_refused() -> None:
    assert why_not(need, posted_at="2026-11-01", expires_at="2026-11-20")[1] == "is past: this need is over"
    assert why_not(need, posted_at="2026-11-24") == ("posted_at", "lies in the future")
    assert why_not(need, expires_at="2027-06-01") == ("expires_at", "is more than 61 days ahead")
    assert why_not(need, posted_at="2019-01-01")[0] == "posted_at"
    assert why_not(need, posted_at="yesterday")[0] == "posted_at"


def test_the_by_when_is_a_day_before_the_expiry_and_fits_the_urgency() -> None:
    assert need(urgency="low", expires_at="2026-12-20").new.needed_by == datetime(2026, 12, 20, 5, tzinfo=UTC)
    far = need(urgency="urgent", expires_at="2026-12-20")
    assert (far.new.needed_by, far.expires_at) == (NOW + timedelta(hours=48), datetime(2026, 12, 21, 5, tzinfo=UTC))
    soon = need(urgency="medium", expires_at="2026-11-23T20:00Z")
    assert NOW < soon.new.needed_by < soon.expires_at == NOW + timedelta(hours=3)


@given(st.sampled_from(list(Urgency)), st.integers(1, 60 * 24), st.integers(0, 100))
def test_a_need_is_never_said_to_be_more_urgent_than_its_by_when(urgency: Urgency, ahead: int, ago: int) -> None:
    record = need(
        urgency=urgency, posted_at=(NOW - timedelta(hours=ago)).isoformat(), expires_at=(NOW + timedelta(hours=ahead)).isoformat()
    )  # fmt: skip
    assert NOW < record.new.needed_by < record.expires_at
    order = list(Urgency)
    assert order.index(urgency_of(NOW, record.new.needed_by)) <= order.index(urgency)


@given(st.integers(0, 59), st.integers(1, 10 * 24 * 60), st.sampled_from(["America/St_Johns", "America/Vancouver"]))
def test_the_quick_way_to_the_hours_gives_the_same_hours(minute: int, ahead: int, clock: str) -> None:
    now = NOW.replace(minute=minute)
    needed_by = now + timedelta(minutes=ahead)
    assert _hours(now, needed_by, clock) == until(now, needed_by, clock)


def test_a_week_or_more_is_any_time() -> None:
    assert need().new.hours == ANY_TIME
    assert need(urgency="urgent").new.hours != ANY_TIME


def test_too_long_a_note_is_refused_and_a_long_one_with_line_breaks_is_not() -> None:
    assert need(note="x\n" * 250).new.text.count("x") == 250
    assert why_not(need, note="x" * 501) == ("note", "is longer than 500 characters")
    assert why_not(offer, name="x" * 61)[0] == "name"


def test_a_contact_is_an_address_or_a_number() -> None:
    assert need(contact="(416) 555-0100").new.contact.kind is ContactKind.PHONE
    assert why_not(need, contact="knock at my door") == ("contact", "is neither an e-mail address nor a phone number")
    assert why_not(offer, contact="")[0] == "contact"


def test_a_need_without_contact_comes_in_only_with_consent() -> None:
    assert "--consent" in why_not(need, contact="")[1]
    assert need(consented=True, contact="").new.contact.kind is ContactKind.CODE


def test_a_ref_is_short_plain_and_no_address() -> None:
    assert why_not(need, ref="") == ("ref", "is empty")
    assert why_not(need, ref="x" * 101)[0] == "ref"
    assert "looks like an e-mail address" in why_not(need, ref="po@example.org")[1]


def test_bytes_that_are_no_utf_8_are_named_by_their_column() -> None:
    with pytest.raises(RecordError) as refused:
        cells_of(["ref", "note"], ["1", b"caf\xe9".decode("utf-8", "surrogateescape")])
    assert (refused.value.column, refused.value.reason) == ("note", "is not written in UTF-8")


def test_control_characters_and_missing_cells_are_refused() -> None:
    with pytest.raises(RecordError, match="control character"):
        cells_of(["ref", "note"], ["1", "a\x00b"])
    with pytest.raises(RecordError, match="3 cells, the header 2"):
        cells_of(["ref", "note"], ["1", "2", "3"])


def test_an_escaped_formula_is_itself_again() -> None:
    assert cells_of(["ref", "contact"], ["1", " '+14165550100"])["contact"] == "'+14165550100"
    assert cells_of(["ref", "contact"], ["1", "'+14165550100"])["contact"] == "+14165550100"


def test_a_row_that_cannot_be_taken_is_named_where_its_ref_can_be_read() -> None:
    assert readable_ref(["7", "\udc80"], ["ref", "note"]) == "7"
    assert readable_ref(["\udc80", "x"], ["ref", "note"]) == NOT_SHOWN
    assert readable_ref(["", "x"], ["ref", "note"]) == ""
    assert readable_ref([], ["ref", "note"]) == ""


def test_no_reason_repeats_what_a_cell_holds() -> None:
    for column in ("ref", "category", "place", "languages", "urgency", "helpers", "posted_at", "expires_at", "contact"):
        assert "Xyzzy" not in why_not(need, **{column: "Xyzzy@" * 40})[1]


@pytest.mark.parametrize(
    "ref",
    [
        "M5V 2T6", "m5v2t6", "koa 1bo", "row-M5V2T6", "Ｍ５Ｖ　２Ｔ６", "4165550199", "416-555-0199", "Ada 416-555-0199",
        "+33 1 23 45 67 89", "ada@example.org", "ada＠example.org", "43.65321 -79.38321",
    ],
)  # fmt: skip
def test_a_ref_that_leads_to_a_person_is_refused_and_written_nowhere(ref: str) -> None:
    column, reason = why_not(need, ref=ref)
    assert (column, ref in reason) == ("ref", False)
    assert readable_ref([ref, "x"], ["ref", "note"]) == NOT_SHOWN


@pytest.mark.parametrize(
    "ref", ["1", "2026-0417", "M5V", "east/14", "2b1c8e4a-6d0f-4a7b-9c3d-5e6f7a8b9c0d", "Ü-7", "1000000001", "A4"]
)
def test_a_number_or_a_name_of_ones_own_is_a_ref(ref: str) -> None:
    assert need(ref=ref).ref == ref


@pytest.mark.parametrize("note", ["I live at M5V 2T6, ring", "I live at M5V.2T6, ring", "I live at m 5 v 2 t 6, ring"])
def test_a_full_postal_code_in_a_note_is_cut(note: str) -> None:
    assert re.fullmatch("I live at M ?5 ?V, ring", need(note=note).new.text, re.IGNORECASE)
    assert "2" not in offer(name=note).name


def test_an_exact_position_in_a_note_or_a_name_is_refused() -> None:
    assert why_not(need, note="I live near 43.65321 -79.38321") == (
        "note", "holds an exact position: those are not taken, only areas",
    )  # fmt: skip
    assert why_not(offer, name="geo:43.6,-79.3")[0] == "name"


def test_characters_that_nobody_sees_are_left_out_of_a_row() -> None:
    cells = cells_of(["ref", "note", "name"], ["1\u200b", "a\u202eb", "\u200b\u3164"])
    assert cells == {"ref": "1", "note": "ab", "name": ""}
