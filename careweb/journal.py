"""The one way to the log: a field that is not on this list, or does not look as it must, is not written."""

import logging
import re
import sys
import traceback
from collections.abc import Callable, Mapping, MutableMapping
from pathlib import Path
from typing import Any

import structlog

from careweb import paths

log = structlog.get_logger("careweb")
_FRAMES = 12
Fits = Callable[[Any], bool]


def _pattern(pattern: str) -> Fits:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII) is not None


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_PLACE = _pattern(r"[\w./-]{1,120}:\d{1,6} [\w<>.]{1,80}")


def _places(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= _FRAMES and all(map(_PLACE, value))


FIELDS: Mapping[str, Fits] = {
    "event": _pattern(r"[a-z ]{1,60}"),
    "level": _pattern(r"[a-z]{1,10}"),
    "timestamp": _pattern(r"[\d:.TZ-]{20,30}"),
    "route": _pattern(r"none|/[a-zA-Z_./{}:-]{0,80}"),  # a template has no digit; an address of anything of ours has
    "method": _pattern(r"GET|HEAD|POST|other"),
    "status": _number,
    "ms": _number,
    "reference": _pattern(r"[0-9a-f]{8}"),
    "error": _pattern(r"[A-Za-z_][A-Za-z_0-9]{0,59}"),  # what kind, never its message
    "at": _places,
    "job": _pattern(r"[a-z_]{1,40}"),  # by name, never what it is about
    "outcome": _pattern(r"[a-z_]{1,20}"),
    "count": _number,
    "port": _number,
}


def only_allowed(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: value for key, value in event.items() if key in FIELDS and FIELDS[key](value)}


def configure_log() -> None:
    """One JSON line an event. Libraries' own loggers are silent: they print arguments and servers' words."""
    logging.getLogger().handlers = [logging.NullHandler()]
    logging.getLogger("arq").setLevel(logging.CRITICAL)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            only_allowed,
            structlog.processors.JSONRenderer(),
        ],
        cache_logger_on_first_use=True,
    )


class Foreign(logging.Handler):
    """Of what a library writes only the kind of an error and where it was: its words hold addresses and messages."""

    def emit(self, record: logging.LogRecord) -> None:
        if error := record.exc_info and record.exc_info[1]:
            log.error("server", error=type(error).__name__, at=places(error))


def say_why_not(error: Exception) -> None:
    """To whoever starts a process that refuses to: what this kind of error means in our words."""
    print(type(error).__doc__, file=sys.stderr)  # noqa: T201


def places(error: BaseException) -> list[str]:
    """Where it happened, file and line; never the message, which may hold what somebody typed."""
    return [
        f"{_short(frame.filename)}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    ]


def _short(filename: str) -> str:
    path = Path(filename)
    return str(path.relative_to(paths.ROOT)) if path.is_relative_to(paths.ROOT) else path.name
