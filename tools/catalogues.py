"""`make catalogues`: every string of the source into every catalogue of locale/languages.toml, and what is gone out of it.

The table of languages in docs/translating.md is written too. A string that is new stands there with an empty translation, and is shown in English until somebody fills it in. One line a
string and no line numbers, so that a change of the code changes no catalogue.
"""

import io
import sys
from collections.abc import Mapping
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po
from babel.plural import to_gettext

from careweb import paths
from careweb.rendering import SOURCE, Interface, interfaces

_KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None}
_MOST_FILES = 3
# What tools want to know; no names, no dates: they would change with every run.
_HEAD = """{comment}
msgid ""
msgstr ""
"Language: {tag}\\n"
"Plural-Forms: {plurals}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""

_TABLE_HEAD = "| language | file | read through |\n|---|---|---|"
UNSIGNED = "awaits a speaker"

Key = str | tuple[str, ...]


def strings_of_the_source() -> Mapping[Key, list[str]]:
    """Each with the files it stands in."""
    with (paths.LOCALE / "babel.cfg").open() as file:
        mapping, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    found: dict[Key, list[str]] = {}
    for name, _, message, _, _ in extract_from_dir(paths.ROOT, mapping, options, keywords=_KEYWORDS):
        if message:
            files = found.setdefault(message if isinstance(message, str) else tuple(message), [])
            if name not in files:
                files.append(name)
    return found


def path_of(tag: str) -> Path:
    return paths.LOCALE / tag.replace("-", "_") / "LC_MESSAGES" / "messages.po"


def read_catalogue(tag: str) -> Catalog:
    with path_of(tag).open("rb") as file:
        return read_po(file, locale=tag.replace("-", "_"))


def said(message: Message) -> list[str]:
    """The translation in each of its forms; empty texts where there is none."""
    return [message.string] if isinstance(message.string, str) else list(message.string or ("",))


def renew(one: Interface) -> str:
    """The catalogue there is, with exactly the strings of the source, in their order, and where each stands."""
    there = path_of(one.tag).exists()
    old = read_catalogue(one.tag) if there else Catalog(locale=_cldr(one.tag), header_comment=f"# {one.name}.")
    plurals = old.plural_forms if there else to_gettext(Locale.parse(_cldr(one.tag)).plural_form)
    new = Catalog(locale=_cldr(one.tag))
    new.mime_headers = [("Plural-Forms", plurals)]
    for message, files in strings_of_the_source().items():
        kept = old.get(message)
        locations = [(file, None) for file in files[:_MOST_FILES]]
        new.add(message, kept.string if kept else None, locations, user_comments=kept.user_comments if kept else ())  # type: ignore[arg-type]
    written = io.BytesIO()
    write_po(written, new, width=0, omit_header=True)
    head = _HEAD.format(comment=old.header_comment, tag=_cldr(one.tag), plurals=plurals.rstrip(";") + ";")
    return head + written.getvalue().decode().rstrip("\n") + "\n"


def _cldr(tag: str) -> str:
    return tag.replace("-", "_")


def table() -> str:
    """The languages, as docs/translating.md lists them."""
    rows = [_TABLE_HEAD]
    for one in interfaces().values():
        file = "the source" if one.tag == SOURCE else f"`{path_of(one.tag).relative_to(paths.LOCALE.parent)}`"
        rows.append(f"| {one.name} (`{one.tag}`) | {file} | {'—' if one.tag == SOURCE else one.reviewed or UNSIGNED} |")
    return "\n".join(rows) + "\n"


def with_table(text: str) -> str:
    """The guide, with the table as it is now in the place of the one it has."""
    head, _, rest = text.partition(_TABLE_HEAD)
    _, _, after = rest.partition("\n\n")
    return f"{head}{table()}\n{after}"


def main() -> int:
    guide = paths.ROOT / "docs" / "translating.md"
    guide.write_text(with_table(guide.read_text(encoding="utf-8")), encoding="utf-8")
    for one in interfaces().values():
        if one.tag != SOURCE:
            text = renew(one)
            path_of(one.tag).parent.mkdir(parents=True, exist_ok=True)
            path_of(one.tag).write_text(text, encoding="utf-8")
            missing = [message for message in read_catalogue(one.tag) if message.id and not all(said(message))]
            print(f"{one.tag}: {len(missing)} to translate")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
