import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from careweb.flows.beside import Beside


async def in_a_thread(do: Callable[..., Any], *values: Any) -> Any:
    return await asyncio.to_thread(do, *values)


async def test_pieces_are_done_one_after_the_other_and_give_their_results() -> None:
    done: list[int] = []

    def piece(number: int) -> int:
        done.append(number)
        return number * number

    async with Beside(in_a_thread) as beside:
        assert [await beside.begin(piece, number) for number in range(4)] == [None, 0, 1, 4]
        assert await beside.done() == 9
        assert await beside.done() is None
    assert done == [0, 1, 2, 3]


async def test_an_error_comes_out_as_it_is() -> None:
    def fail() -> None:
        raise ConnectionResetError

    async def work() -> None:
        async with Beside(in_a_thread) as beside:
            await beside.begin(fail)
            await beside.done()

    with pytest.raises(ConnectionResetError):
        await work()


async def test_nothing_goes_on_when_the_one_who_waits_has_failed() -> None:
    forever = asyncio.Event()

    async def wait(_: Callable[..., Any]) -> None:
        await forever.wait()

    async def work() -> None:
        async with Beside(wait) as beside:
            await beside.begin(print)
            raise LookupError

    with pytest.raises(LookupError):
        await work()
    await asyncio.sleep(0)
    assert not [task for task in asyncio.all_tasks() if "Beside" in str(task.get_coro())]
