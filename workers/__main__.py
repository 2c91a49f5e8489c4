"""`python -m workers`: one worker process; `python -m workers solver`: one that solves markets."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import uvloop
from pydantic import ValidationError

from careweb.config import Settings, settings
from careweb.flows.starting import ErasedComeBackError, KeysMissingError
from careweb.journal import configure_log, say_why_not
from workers.process import EvictingRedisError, work
from workers.records import mishap


def main() -> int:
    configure_log()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_process()(settings()))
    except ValidationError as error:  # its own text repeats what was set, which may be a password
        for wrong in error.errors():
            print(f"setting {wrong['loc'][0]}: {wrong['msg']}", file=sys.stderr)  # noqa: T201
        return 2
    except (EvictingRedisError, KeysMissingError, ErasedComeBackError) as error:
        say_why_not(error)
        return 2
    except Exception as error:
        mishap("worker ended", error)
        return 1
    return 0


def _process() -> Callable[[Settings], Coroutine[Any, Any, None]]:
    if sys.argv[1:] != ["solver"]:
        return work
    from workers.solver import solve  # here, so that no other process has what a solve needs in memory

    return solve


if __name__ == "__main__":
    sys.exit(main())
