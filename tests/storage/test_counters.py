"""Counted by a keyed hash whose key lives a day: in Redis, and in this process while Redis is away."""

import asyncio
import time

import pytest
import redis

from careweb.storage.counters import Counters


async def test_processes_count_together_and_what_was_counted_names_nobody(redis_url: str) -> None:
    one, other = Counters(redis_url), Counters(redis_url)
    assert [await one.count("posts", "203.0.113.0/24"), await other.count("posts", "203.0.113.0/24")] == [1, 2]
    assert await one.count("posts", "203.0.114.0/24") == 1
    assert await one.count("codes", "203.0.113.0/24") == 1
    with redis.Redis.from_url(redis_url) as client:
        keys = client.keys()
        dump = b"".join([*keys, *(client.get(key) or b"" for key in keys)])
        assert b"203.0" not in dump
        assert all(0 < client.ttl(key) <= 86_400 for key in keys), "nothing is kept for longer than a day"
    await one.close()
    await other.close()


async def test_without_the_key_of_that_day_the_same_network_is_another(redis_url: str) -> None:
    counters = Counters(redis_url)
    await counters.count("posts", "203.0.113.0/24")
    with redis.Redis.from_url(redis_url) as client:
        client.delete("careweb:counters:salt")
    assert await counters.count("posts", "203.0.113.0/24") == 1
    await counters.close()


@pytest.mark.parametrize("url", ["", "redis://127.0.0.1:1/0"])
async def test_without_redis_this_process_counts_alone(url: str) -> None:
    counters = Counters(url)
    assert [await counters.count("posts", "203.0.113.0/24") for _ in range(3)] == [1, 2, 3]
    await counters.take_back("posts", "203.0.113.0/24")
    assert await counters.count("posts", "203.0.113.0/24") == 3
    await counters.take_back("posts", "203.0.113.0/24", all=True)
    assert [await counters.count("posts", "203.0.113.0/24"), await counters.count("posts", "")] == [1, 0]
    await counters.close()


async def test_a_redis_that_does_not_answer_holds_nobody_up_twice() -> None:
    """Frozen: it takes the connection and says nothing."""
    silent = await asyncio.start_server(lambda _reader, _writer: asyncio.sleep(3600), "127.0.0.1", 0)
    counters = Counters(f"redis://127.0.0.1:{silent.sockets[0].getsockname()[1]}/0")
    assert await asyncio.wait_for(counters.count("posts", "203.0.113.0/24"), 5) == 1
    started = time.perf_counter()
    for count in range(2, 50):
        assert await counters.count("posts", "203.0.113.0/24") == count
    assert time.perf_counter() - started < 2, "it was asked again each time"
    await counters.close()
    silent.close()


async def test_memory_for_counts_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("careweb.storage.counters._MOST", 100)
    counters = Counters("")
    for number in range(1000):
        await counters.count("posts", str(number))
    assert len(counters._here.counts) <= 101
