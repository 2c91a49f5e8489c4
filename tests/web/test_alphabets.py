"""Every translation is written as its language is, from its first letter to its last, and none stands in another's catalogue."""

from functools import cache

import pytest

from careweb import rendering
from tests.web.alphabets import MARKS, not_written_as, own_letters
from tools.catalogues import read_catalogue, said

OTHERS = [tag for tag in rendering.interfaces() if tag != rendering.SOURCE]
PAIRS = [(tag, other) for tag in OTHERS for other in rendering.interfaces() if other != tag]


@cache
def texts(tag: str) -> list[tuple[str, str]]:
    """Each with the English of it."""
    catalogue = read_catalogue("fr" if tag == rendering.SOURCE else tag)
    pairs = ((message.id, text) for message in catalogue if message.id for text in said(message))
    whole = [(source if isinstance(source, str) else source[-1], text) for source, text in pairs]
    return [(source, source) for source, _ in whole] if tag == rendering.SOURCE else whole


@pytest.mark.parametrize("tag", OTHERS)
def test_every_translation_is_written_as_its_language_is(tag: str) -> None:
    wrong = {text: why for _, text in texts(tag) if (why := not_written_as(tag, text))}
    assert wrong == {}
    assert [text for source, text in texts(tag) if own_letters(source) and not own_letters(text)] == []


@pytest.mark.parametrize(("tag", "other"), PAIRS)
def test_a_catalogue_in_the_place_of_another_is_refused_text_by_text(tag: str, other: str) -> None:
    """Not the shortest: two words of Persian may be two words of Urdu. A new language that fails here needs its own line in MARKS."""
    long = [text for _, text in texts(other) if len(own_letters(text)) >= (MARKS[tag].long if tag in MARKS else 1)]
    refused = [text for text in long if not_written_as(tag, text)]
    assert len(long) > 25
    assert len(refused) >= 0.98 * len(long)


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("hi", "मदद: someone will call you"), ("zh-Hant", "请看这里"), ("zh-Hans", "請看這裡"), ("zh-Hans", "ここを見てください"),
        ("ja", "我们请一位志愿者帮忙"), ("ja", "要求支援者全員確認"), ("fa", "ہم آپ کو بتائیں گے"), ("ar", "به شما می‌گوییم چه شد"),
        ("ur", "به شما می‌گوییم که چه شد و چرا"), ("fa", "سنخبرك بما حدث"), ("ug", "سنخبرك بما حدث إن شئت"), ("ar", "سىزگە خەۋەر قىلىمىز"),
        ("vi", "Nous vous écrirons bientôt"), ("fr", "Chúng tôi sẽ viết cho bạn"), ("fil", "Someone nearby would like to help you with this today"),
        ("fr", "Someone nearby would like to help you with this today"), ("ko", "누군가 도울 수 있어요 (someone)"), ("bo", "རོགས་རམ་ Ａ"),
    ],
)  # fmt: skip
def test_one_that_slipped_in_is_refused(tag: str, text: str) -> None:
    assert not_written_as(tag, text)


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("ko", "STOP을 보내면 careweb은 <b>%(name)s</b> 님께 쓰지 않아요"), ("ar", "للجواب: نعم = Y %(code)s، لا = N %(code)s."),
        ("ur", "ایک پاس کی (passkey)"), ("ja", "@name:example.org のような名前、または https://example.org/x"), ("zh-Hant", "有人陪您聊天或散步"),
    ],
)  # fmt: skip
def test_what_no_language_translates_may_stand_in_any(tag: str, text: str) -> None:
    assert not_written_as(tag, text) == ""
