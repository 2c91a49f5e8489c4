"""A page that says it only reads does: it works on a database that takes no writing."""

from collections.abc import Iterator

import asyncpg
import pytest

from careweb.flows.signin import open_session
from careweb.storage.database import open_engine
from careweb.storage.logins import Login, address_for
from careweb.web.routes import ROUTES
from careweb.web.visits import Door
from tests import servers
from tests.web.site import Site, site_settings

READING = [route for route in ROUTES if isinstance(route, Door) and route.reads]


@pytest.fixture
def closed_to_writing(site: Site, postgres: str) -> Iterator[Site]:
    name = site.database.partition("?")[0].rpartition("/")[2]

    async def as_admin(command: str) -> None:
        admin = await asyncpg.connect(servers.database_url(postgres, "postgres"))
        try:
            await admin.execute(f"ALTER DATABASE {name} {command}")
        finally:
            await admin.close()

    site.call(lambda: as_admin("SET default_transaction_read_only = on"))
    usual, site.app.state.engine = (
        site.app.state.engine,
        open_engine(address_for(Login.WEB, site_settings(site.database), site.app.state.vault)),
    )
    yield site
    site.call(site.app.state.engine.dispose)
    site.app.state.engine = usual
    site.call(lambda: as_admin("RESET default_transaction_read_only"))


def test_every_page_that_reads_works_where_nothing_can_be_written(site: Site, request: pytest.FixtureRequest) -> None:
    need = site.posted(show_text=True)
    site.helper.see(site.asked(need)).send(answer="yes")
    session = site.run(lambda world: open_session(world.ctx, member_id=site.cast.coordinator, needs=[need]))
    request.getfixturevalue("closed_to_writing")
    assert len(READING) > 5
    for person in (site.person(session), site.person()):
        for route in READING:
            path = route.path.replace("{slug}", "east").replace("{need_id:uuid}", str(need))
            page = person.see(path)
            assert page.status in ((200,) if person.cookies.get("careweb-session") else (200, 404)), (path, page.text)


def test_a_page_that_writes_does_not_work_there(closed_to_writing: Site) -> None:
    form = closed_to_writing.person().see("/sign-in")
    assert form.send(contact="new@example.org").status == 500
