"""Counts and hours stand in a sentence as its reader writes them."""

import pytest

from careweb import rendering

SENTENCE = "{% trans n=count %}One need is open{% pluralize %}{{ n }} needs are open{% endtrans %}. {% trans filled=count, wanted=2 %}{{ filled }} of {{ wanted }} found{% endtrans %}. {{ 21|hour }}"


@pytest.mark.parametrize(
    ("tag", "count", "shown"),
    [
        ("en", 1, "One need is open. 1 of 2 found. 9:00 p.m."),
        ("en", 12345, "12,345 needs are open. 12,345 of 2 found. 9:00 p.m."),
        ("fr", 12345, "12 345 demandes sont ouvertes. 12 345 sur 2. 21 h 00"),
        ("vi", 12345, "12.345 việc cần giúp đang mở. Tìm được 12.345 trên 2 người. 21:00"),
    ],
)
def test_a_count_is_written_as_its_reader_writes_it(tag: str, count: int, shown: str) -> None:
    for html in (False, True):
        page = rendering._environment(html=html).from_string(SENTENCE)
        said = page.render(interface=rendering.interfaces()[tag], count=count)
        assert said.split() == shown.split(), "blanks of a language may be narrow, or not break"


def test_what_a_person_wrote_is_escaped_in_a_sentence_and_not_in_plain_text() -> None:
    words = "{% trans name='<b>' %}For {{ name }}{% endtrans %}"
    said = [
        rendering._environment(html=html).from_string(words).render(rendering._about("en")) for html in (True, False)
    ]
    assert said == ["For &lt;b&gt;", "For <b>"]


@pytest.mark.parametrize(
    ("hour", "shown"), [("3:11 a.m.", "by 3:11 a.m."), ("21:00", "by 21:00."), ("<b> a.m.", "by &lt;b&gt; a.m.")]
)
def test_one_full_stop_ends_a_sentence_after_an_hour_too(hour: str, shown: str) -> None:
    words = "{% trans at=hour %}Somebody looks at it by {{ at }}.{% endtrans %}"
    said = rendering._environment(html=True).from_string(words).render(rendering._about("en") | {"hour": hour})
    assert said == f"Somebody looks at it {shown}"
