"""Compiles the inner loops where numba is installed; without it the same loops run as they are, slowly.

Only modules that hold such loops import this, and only a solver process imports those: numba costs it 160 MB.
"""

from collections.abc import Callable
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

try:
    from numba import njit
except ImportError:  # the same answers, by the same code

    def compiled(function: Function) -> Function:
        return function

    fused = compiled
else:

    def compiled(function: Function) -> Function:
        fast: Function = njit(cache=True)(function)  # type: ignore[assignment]
        return fast

    def fused(function: Function) -> Function:
        """Into whoever calls it: handing over many arrays costs more than a small step does."""
        fast: Function = njit(cache=True, inline="always")(function)  # type: ignore[assignment]
        return fast
