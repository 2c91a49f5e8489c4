"""Picking a language or a place with plain forms: what was picked, and the lists to pick from."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from markupsafe import Markup
from starlette.datastructures import State

from careweb.domain.languages import Language, alias_table, search_languages
from careweb.domain.places import (
    CoordinatesRefusedError,
    NotACanadianPatternError,
    NotAPostalCodeError,
    PlaceError,
    Province,
    Zone,
    ZoneCode,
    ZoneKind,
    read_postal,
)
from careweb.rendering import language_name, province_name, zone_label
from careweb.storage.database import Transaction
from careweb.storage.languages import language_aliases, languages
from careweb.storage.places import towns_in, wider_places, zone_by_code, zone_for_postal, zones_for_picker
from careweb.web.bodies import Fields
from careweb.web.visits import Visit

LANGUAGE_FIELDS = ("language", "language2", "language3", "language4")
FEW_SPEAKERS = 40  # estimated in a zone: below this a person might be recognised by their language
_RESIDENTS = 36_991_981  # of Canada in 2021, the year of the language counts
_DIVIDER = Markup('\n<option disabled value="-">—</option>\n')
_KEYS: Mapping[type[PlaceError], str] = {
    NotAPostalCodeError: "place_not_a_code",
    NotACanadianPatternError: "place_not_canadian",
    CoordinatesRefusedError: "place_coordinates",
}


class Spoken:
    """The spoken languages, read once: they change only with the shipped data."""

    def __init__(self, known: Iterable[Language], aliases: Mapping[str, frozenset[str]]) -> None:
        self.all = [language for language in known if language.is_spoken]
        self.by_id: dict[str, Language] = {language.spoken_id: language for language in self.all}
        self._aliases = aliases
        self._searched: dict[str, Mapping[str, Collection[str]]] = {}
        self._options: dict[str, Markup] = {}

    def name(self, spoken_id: str, locale: str) -> str:
        """What the reader calls it and what its speakers do; the id where we no longer know it."""
        language = self.by_id.get(spoken_id)
        if language is None:
            return spoken_id
        name = _read_as(language, locale)
        return name if name.casefold() == language.endonym.casefold() else f"{name} · {language.endonym}"

    def search(self, query: str, locale: str) -> list[Language]:
        """By every name we know of, and by what the reader calls it."""
        if locale not in self._searched:
            theirs = alias_table((_read_as(one, locale), one.tag) for one in self.all)
            both = {*theirs, *self._aliases}
            self._searched[locale] = {name: {*theirs.get(name, ()), *self._aliases.get(name, ())} for name in both}
        return search_languages(query, self.all, self._searched[locale])

    def options(self, locale: str, first: Collection[Language] = ()) -> Markup:
        """The list for a select, `first` above those that are commonest in the country; each stands there once."""
        if first:
            others = [one for one in self.all if one not in first]
            return self.options_of(first, locale) + _DIVIDER + self.options_of(others, locale)
        if locale not in self._options:
            self._options[locale] = self.options_of(self.all, locale)
        return self._options[locale]

    def options_of(self, some: Iterable[Language], locale: str) -> Markup:
        return Markup("\n").join(
            Markup('<option value="{}">{}</option>').format(one.spoken_id, self.name(one.spoken_id, locale))
            for one in some
        )


def _read_as(language: Language, locale: str) -> str:
    return language_name(
        locale, language.spoken_id, english=language.name_en, french=language.name_fr, chinese=language.name_zh
    )


async def spoken_languages(state: State, tx: Transaction) -> Spoken:
    if not hasattr(state, "spoken"):
        known = Spoken(await languages(tx), await language_aliases(tx))
        if not known.all:
            return known  # nothing loaded yet: look again next time
        state.spoken = known
    kept: Spoken = state.spoken
    return kept


@dataclass(frozen=True, kw_only=True)
class LanguageChoice:
    spoken: Spoken
    locale: str
    found: list[str] = field(default_factory=list)  # names, where someone searched
    searched: bool = False
    errors: dict[str, str] = field(default_factory=dict)
    every: Markup = Markup()  # noqa: RUF009  as frozen as a string; every form holds it four times

    def options(self, chosen: str) -> Markup:
        every = self.every
        marked = Markup('value="{}"').format(chosen)
        return Markup(every.replace(marked, marked + Markup(" selected"), 1)) if chosen else every  # noqa: S704  escaped above


async def choose_language(visit: Visit, values: Fields, first: Iterable[str] = ()) -> LanguageChoice:
    """`first`: spoken ids to put above the others, like those a group speaks."""
    spoken = await spoken_languages(visit.request.app.state, visit.ctx.tx)
    locale = visit.interface.tag
    searched = values.get("do") == "languages"
    found = spoken.search(values.get("language_search", ""), locale)[:6] if searched else []
    errors = {"language_search": "language_unknown"} if searched and not found else {}
    if any(tag and tag not in spoken.by_id for tag in (values.get(name, "") for name in LANGUAGE_FIELDS)):
        errors["language"] = "language"
    top = found or [spoken.by_id[tag] for tag in dict.fromkeys(first) if tag in spoken.by_id]
    return LanguageChoice(
        spoken=spoken, locale=locale, found=[spoken.name(one.spoken_id, locale) for one in found], searched=searched,
        errors=errors, every=spoken.options(locale, top),
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class PlaceChoice:
    zone: Zone | None
    listed: bool  # it was picked from a list, or kept from one: no postal code says it
    provinces: list[tuple[str, str]]
    towns: list[tuple[str, str]]  # of the chosen province; a town of one zone stands as that zone's code
    zones: list[tuple[str, str]]  # of the chosen town, where it has several
    wider: list[Zone]  # offered first where few people speak the language
    kept: bool  # they were, and the person prefers the area
    errors: dict[str, str]


async def choose_place(
    visit: Visit, values: Fields, *, languages: LanguageChoice | None = None, spoken_id: str = ""
) -> PlaceChoice:
    """A wider place that was offered wins over a town from the list, that over a postal code, and that over a kept one."""
    tx, locale = visit.ctx.tx, visit.interface.tag
    towns, zones = await _listed(tx, values.get("province", ""), values.get("town", ""), locale)
    zone, errors, listed = await _chosen(tx, values, towns, zones)
    wider: list[Zone] = []
    kept = zone is not None and values.get("wider") == "same" and values.get("kept_zone") == zone.code
    if zone and languages and not kept:
        wider = await _rather_wider(tx, zone, languages.spoken, spoken_id or values.get("language", ""))
        errors = {"wider": "wider"} if wider else {}
    return PlaceChoice(
        zone=zone,
        listed=listed,
        provinces=sorted(((p.value, province_name(locale, p)) for p in Province), key=lambda pair: pair[1]),
        towns=towns,
        zones=zones,
        wider=wider,
        kept=kept,
        errors=errors,
    )


Options = list[tuple[str, str]]


async def _chosen(
    tx: Transaction, values: Fields, towns: Options, zones: Options
) -> tuple[Zone | None, dict[str, str], bool]:
    """The zone, what is wrong, and whether a list gave it."""
    offered, town, kept = values.get("wider", ""), values.get("town", ""), values.get("kept_town", "")
    if offered not in ("", "same"):
        code, wrong = offered, "place"
    elif towns:
        field, options, code = ("zone", zones, values.get("zone", "")) if zones else ("town", towns, town)
        if code not in dict(options):
            return None, {field: "zone"}, True
        wrong = field
    elif kept and not values.get("place", ""):
        code, wrong = kept, "place"
    else:
        try:
            return await zone_for_postal(tx, read_postal(values.get("place", ""))), {}, False
        except PlaceError as error:
            return None, {"place": _KEYS.get(type(error), "place")}, False
    zone = await zone_by_code(tx, code)
    return zone, {} if zone else {wrong: "zone"}, True


async def _listed(tx: Transaction, province: str, chosen: str, locale: str) -> tuple[Options, Options]:
    """Wider places and towns of a province, and the areas of the chosen town. One list of all would be a heavy page."""
    if province not in Province.__members__:
        return [], []
    every = await zones_for_picker(tx, locale, Province[province])
    options = [(str(zone.code), zone_label(locale, zone)) for zone in every if zone.kind is not ZoneKind.POSTAL]
    areas: Options = []
    for town in await towns_in(tx, Province[province], locale):
        single = len(town.zones) == 1
        options.append((str(town.zones[0].code) if single else town.name, town.name))
        if not single and town.name == chosen:
            areas = [(str(zone.code), zone_label(locale, zone)) for zone in town.zones]
    return options, areas


async def _rather_wider(tx: Transaction, zone: Zone, spoken: Spoken, spoken_id: str) -> list[Zone]:
    language = spoken.by_id.get(spoken_id)
    if zone.kind is not ZoneKind.POSTAL or language is None:
        return []
    speakers = (language.knowledge_2021 or 0) / _RESIDENTS * zone.residents
    return await wider_places(tx, ZoneCode(zone.code)) if speakers < FEW_SPEAKERS else []
