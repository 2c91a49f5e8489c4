"""`python -m workers`: one worker process."""

import asyncio
import sys

import uvloop
from pydantic import ValidationError

from careweb.config import settings
from careweb.flows.starting import ErasedComeBackError, KeysMissingError
from workers.process import EvictingRedisError, work
from workers.records import configure_log, mishap


def main() -> int:
    configure_log()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(work(settings()))
    except ValidationError as error:  # its own text repeats what was set, which may be a password
        for wrong in error.errors():
            print(f"setting {wrong['loc'][0]}: {wrong['msg']}", file=sys.stderr)  # noqa: T201
        return 2
    except (EvictingRedisError, KeysMissingError, ErasedComeBackError) as error:
        print(type(error).__doc__, file=sys.stderr)  # noqa: T201
        return 2
    except Exception as error:
        mishap("worker ended", error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
