"""`python -m tests.faults.skewed SECONDS [solver]`: a worker whose machine's clock is that far off."""

import sys
import time
from datetime import datetime, timedelta, tzinfo


def main() -> int:
    seconds = float(sys.argv.pop(1))
    right = time.time
    time.time = lambda: right() + seconds

    class Skewed(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + timedelta(seconds=seconds)

    from workers import workshop

    workshop.datetime = Skewed  # type: ignore[attr-defined]
    from workers.__main__ import main as work

    return work()


if __name__ == "__main__":
    sys.exit(main())
