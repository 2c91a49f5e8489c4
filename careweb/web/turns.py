"""Who comes next where there is room for a few only: one of each network in turn, so that a crowd holds up itself."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Turns:
    def __init__(self, at_once: int) -> None:
        self._free = at_once
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @asynccontextmanager
    async def of(self, network: str) -> AsyncIterator[None]:
        await self._take(network)
        try:
            yield
        finally:
            self._give()

    async def _take(self, network: str) -> None:
        if self._free:
            self._free -= 1
            return
        mine = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(network, deque()).append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():  # given at the very moment that they left
                self._give()
            raise

    def _give(self) -> None:
        """To the next network's first; that network then stands last."""
        while self._waiting:
            network, queue = self._waiting.popitem(last=False)
            with suppress(IndexError):
                while (first := queue.popleft()).done():
                    pass  # left meanwhile
                if queue:
                    self._waiting[network] = queue
                first.set_result(None)
                return
        self._free += 1
