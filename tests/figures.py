"""What a test measured: for docs/assurance.md and docs/accessibility.md, whose commands name the file."""

import json
import os
from pathlib import Path
from typing import Any


def tell(figures: str) -> None:
    file = os.environ.get("CAREWEB_FIGURES")
    if file:
        with Path(file).open("a", encoding="utf-8") as lines:
            lines.write(figures + "\n")


def record(kind: str, **figures: Any) -> None:
    """One line of JSON for docs/accessibility.md: `make pages` names the file."""
    file = os.environ.get("CAREWEB_PAGES")
    if file:
        with Path(file).open("a", encoding="utf-8") as lines:
            lines.write(json.dumps({"kind": kind, **figures}) + "\n")
