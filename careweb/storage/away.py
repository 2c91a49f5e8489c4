"""Tells "the database cannot be reached just now" from a mistake of ours."""

import asyncpg
from sqlalchemy.exc import DBAPIError, TimeoutError

_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    ConnectionError,
    FileNotFoundError,  # the Unix socket is gone
    TimeoutError,  # every connection of the pool is busy
)


def is_away(error: BaseException) -> bool:
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    if isinstance(error, asyncpg.InterfaceError):
        return "closed" in str(error)
    if isinstance(error, asyncpg.InternalClientError):  # the server has hung up, and the socket does not know it yet
        return "cannot switch to" in str(error)
    return isinstance(error, _AWAY) or (error.__cause__ is not None and is_away(error.__cause__))
