"""Mail that is refused, pages and jobs that crash with all they know in the message, a database that is not as it was."""

from uuid import UUID

from careweb.storage.database import driver, transaction
from tests.attacks.house import House
from tests.attacks.walk import Walk, Walker
from tests.workers.shop import fetch, until


async def mail_is_refused(house: House, walk: Walk, slug: str) -> None:
    mail = house.marks.address(f"{slug} helper")
    for reply in (f"550 5.1.1 <{mail}> {house.marks.mark('refusal')} unknown", f"451 4.3.0 {mail}: later"):
        house.smtp.refuse_next(reply)
        person = walk.person()
        person.fill(person.see("/sign-in"), contact=mail)
        await until(lambda: not house.smtp.refusals)


async def things_crash(
    house: House, walk: Walk, slug: str, staff: Walker, helper: Walker, asker: Walker, need: str
) -> None:
    form = walk.person().see("/sign-in")
    failed = _failed_jobs(house)
    house.flag.write_text("crash", encoding="utf-8")
    assert asker.see(f"/need/{need}").status == 500
    assert helper.see("/me").status == 500
    assert staff.see(f"/staff/{slug}/needs/{need}").status == 500
    walk.person().fill(form, contact=house.marks.address(f"{slug} asker"))
    await until(lambda: _failed_jobs(house) > failed)
    house.flag.write_text("crash all", encoding="utf-8")
    asks = {
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "x" * 24,
    }
    for headers in ({}, asks):
        answer = asker.get(f"/need/{need}", params={"q": house.marks.mark("query")}, headers=headers)
        assert (answer.status_code, answer.text) == (500, "500\n")
    house.flag.unlink()
    await _a_column_is_not_there(house, asker, need)
    await _somebody_tampers(house, asker, need)


def _failed_jobs(house: House) -> int:
    return (house.folder / "worker.log").read_text(encoding="utf-8").count('"job failed"')


async def _a_column_is_not_there(house: House, asker: Walker, need: str) -> None:
    change = asker.see(f"/need/{need}/change")
    async with transaction(house.engine) as tx:
        await (await driver(tx)).execute("ALTER TABLE need RENAME COLUMN sealed_text TO sealed_words")
    assert asker.fill(change, place="M1S", by="").status == 500
    async with transaction(house.engine) as tx:
        await (await driver(tx)).execute("ALTER TABLE need RENAME COLUMN sealed_words TO sealed_text")


async def _somebody_tampers(house: House, asker: Walker, need: str) -> None:
    change = "UPDATE need SET sealed_text = $2 WHERE id = $1"
    kept = (await fetch(house.engine, "SELECT sealed_text FROM need WHERE id = $1", UUID(need)))[0]["sealed_text"]
    await fetch(house.engine, change, UUID(need), kept[:-1] + bytes([kept[-1] ^ 1]))
    assert asker.see(f"/need/{need}").status == 500
    await fetch(house.engine, change, UUID(need), kept)
