"""Free text that leads to a person is warned about before it is saved, without a script, and never refused."""

import pytest

from careweb.domain.ids import MemberId, NeedId
from careweb.flows.asks import accept
from careweb.storage.sealing import key_of
from tests.web.site import Person, Seen, Site
from tests.web.test_asking import ask
from tests.world import VAULT, World

GIVES_AWAY = {
    "call me at 416 555 0123": "a phone number", "à 12, rue Saint-Denis": "a street address", "电话四一六五五五零一二三": "a phone number",
    "ਮੇਰਾ ਘਰ ੧੨੩ ਮੇਨ ਸਟਰੀਟ ਤੇ ਹੈ": "a street address", "مکان نمبر ۱۲": "a street address", "ایمیل: po@example.org": "an e-mail address",
    "12 Elm Street, po@example.org": "several things", "near M1S 2K3": "a whole postal code",
}  # fmt: skip


def count(site: Site) -> int:
    async def needs(world: World) -> int:
        return int(await world.one("SELECT count(*) FROM need"))

    return site.run(needs)


@pytest.mark.parametrize("text", GIVES_AWAY)
def test_it_comes_back_with_the_text_and_a_word_beside_the_field_and_nothing_is_saved(
    anyone: Person, site: Site, text: str
) -> None:
    before = count(site)
    page = ask(anyone, text=text)
    assert page.status == 422
    assert GIVES_AWAY[text] in page.errors["text"]
    shown = page.soup.select_one("#text").get_text()  # type: ignore[union-attr]
    assert shown in (text, "near M1S")
    assert "text-error" in str(page.soup.select_one("#text")["aria-describedby"])  # type: ignore[index]
    assert count(site) == before


def test_whoever_keeps_it_as_it_is_is_not_asked_again(anyone: Person, site: Site) -> None:
    warned = ask(anyone, text="ring 416 555 0199", name="Keeper")
    box = warned.soup.select_one('input[name="keep-text"]')
    assert box
    assert not box.has_attr("checked")
    other = warned.send(**{"keep-text": "yes", "name": ""})
    assert set(other.errors) == {"name"}, "the choice is remembered while something else is wrong"
    assert other.send(name="Keeper").soup.select_one("#code")


def test_whoever_takes_it_out_is_not_asked_again(anyone: Person) -> None:
    assert ask(anyone, text="ring 416 555 0188").send(text="ring twice").soup.select_one("#code")


def test_a_browser_cannot_say_that_something_was_cut(anyone: Person) -> None:
    assert ask(anyone, text="nothing of that kind", cut="text").soup.select_one("#code")


def test_a_note_to_one_of_two_helpers_comes_back_in_the_form_to_that_one(site: Site) -> None:
    need, helpers = site.run(_with_two)
    asker = site.asker_of(need)
    page = asker.see(f"/need/{need}")
    actions = [str(form["action"]) for form in page.soup.select('form[action$="/note"]')]
    assert len(actions) == 2
    warned = page.send(actions[1], note="I am at 12 Elm Street")
    assert warned.status == 422
    assert _note_form(warned) == actions[1]
    page = warned.send(actions[1], **{"keep-note": "yes"})
    assert "12 Elm Street" in page.text
    assert len(helpers) == 2


def _note_form(page: Seen) -> str:
    area = page.soup.select_one("#note")
    assert area
    return str(area.find_parent("form")["action"])  # type: ignore[index]


async def _with_two(world: World) -> tuple[NeedId, list[MemberId]]:
    group = await world.group("pair")
    helpers = [await world.helper(group, name=name) for name in ("Wing", "Mei")]
    need = await world.need(group, helpers=2)
    await world.match(need)
    for helper in helpers:
        await accept(world.ctx, await world.ask_of(need, helper), helper)
    return need, helpers


def test_the_helpers_own_note_and_a_coordinators_words_are_warned_about_too(site: Site) -> None:
    need = site.posted()
    helper = site.helper
    task = helper.see(site.asked(need)).send(answer="yes")
    assert "phone number" in task.send("/note", note="416 555 0123").errors["note"]
    closing = site.coordinator.see(f"/staff/east/needs/{need}").send("/close", reason="other", words="12 Elm Street")
    assert "street address" in closing.errors["words"]
    closed = closing.send("/close", **{"keep-words": "yes"})
    assert closed.status == 200
    assert "12 Elm Street" in closed.text


def test_what_is_kept_is_sealed(anyone: Person, site: Site) -> None:
    ask(anyone, text="ring 416 555 0177", name="Sealed").send(**{"keep-text": "yes"})

    async def last(world: World) -> str:
        (row,) = await world.rows("SELECT id, sealed_text FROM need ORDER BY posted_at DESC LIMIT 1")
        sealer = await key_of(world.tx, VAULT, "need", row["id"])
        return sealer.open("text", row["sealed_text"]) if sealer else ""

    assert site.run(last) == "ring 416 555 0177"
