"""A page and a worker that wait for each other: the page tries again, and the person sees no error."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep

import asyncpg
import pytest

from tests.web.site import Site

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.fixture
def worker(site: Site) -> Iterator[asyncpg.Connection]:
    connection = site.call(lambda: asyncpg.connect(site.database))
    yield connection
    site.call(connection.close)


def test_a_page_that_meets_a_worker_the_other_way_around_tries_again(site: Site, worker: asyncpg.Connection) -> None:
    need = site.posted()
    page = site.coordinator.see(f"/staff/east/needs/{need}")
    site.call(lambda: worker.execute("BEGIN"))
    site.call(lambda: worker.execute(f"SELECT FROM promise WHERE subject = '{need}' FOR UPDATE"))
    with ThreadPoolExecutor(1) as thread:
        pressed = thread.submit(page.send, "/again")
        give_up = monotonic() + 20
        while not site.call(lambda: worker.fetchval(WAITING)):
            assert not pressed.done(), "the page did not wait for the worker"
            assert monotonic() < give_up
            sleep(0.02)
            site.call(lambda: worker.execute("SELECT pg_stat_clear_snapshot()"))  # a transaction looks once only
        site.call(lambda: worker.execute(f"SELECT FROM need WHERE id = '{need}' FOR UPDATE"))
        site.call(lambda: worker.execute("COMMIT"))
        assert pressed.result(20).status == 200
    assert "A new round of asking" in site.coordinator.see(f"/staff/east/needs/{need}").text
