"""Which templates pages are drawn from, so that a list of pages can be held against all there are."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pkgutil import resolve_name
from typing import Any
from unittest.mock import patch

Drawn = tuple[str, str]  # a template, and which of its pages, where it says by a word what it is about


@contextmanager
def drawing() -> Iterator[list[Drawn]]:
    """What the sites of this process answer with meanwhile."""
    seen: list[Drawn] = []

    def noting(real: Callable[..., Any]) -> Callable[..., Any]:
        def told(first: Any, name: str, *more: Any, **context: Any) -> Any:
            seen.append((name, str(context.get("kind") or context.get("asked") or "") if name in OF_SEVERAL else ""))
            return real(first, name, *more, **context)

        return told

    def noted(name: str) -> Any:
        return patch(name, noting(resolve_name(name)))

    # the second: the form that is drawn once and kept
    with noted("careweb.web.pages.drawn"), noted("careweb.web.asking.answer"), noted("careweb.web.away.render_html"):
        yield seen


OF_SEVERAL = {  # a template of several pages, and what the last of them is called, which it need not say
    "error.html": "unexpected",
    "places/where.html": "wider",
    "signin/link.html": "sign_in",
}
