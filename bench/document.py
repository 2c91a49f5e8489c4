"""docs/benchmarks.md: one section a part, each written anew by its own run and telling which run that was."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from careweb import paths

PAGE = paths.ROOT / "docs" / "benchmarks.md"
_HEAD = """# Benchmarks

Each part is written by the command it names; its ratios come from one run.
"""


def section(*, command: str, took: float, about: Mapping[str, str], text: str) -> str:
    """`text` begins with its own `##` heading; what was run where comes under it."""
    heading, _, body = text.partition("\n")
    facts = "\n".join(f"- {name}: {value}" for name, value in about.items())
    written = f"Written by `{command}` on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC; the run took {took:.0f} s."
    return f"{heading}\n\n{written}\n\n{facts}\n\n{body.strip()}\n"


def write(name: str, text: str, page: Path = PAGE) -> None:
    """Replaces the section of this name, or adds it at the end."""
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->\n"
    whole = page.read_text(encoding="utf-8") if page.exists() else _HEAD
    fresh = begin + text.rstrip("\n") + "\n" + end
    found = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    whole = found.sub(lambda _: fresh, whole) if found.search(whole) else whole.rstrip("\n") + "\n\n" + fresh
    page.write_text(whole, encoding="utf-8")
