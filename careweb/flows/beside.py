"""Work for the processor beside waiting for the database, one piece after the other."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Self

Aside = Callable[..., Awaitable[Any]]  # runs a function where it blocks nobody


class Beside:
    """Its errors come out as they are, where the next piece is begun or the last one awaited."""

    def __init__(self, aside: Aside) -> None:
        self._aside = aside
        self._task: asyncio.Task[Any] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._task:
            self._task.cancel()

    async def begin(self, function: Callable[..., Any], *values: Any) -> Any:
        """Once the piece before is done, whose result this is."""
        result = await self.done()
        self._task = asyncio.create_task(self._run(function, *values))
        return result

    async def done(self) -> Any:
        """None if nothing was begun."""
        if self._task is None:
            return None
        task, self._task = self._task, None
        return await task

    async def _run(self, function: Callable[..., Any], *values: Any) -> Any:
        return await self._aside(function, *values)
