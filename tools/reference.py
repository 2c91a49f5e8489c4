"""What docs/settings.md and docs/commands.md list, made from the code: `python -m tools.reference` writes them.

tests/docs/test_reference.py fails while a page and the code differ.
"""

import importlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from pydantic import SecretStr

from careweb.cli import COMMANDS
from careweb.config import Settings
from tools.seized import seized_table

DOCS = Path(__file__).parent.parent / "docs"
BEGIN, END = "<!-- made by tools/reference.py -->", "<!-- end -->"


def settings_table() -> str:
    lines = ["| setting | meaning | default |", "|---|---|---|"]
    for name, setting in Settings.model_fields.items():
        variable = setting.alias or f"CAREWEB_{name.upper()}"
        lines.append(f"| `{variable}` | {setting.description} | {_default(setting.default)} |")
    return "\n".join(lines)


def _default(value: Any) -> str:
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, timedelta):
        return f"`{_iso(value)}`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return "" if value in ("", None) else f"`{value}`"


def _iso(time: timedelta) -> str:
    """As a setting is written: ISO 8601, in the largest unit that divides it."""
    seconds = int(time.total_seconds())
    for size, before, after in ((86_400, "P", "D"), (3_600, "PT", "H"), (60, "PT", "M")):
        if seconds % size == 0:
            return f"{before}{seconds // size}{after}"
    return f"PT{seconds}S"


def commands_list() -> str:
    found: list[str] = []
    for name in sorted(COMMANDS):
        module, _, attribute = COMMANDS[name].partition(":")
        found += _entries(name, getattr(importlib.import_module(module), attribute))
    return "\n\n".join(found)


def _entries(name: str, command: click.Command) -> Iterator[str]:
    parts = command.commands if isinstance(command, click.Group) else {}
    if not isinstance(command, click.Group) or command.invoke_without_command:
        yield _entry(name, command)
    for part in sorted(parts):
        yield from _entries(f"{name} {part}", parts[part])


def _entry(name: str, command: click.Command) -> str:
    arguments = [one.human_readable_name for one in command.params if isinstance(one, click.Argument)]
    options = [_option(one) for one in command.params if isinstance(one, click.Option)]
    says = " ".join((command.help or "").split())
    return "\n".join(
        [f"### `{' '.join(['careweb', name, *arguments])}`", "", says, *([""] if options else []), *options]
    )


def _option(option: click.Option) -> str:
    written = "/".join([*option.opts, *option.secondary_opts])
    valueless = option.is_flag or option.secondary_opts
    value = "" if valueless else f" {(option.metavar or option.human_readable_name).upper()}"
    says = option.help or (str(option.prompt) if option.prompt else "")
    return f"- `{written}{value}`" + (f": {says}" if says else "")


TABLES = {"settings.md": settings_table, "commands.md": commands_list, "threat-model.md": seized_table}


def with_table(text: str, table: str) -> str:
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def main() -> None:
    for name, table in TABLES.items():
        page = DOCS / name
        page.write_text(with_table(page.read_text(encoding="utf-8"), table()), encoding="utf-8")


if __name__ == "__main__":
    main()
