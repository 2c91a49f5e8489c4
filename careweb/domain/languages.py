"""Languages people speak and languages people read: two lists. Nothing here is inferred from likeness."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import NewType

from careweb.domain.spelling import folded

LanguageTag = NewType("LanguageTag", str)  # BCP 47; what a person reads
SpokenId = NewType("SpokenId", str)  # what a person speaks; one for all scripts of a language


class Direction(Enum):
    LEFT_TO_RIGHT = "ltr"
    RIGHT_TO_LEFT = "rtl"


@dataclass(frozen=True, kw_only=True)
class Language:
    tag: LanguageTag
    spoken_id: SpokenId
    is_spoken: bool
    is_written: bool
    script: str
    direction: Direction
    name_en: str
    name_fr: str
    name_zh: str
    endonym: str
    knowledge_2021: int | None  # people in Canada who know it, by the census
    babel_locale: str | None


Aliases = Mapping[str, Collection[str]]  # folded alias -> tags


class _Fit(Enum):
    """How well a name fits what was typed, best first."""

    WHOLE = 0
    BEGINNING = 1
    WORD = 2
    INSIDE = 3


def search_languages(query: str, languages: Iterable[Language], aliases: Aliases) -> list[Language]:
    """Languages by any name, endonym, tag or alias, best fit first, then the most widely known."""
    wanted = folded(query)
    if not wanted:
        return []
    found = []
    for language in languages:
        fit = _best_fit(wanted, _names(language, aliases))
        if fit is not None:
            found.append((fit.value, -(language.knowledge_2021 or 0), language.tag, language))
    return [language for *_, language in sorted(found, key=lambda entry: entry[:3])]


def spoken_id_of(tag: str, languages: Iterable[Language], aliases: Aliases) -> SpokenId | None:
    """What someone speaks who gave this tag or this exact name; None where that is unknown or unclear."""
    languages = list(languages)
    tags = {language.tag.casefold(): language.spoken_id for language in languages}
    if (exact := tags.get(tag.strip().casefold())) is not None:
        return exact
    wanted = folded(tag)
    spoken = {lang.spoken_id for lang in languages if wanted and wanted in _names(lang, aliases) and lang.is_spoken}
    return spoken.pop() if len(spoken) == 1 else None


def alias_table(rows: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    """From rows of alias and tag."""
    table: dict[str, frozenset[str]] = {}
    for alias, tag in rows:
        table[folded(alias)] = table.get(folded(alias), frozenset()) | {tag}
    return table


def _names(language: Language, aliases: Aliases) -> set[str]:
    given = (language.tag, language.name_en, language.name_fr, language.name_zh, *language.endonym.split("/"))
    return {folded(name) for name in given} | {alias for alias, tags in aliases.items() if language.tag in tags}


def _best_fit(wanted: str, names: Iterable[str]) -> _Fit | None:
    fits = [fit for name in names if (fit := _fit(wanted, name)) is not None]
    return min(fits, key=lambda fit: fit.value, default=None)


def _fit(wanted: str, name: str) -> _Fit | None:
    if wanted == name:
        return _Fit.WHOLE
    if name.startswith(wanted):
        return _Fit.BEGINNING
    if f" {wanted}" in name:
        return _Fit.WORD
    return _Fit.INSIDE if len(wanted) > 2 and wanted in name else None
