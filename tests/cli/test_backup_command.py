"""`careweb backup`, `restore` and `erased`: nothing is lost, and whoever was erased stays erased."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from careweb.config import Settings
from careweb.domain.contacts import read_contact
from careweb.flows.asks import accept
from careweb.flows.erasing import drop_old_copies, list_erased
from careweb.flows.following import follow
from careweb.flows.forgetting import forget_need
from careweb.flows.members import forget_member
from careweb.flows.starting import ErasedComeBackError, refuse_unfit
from careweb.storage.database import open_engine, transaction
from careweb.storage.sealing import key_of
from tests import servers
from tests.cli.conftest import Careweb
from tests.world import VAULT, World

NOBODY = UUID(int=0)
# What must be true of any database of ours, however it came to be.
BROKEN = {
    "a slot with two winners": "SELECT count(*) FROM (SELECT FROM match WHERE state <> 'fell_through' GROUP BY need_id, slot HAVING count(*) > 1) two",
    "a count of slots that is not that of matches": "SELECT count(*) FROM need n WHERE filled <> (SELECT count(*) FROM match m WHERE m.need_id = n.id AND m.state <> 'fell_through')",
    "somebody over their week": "SELECT count(*) FROM member WHERE cardinality(task_times) > per_week",
    "two asks with one person": "SELECT count(*) FROM (SELECT FROM ask WHERE state IN ('planned', 'sent') GROUP BY member_id, urgent HAVING count(*) > 1) two",
    "sealed words without a key": "SELECT count(*) FROM need n WHERE sealed_contact IS NOT NULL AND NOT EXISTS (SELECT FROM data_key k WHERE k.record = 'need' AND k.id = n.id)",
    "an open need that no job looks at": "SELECT count(*) FROM need n WHERE state = 'open' AND exhausted_at IS NULL AND NOT EXISTS (SELECT FROM promise p WHERE p.subject = n.id)",
}  # fmt: skip


@asynccontextmanager
async def world_on(url: str, state: Path) -> AsyncIterator[World]:
    engine = open_engine(url, pool_size=1)
    settings = Settings.model_validate({"state": state})
    async with transaction(engine) as tx:
        yield World(tx=tx, now=datetime.now(UTC), settings=settings)
    await engine.dispose()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def private_key(careweb: Careweb, tmp_path: Path) -> tuple[Path, str]:
    """The private half, and the setting with the public one."""
    file = tmp_path / "elsewhere" / "careweb.key"
    file.parent.mkdir()
    made = careweb("backup", "new-key", str(file))
    assert made.exit_code == 0, made.stderr
    return file, made.stdout.strip().partition("=")[2]


async def _empty(postgres: str) -> str:
    return await servers.clone(postgres, "template0")


async def _counts(world: World) -> dict[str, int]:
    tables = ("need", "member", "offer", "ask", "match", "need_event", "notice", "data_key", "promise", "zone")
    return {table: await world.one(f"SELECT count(*) FROM {table}") for table in tables}  # noqa: S608


async def test_a_copy_comes_back_whole_and_whoever_was_erased_since_does_not(
    careweb: Careweb, database: str, postgres: str, state: Path, private_key: tuple[Path, str]
) -> None:
    key, public = private_key
    async with world_on(database, state) as world:
        group = await world.one("SELECT id FROM care_group")
        stays, goes = await world.helper(group, name="Wing"), await world.helper(group, name="Mei")
        agreed, private = await world.need(group), await world.need(group, text="nobody may know")
        await world.match(agreed)
        await accept(world.ctx, await world.ask_of(agreed, stays), stays)
        await world.match(private)
        before = await _counts(world)

    kept = careweb("backup", CAREWEB_BACKUP_TO=public)
    assert kept.exit_code == 0, kept.stderr
    (copy,) = (state / "backups").iterdir()
    assert copy.stat().st_mode & 0o777 == 0o600
    assert copy.read_bytes().startswith(b"age-encryption.org/v1")
    assert b"Scarborough" not in copy.read_bytes(), "not even what is readable in the database"

    async with world_on(database, state) as world:
        await forget_member(world.ctx, goes)
        await forget_need(world.ctx, private)
        await list_erased(world.ctx, NOBODY)

    other = await _empty(postgres)
    restored = careweb("restore", str(copy), "--key", str(key), DATABASE_URL=other)
    assert restored.exit_code == 0, restored.stderr
    assert "2 were erased again" in restored.stdout
    async with world_on(other, state) as world:
        assert {what: await world.one(query) for what, query in BROKEN.items()} == dict.fromkeys(BROKEN, 0)
        assert (await follow(world.ctx, agreed)).text == "Rice and greens"
        assert await world.one("SELECT sealed_text IS NULL AND purged_at IS NOT NULL FROM need WHERE id = $1", private)
        assert await world.one("SELECT sealed_name IS NULL AND sealed_contact IS NULL FROM member WHERE id = $1", goes)
        assert await key_of(world.tx, VAULT, "member", goes) is None
        assert await key_of(world.tx, VAULT, "need", private) is None
        after = await _counts(world)
        fresh = await world.need(group)
        await world.match(fresh)
        assert await world.asked(fresh) == {stays}, "and it works on"
    unchanged = ("need", "member", "offer", "ask", "match", "zone")
    assert {table: after[table] for table in unchanged} == {table: before[table] for table in unchanged}
    assert after["data_key"] == before["data_key"] - 2
    await servers.drop(postgres, other)


async def test_a_copy_put_in_place_by_other_means_does_not_start_before_the_erased_are_erased_again(
    careweb: Careweb, database: str, postgres: str, state: Path
) -> None:
    async with world_on(database, state) as world:
        gone = await world.helper(await world.one("SELECT id FROM care_group"))
    older = await servers.clone(postgres, database.partition("?")[0].rpartition("/")[2])
    async with world_on(database, state) as world:
        await forget_member(world.ctx, gone)
        await list_erased(world.ctx, NOBODY)
    settings = Settings.model_validate({"state": state})
    engine, still = open_engine(older, pool_size=1), open_engine(database, pool_size=1)
    await refuse_unfit(still, VAULT, settings)
    with pytest.raises(ErasedComeBackError, match="careweb erased"):
        await refuse_unfit(engine, VAULT, settings)
    told = careweb("erased", DATABASE_URL=older)
    assert (told.exit_code, told.stdout) == (0, "1 were erased again\n")
    assert careweb("erased", DATABASE_URL=older).stdout == "0 were erased again\n"
    await refuse_unfit(engine, VAULT, settings)
    async with world_on(older, state) as world:
        assert await key_of(world.tx, VAULT, "member", gone) is None
    await engine.dispose()
    await still.dispose()
    await servers.drop(postgres, older)


async def test_the_list_of_another_machine_counts_too_and_says_nothing_of_anyone(
    careweb: Careweb, database: str, postgres: str, state: Path, tmp_path: Path
) -> None:
    async with world_on(database, state) as world:
        gone = await world.helper(await world.one("SELECT id FROM care_group"), address="gone@example.org")
    assert careweb("update").exit_code == 0
    older = await servers.clone(postgres, database.partition("?")[0].rpartition("/")[2])
    async with world_on(database, state) as world:
        await forget_member(world.ctx, gone)
        await list_erased(world.ctx, NOBODY)
        index = VAULT.contact_index(read_contact("gone@example.org"))
    shutil.move(state / "erased", tmp_path / "copied")
    (file,) = (tmp_path / "copied").iterdir()
    assert (file.stat().st_mode & 0o777, file.read_text()) == (0o600, f"{VAULT.tombstone('member', gone).hex()}\n")
    assert str(gone) not in file.read_text()
    assert index.hex() not in file.read_text()
    told = careweb("erased", "--erased", str(tmp_path / "copied"), DATABASE_URL=older)
    assert told.stdout == "1 were erased again\n"
    await servers.drop(postgres, older)


async def test_what_cannot_be_restored_is_refused_before_anything_happens(
    careweb: Careweb, database: str, postgres: str, state: Path, private_key: tuple[Path, str], tmp_path: Path
) -> None:
    key, public = private_key
    assert "CAREWEB_BACKUP_TO" in careweb("backup").stderr, "never in clear"
    assert careweb("backup", CAREWEB_BACKUP_TO="age1nonsense").exit_code == 1
    assert careweb("backup", CAREWEB_BACKUP_TO=public).exit_code == 0
    (copy,) = (state / "backups").iterdir()
    other, another_key = await _empty(postgres), tmp_path / "another.key"
    assert careweb("backup", "new-key", str(another_key)).exit_code == 0
    assert careweb("backup", "new-key", str(another_key)).exit_code == 1, "it would lose the copies it opens"

    wrong = careweb("restore", str(copy), "--key", str(another_key), DATABASE_URL=other)
    assert (wrong.exit_code, "not encrypted to that key" in wrong.stderr) == (1, True)
    full = careweb("restore", str(copy), "--key", str(key), DATABASE_URL=database)
    assert (full.exit_code, "not empty" in full.stderr) == (1, True), full.stderr
    old = careweb("restore", str(copy), "--key", str(key), DATABASE_URL=other, CAREWEB_BACKUPS_KEPT="PT0S")
    assert (old.exit_code, "who was erased since" in old.stderr) == (1, True)
    cut = tmp_path / "cut.dump.age"
    cut.write_bytes(copy.read_bytes()[:-1000])
    damaged = careweb("restore", str(cut), "--key", str(key), DATABASE_URL=other)
    assert (damaged.exit_code, "damaged" in damaged.stderr) == (1, True)
    async with world_on(other, state) as world:
        assert await world.one("SELECT to_regclass('migration') IS NULL"), "half a copy is none"
    await servers.drop(postgres, other)


async def test_copies_are_deleted_after_thirty_days_and_marks_once_no_copy_needs_them(
    database: str, careweb: Careweb, state: Path
) -> None:
    async with world_on(database, state) as world:
        group, taken = await world.one("SELECT id FROM care_group"), world.now
        copies = state / "backups"
        copies.mkdir(parents=True)
        for name in (f"{taken:%Y%m%dT%H%M%S}.dump.age", f"{taken - timedelta(days=1):%Y%m%dT%H%M%S}.dump", "notes.txt"):
            (copies / name).touch()
        await forget_member(world.ctx, await world.helper(group))
        await list_erased(world.ctx, NOBODY)

        async def left(**later: float) -> tuple[int, int, int]:
            world.now = taken + timedelta(**later)
            await drop_old_copies(world.ctx, NOBODY)
            marks = await world.one("SELECT count(*) FROM tombstone")
            return len(list(copies.iterdir())), len(list((state / "erased").iterdir())), marks

        assert await left(days=28.9) == (3, 1, 1)
        assert await left(days=29.1) == (2, 1, 1)
        assert await left(days=30.1) == (1, 1, 1), "what is not a copy of ours is left alone"
        assert await left(days=38) == (1, 0, 0)


async def test_a_list_that_was_lost_is_written_again_and_one_too_old_stops_no_start(
    database: str, careweb: Careweb, state: Path
) -> None:
    async with world_on(database, state) as world:
        group = await world.one("SELECT id FROM care_group")
        for _ in range(2):
            await forget_member(world.ctx, await world.helper(group))
        await list_erased(world.ctx, NOBODY)
        (file,) = (state / "erased").iterdir()
        before = sorted(file.read_text().split())
        await list_erased(world.ctx, NOBODY)
        assert sorted(file.read_text().split()) == before, "what is on the list is not written again"
        shutil.rmtree(state / "erased")
        await list_erased(world.ctx, NOBODY)
        assert sorted(file.read_text().split()) == before
    engine, settings = open_engine(database, pool_size=1), Settings.model_validate({"state": state})
    other = state / "erased" / f"{datetime.now(UTC).date() - timedelta(days=60)}"
    other.write_text("ab" * 32 + "\n")  # of another worker's machine, where nobody deleted it
    await refuse_unfit(engine, VAULT, settings)
    await engine.dispose()
