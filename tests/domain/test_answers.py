"""What somebody texts back, in their own language and with their own thumb."""

import pytest

from careweb.domain.answers import Said, read_answer
from careweb.rendering import interfaces, stop_words

STOPS = {
    "en": "STOP", "fr": "ARRET", "zh-Hant": "停止", "zh-Hans": "退订", "pa": "ਰੋਕੋ", "fil": "Itigil", "vi": "Dừng", "ko": "중지", "hi": "रोकें",
    "ur": "روکیں", "fa": "لغو", "ar": "إيقاف", "ta": "நிறுத்து", "ja": "停止", "bo": "མཚམས་འཇོག", "ug": "توختا",
}  # fmt: skip


@pytest.mark.parametrize("language", STOPS)
@pytest.mark.parametrize("written", ["{}", " {} ", "{}.", "{}!", "“{}”", "{}\n", "\u200f{}\u200f"])
def test_stop_is_understood_in_every_language(language: str, written: str) -> None:
    assert read_answer(written.format(STOPS[language]), stop_words()).said is Said.STOP


@pytest.mark.parametrize("tag", interfaces())
def test_every_language_of_the_pages_has_words_for_stop(tag: str) -> None:
    words = interfaces()[tag].stop
    assert words
    assert [word for word in words if read_answer(word, stop_words()).said is not Said.STOP] == []


@pytest.mark.parametrize(
    "text", ["stop", "Stop", "arrêt", "ARRÊT", "Arrêter", "STOPALL", "unsubscribe", "ｓｔｏｐ", "STOP།"]
)
def test_stop_is_understood_however_it_is_written(text: str) -> None:
    assert read_answer(text, stop_words()).said is Said.STOP


@pytest.mark.parametrize(
    "text", ["I will stop by at five", "stop me if you can", "don't stop", "stop 4821", "", "   ", "!!!"]
)
def test_a_sentence_is_no_stop(text: str) -> None:
    assert read_answer(text, stop_words()).said is Said.UNCLEAR


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Y 4821", Said.YES), ("y4821", Said.YES), ("Yes 4821", Said.YES), ("Oui: 4821", Said.YES), ("O 4821", Said.YES), ("Y 48 21", Said.YES),
        ("Y-4821.", Said.YES), ("Ｙ　４８２１", Said.YES), ("y ٤٨٢١", Said.YES), ("N 4821", Said.NO), ("no 4821", Said.NO), ("NON 4821!", Said.NO),
    ],
)  # fmt: skip
def test_yes_and_no_come_with_the_code(text: str, said: Said) -> None:
    written = read_answer(text, stop_words())
    assert (written.said, written.code) == (said, "4821")


@pytest.mark.parametrize(
    "text",
    [
        "Y",
        "4821",
        "Y 482",
        "Y 48215",
        "maybe 4821",
        "Y N 4821",
        "Y 4821 and N 1234",
        "Y 4821 thanks",
        "y\n4821\nplease",
    ],
)
def test_what_is_not_clear_is_no_answer(text: str) -> None:
    assert read_answer(text, stop_words()).said is Said.UNCLEAR
