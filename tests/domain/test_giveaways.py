"""Telephone numbers, e-mail addresses, street addresses and postal codes in free text, in six languages."""

import time

import pytest

from careweb.domain.giveaways import Giveaway, giveaways

PHONES = [
    "call 416-555-0123", "416 555 0123 after six", "(416) 555-0123", "416.555.0123", "+1 416 555 0123", "4165550123", "555-0123",
    "appelez le 514 555-0199", "au 1-800-555-0199", "tél. 06 12 34 56 78",
    "电话 416-555-0123", "手机13800138000", "我的電話：４１６　５５５　０１２３", "打四一六五五五零一二三",
    "ਫ਼ੋਨ ੪੧੬-੫੫੫-੦੧੨੩", "ਮੈਨੂੰ 98765 43210 ਤੇ ਫ਼ੋਨ ਕਰੋ",
    "فون ۰۳۰۰ ۱۲۳۴۵۶۷", "مجھے 416-555-0123 پر کال کریں",
    "تلفن ۰۹۱۲ ۱۲۳ ۴۵۶۷", "به ۴۱۶۵۵۵۰۱۲۳ زنگ بزنید", "٤١٦ ٥٥٥ ٠١٢٣",
]  # fmt: skip
EMAILS = [
    "po@example.org", "write to Po.Lee+1@mail.example.ca.", "po＠example．org", "po (at) example.org", "po [at] example dot org",
    "po arobase exemple point ca", "邮箱po@example.org", "ਈਮੇਲ po@example.org", "ای میل po@example.org ہے", "ایمیل:po@example.org",
]  # fmt: skip
ADDRESSES = [
    "I live at 123 Main Street", "12 Elm St.", "100-25 King St W", "45 4th Avenue", "apt 1204, ring twice", "buzzer 0412", "7 Old Mill Rd",
    "123 rue Saint-Denis", "au 1234, boul. René-Lévesque", "12 bis, avenue du Parc", "5 place d'Armes", "appartement 12", "45, chemin du Lac",
    "央街123号", "登打士街 500 號", "士巴丹拿道１２３号", "住在十二号 3单元", "123 Yonge街", "皇后街西五百號", "302室",
    "੧੨੩ ਮੇਨ ਸਟਰੀਟ", "ਮਕਾਨ ਨੰਬਰ 12", "45 ਕਿੰਗ ਰੋਡ", "ਗਲੀ ਨੰਬਰ ੫",
    "۱۲۳ مین اسٹریٹ", "مکان نمبر ۱۲", "گلی نمبر 5", "۴۵ کنگ روڈ",
    "خیابان یانگ، پلاک ۱۲", "پلاک ۱۲۳", "کوچه بهار شماره ۵", "بلوار ولیعصر ۴۵", "واحد ۵",
]  # fmt: skip
POSTALS = ["M1S 2B3", "m1s2b3", "code postal H2X-1Y4", "邮编 Ｍ１Ｓ２Ｂ３", "ਪੋਸਟਲ ਕੋਡ M1S 2B3", "کد پستی M۱S ۲B۳"]
HARMLESS = [
    "", "Rice and greens for 4 people", "between 10:30 and 11:45", "2026-03-01, 2026-03-05", "$45.50 and $60.00, or 1,500", "20° outside",
    "an appointment at 10 with Dr Singh", "2 bags, 3 boxes to my place", "a 20 minute drive", "5 St Joseph nurses know me", "on the street",
    "M1S is fine", "3 places dans la voiture", "2 cours d'anglais", "une heure de route", "vers 14 h 30", "le 12 mars 2026",
    "我知道3点可以", "坐1号线", "88路公交车", "走3条街就到", "一条街外", "三十一个人", "1号下午三点",
    "੪ ਲੋਕਾਂ ਲਈ ਰੋਟੀ", "ਸੋਮਵਾਰ 10 ਵਜੇ", "۴ افراد کے لیے کھانا", "پیر ۱۰ بجے", "برای ۴ نفر غذا", "ساعت ۱۰ صبح", "۲۰۲۶/۰۳/۰۱",
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (text, kind)
        for kind, texts in zip(Giveaway, (ADDRESSES, PHONES, EMAILS, POSTALS), strict=True)
        for text in texts
    ],
)
def test_what_leads_to_a_person_is_seen_in_every_script(text: str, kind: Giveaway) -> None:
    assert kind in giveaways(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_days_prices_hours_and_counts_give_nobody_away(text: str) -> None:
    assert giveaways(text) == ()


def test_several_are_named_each_once_the_address_first() -> None:
    text = "12 Elm Street, 416 555 0123, 647 555 0123, po@example.org"
    assert giveaways(text) == (Giveaway.ADDRESS, Giveaway.PHONE, Giveaway.EMAIL)


@pytest.mark.parametrize("piece", ["1 ", "12 a ", "a@", "po at ", "街1", "ਗਲੀ ", "خیابان ", "四一 ", "5 x x x x "])
def test_a_long_text_takes_no_time(piece: str) -> None:
    begin = time.process_time()
    giveaways((piece * 16000)[:16000])
    assert time.process_time() - begin < 1
