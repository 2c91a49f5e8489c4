"""A database with people in it, brought from an earlier version to this one, still finds who can help."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest_asyncio
from sqlalchemy.ext.asyncio import AsyncEngine

from careweb.storage.database import driver, open_engine, transaction
from careweb.storage.migrations import migrate, migration_files
from tests import servers
from tests.world import NOON

BEFORE = "0009_find_limits.sql"
PEOPLE = """
    INSERT INTO zone (code, kind, province, name_en, name_fr, centre, r50_km, r90_km, time_zone, residents)
    VALUES ('M1S', 'postal', 'ON', 'Agincourt', 'Agincourt', ST_Point(-79.28, 43.79), 1, 2, 'America/Toronto', 40000);
    INSERT INTO zone_near VALUES ('M1S', 'M1S', 0);
    INSERT INTO care_group (slug, name, area_code) VALUES ('east', 'East', 'M1S');
    INSERT INTO member (id, contact_index, contact_kind, sealed_contact, quiet_from, quiet_until, created_at)
    VALUES (gen_random_uuid(), 'x', 'email', 'x', 0, 0, now());
    INSERT INTO membership (group_id, member_id, state, created_at) SELECT g.id, m.id, 'admitted', now() FROM care_group g, member m;
    INSERT INTO offer (id, group_id, member_id, categories, languages, zone_code, radius_km, hours, created_at, updated_at)
    SELECT gen_random_uuid(), g.id, m.id, '{groceries}', '{yue}', 'M1S', 10, (1 << 28) - 1, now(), now() FROM care_group g, member m;
    INSERT INTO need (id, group_id, category, zone_code, languages, urgency, helpers, needed_by, hours, locale, contact_kind, posted_at, expires_at)
    SELECT gen_random_uuid(), id, 'groceries', 'M1S', '{yue}', 'urgent', 1, now() + interval '1 day', (1 << 28) - 1, 'en', 'code', now(), now() + interval '2 days'
    FROM care_group;
"""


@pytest_asyncio.fixture
async def earlier(postgres: str) -> AsyncIterator[AsyncEngine]:
    url = await servers.clone(postgres, "template0")
    engine = open_engine(url)
    await migrate(engine, [file for file in migration_files() if file.name <= BEFORE])
    yield engine
    await engine.dispose()
    await servers.drop(postgres, url)


async def test_who_offered_before_an_update_is_found_after_it(earlier: AsyncEngine) -> None:
    async with transaction(earlier) as tx:
        await (await driver(tx)).execute(PEOPLE)
    await migrate(earlier)
    async with transaction(earlier) as tx:
        found = await (await driver(tx)).fetch(
            "SELECT member_id FROM best_candidates(ARRAY(SELECT id FROM need), 5, 5, $1)", NOON + timedelta(days=9)
        )
        assert [row["member_id"] for row in found] == [await (await driver(tx)).fetchval("SELECT id FROM member")]
