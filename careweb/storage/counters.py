"""How often today, of whom nobody can tell: a keyed hash is counted, and its key is thrown away after a day.

In Redis, shared by all web processes; where Redis is away, in this process alone. Nothing here is needed to serve anyone.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from redis.asyncio import Redis
from redis.exceptions import RedisError

_DAY = 86_400
_ANSWER_SECONDS = 0.5  # a page waits no longer for a figure it can do without
_LEFT_ALONE = 5.0  # seconds that a Redis is not asked after it did not answer
_MOST = 50_000  # in this process; when there are more, it begins anew
_SALT = "careweb:counters:salt"
_AWAY = (
    RedisError,
    OSError,
    TimeoutError,
    RuntimeError,
)  # RuntimeError: uvloop's, of a connection that was just closed


@dataclass
class _Here:
    """Of this process."""

    salt: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    since: float = field(default_factory=time.monotonic)
    counts: dict[bytes, int] = field(default_factory=dict)


class Counters:
    def __init__(self, url: str) -> None:
        """Without an address, in this process alone."""
        self._redis = (
            Redis.from_url(url, socket_timeout=_ANSWER_SECONDS, socket_connect_timeout=_ANSWER_SECONDS) if url else None
        )
        self._here = _Here()
        self._away_until = 0.0

    async def close(self) -> None:
        if self._redis:
            await self._redis.aclose()

    async def count(self, kind: str, value: str) -> int:
        """How often within a day, this time included. Nothing is no value."""
        if not value:
            return 0

        async def there(redis: Redis) -> int:
            key = self._key(await self._salt(redis), kind, value)
            async with redis.pipeline(transaction=False) as pipe:
                pipe.set(key, 0, ex=_DAY, nx=True)
                pipe.incr(key)
                return int((await pipe.execute())[1])

        def here() -> int:
            key = _keyed(self._fresh().salt, kind, value)
            self._here.counts[key] = self._here.counts.get(key, 0) + 1
            return self._here.counts[key]

        return await self._ask(there, here)

    async def take_back(self, kind: str, value: str, *, all: bool = False) -> None:
        """That time does not count after all, or none does."""

        async def there(redis: Redis) -> int:
            key = self._key(await self._salt(redis), kind, value)
            return int(await (redis.delete(key) if all else redis.decr(key)))

        def here() -> int:
            key = _keyed(self._here.salt, kind, value)
            left = 0 if all else self._here.counts.get(key, 0) - 1
            self._here.counts[key] = left
            return left

        if value:
            await self._ask(there, here)

    async def _ask(self, there: Callable[[Redis], Awaitable[int]], here: Callable[[], int]) -> int:
        if self._redis and time.monotonic() >= self._away_until:
            with suppress(*_AWAY):
                return await there(self._redis)
            self._away_until = time.monotonic() + _LEFT_ALONE
        return here()

    async def _salt(self, redis: Redis) -> bytes:
        """One for all processes, for a day from its first use; then what was counted by it can be tied to nothing."""
        await redis.set(_SALT, secrets.token_bytes(32), ex=_DAY, nx=True)
        return bytes(await redis.get(_SALT) or b"")

    def _key(self, salt: bytes, kind: str, value: str) -> str:
        return f"careweb:counters:{_keyed(salt, kind, value).hex()}"

    def _fresh(self) -> _Here:
        if time.monotonic() - self._here.since > _DAY or len(self._here.counts) > _MOST:
            self._here = _Here()
        return self._here


def _keyed(salt: bytes, kind: str, value: str) -> bytes:
    return hmac.digest(salt, f"{kind}:{value}".encode(), hashlib.sha256)[:16]
