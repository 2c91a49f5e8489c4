"""Compiles the inner loops where numba is installed; without it the same loops run as they are, slowly.

Only modules that hold such loops import this, and only a solver process imports those: numba costs it 160 MB.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


def own_cache(chosen: str, folder: Path) -> str:
    """A cache for each state of these files. numba compiles anew where a file changed, but not where it calls another
    file that did: after an update, old loops would go on inside those that call them."""
    sources = b"".join(file.read_bytes() for file in sorted(folder.glob("*.py")))
    return str(Path(chosen) / hashlib.sha256(sources).hexdigest()[:16]) if chosen else chosen


try:
    from numba import config, njit
except ImportError:  # the same answers, by the same code

    def compiled(function: Function) -> Function:
        return function

    fused = compiled
else:
    config.CACHE_DIR = own_cache(config.CACHE_DIR, Path(__file__).parent)  # type: ignore[attr-defined]

    def compiled(function: Function) -> Function:
        fast: Function = njit(cache=True)(function)  # type: ignore[assignment]
        return fast

    def fused(function: Function) -> Function:
        """Into whoever calls it: handing over many arrays costs more than a small step does."""
        fast: Function = njit(cache=True, inline="always")(function)  # type: ignore[assignment]
        return fast
