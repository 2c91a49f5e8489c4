import pytest

from careweb.domain.contacts import Contact, ContactError, read_contact
from careweb.domain.states import ContactKind


@pytest.mark.parametrize("text", ["Mei@Example.ORG", "  mei@example.org ", "ｍｅｉ＠example.org"])
def test_an_address_is_always_written_the_same(text: str) -> None:
    assert read_contact(text) == Contact(ContactKind.EMAIL, "mei@example.org")


@pytest.mark.parametrize(
    "text",
    ["416-555-0142", "(416) 555 0142", "1 416 555 0142", "+1 416 555 0142", "٤١٦ ٥٥٥ ٠١٤٢", "４１６５５５０１４２"],
)
def test_a_number_is_always_written_the_same(text: str) -> None:
    assert read_contact(text) == Contact(ContactKind.PHONE, "+14165550142")


def test_a_number_abroad_keeps_its_country() -> None:
    assert read_contact("+852 2345 6789").address == "+85223456789"


@pytest.mark.parametrize(
    "text",
    ["", "mei", "mei@", "@example.org", "mei@example", "a b@example.org", "mei@example.org\nBcc: x@example.org", "12345",
     "116 555 0142", "0165550142", "+1", "+" + "1" * 16, "416-555-0142 ext 3", "x" * 250 + "@example.org", '"><script>@example.org'],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ContactError):
        read_contact(text)


def test_a_contact_does_not_show_itself_in_a_log() -> None:
    assert "mei" not in repr(read_contact("mei@example.org"))
