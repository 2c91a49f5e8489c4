"""Words into pages and messages: catalogues, CLDR formats, and one template environment for each kind of text."""

import io
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from gettext import GNUTranslations, NullTranslations
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, dates, lists, numbers
from babel.messages import mofile, pofile
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from careweb import paths, wording
from careweb.domain.answers import Stops, stops_of
from careweb.domain.places import Province, Zone
from careweb.domain.regions import NAMES
from careweb.domain.zone_names import SIDES, elsewhere_name, taken_apart


@dataclass(frozen=True, kw_only=True)
class Interface:
    """One language of the pages. `tag` is BCP 47, `name` is what its readers call it, `cldr` gives its formats.

    `stop` are the words by which its readers end messages: what they write back is nothing else than one of them.
    `also` are the tags by which browsers ask for it too; `reviewed` says by whom it was read through, and is empty until then.
    Where CLDR has only English words for it: `comma` joins lists, and without `ago` a moment is named as it is.
    """

    tag: str
    name: str
    dir: str
    cldr: str
    stop: tuple[str, ...]
    also: tuple[str, ...] = ()
    reviewed: str = ""
    comma: str = ""
    ago: bool = True


SOURCE = "en"  # the language of the strings in the code
_RIGHT_TO_LEFT = "\u200f"  # a mark that nobody sees


@cache
def interfaces() -> Mapping[str, Interface]:
    with (paths.LOCALE / "languages.toml").open("rb") as file:
        return {
            tag: Interface(
                tag=tag, **(entry | {name: tuple(entry[name]) for name in ("stop", "also") if name in entry})
            )
            for tag, entry in tomllib.load(file).items()
        }


@cache
def stop_words() -> Stops:
    """Of all languages: whoever has a telephone number writes in whichever they like."""
    return stops_of(word for one in interfaces().values() for word in one.stop)


@cache
def translations(tag: str) -> NullTranslations:
    """A compiled catalogue where there is a current one; else the .po, compiled in memory: a fresh clone needs no step."""
    folder = paths.LOCALE / tag.replace("-", "_") / "LC_MESSAGES"
    source, compiled = folder / "messages.po", folder / "messages.mo"
    if compiled.exists() and not (source.exists() and source.stat().st_mtime > compiled.stat().st_mtime):
        with compiled.open("rb") as file:
            return GNUTranslations(file)
    if not source.exists():
        return NullTranslations()
    buffer = io.BytesIO()
    with source.open("rb") as file:
        mofile.write_mo(buffer, pofile.read_po(file, locale=tag.replace("-", "_")))
    buffer.seek(0)
    return GNUTranslations(buffer)


@cache
def cldr(tag: str) -> Locale:
    return Locale.parse(interfaces()[tag].cldr)


def language_name(tag: str, spoken: str, *, english: str, french: str, chinese: str) -> str:
    """What readers of `tag` call this language: by our own table where it has their word, else by CLDR, else in English."""
    ours = {"en": english, "fr": french, "zh-Hans": chinese}
    if tag in ours:
        return ours[tag]
    theirs = cldr(tag).languages if tag in interfaces() else {}
    return theirs.get({"cmn": "zh"}.get(spoken, spoken).replace("-", "_")) or english


def place_name(tag: str, english: str, french: str) -> str:
    """What readers of `tag` call a zone or region of these stored names: a town by its own, what is ours in their words."""
    if tag in ("en", "fr"):
        return french if tag == "fr" else english
    own = translations(tag).gettext
    if given := _given_names().get((english, french)):
        message, province = given
        return own(message) % {"province": own(province)} if province else own(message)
    made = taken_apart(english, french)
    if made is None:
        return english
    begin = _RIGHT_TO_LEFT if interfaces()[tag].dir == "rtl" else ""  # a town's Latin name would turn the rest around
    if made.around:
        return begin + own(wording.AROUND) % {"town": made.own}
    sides = [own(side) if side in SIDES else " ".join(map(own, side.split())) for side in made.sides]
    return begin + made.own + (", " if made.comma else " ") + join(tag, sides)


@cache
def _given_names() -> Mapping[tuple[str, str], tuple[str, str]]:
    """By the English and French of a name that is ours as a whole: its message, and the province that is put into it."""
    provinces = {province: wording.PROVINCES[province.value] for province in Province}
    left = {province: elsewhere_name(province) for province in Province}
    return (
        {(one.name_in("en"), one.name_in("fr")): (message, "") for one, message in provinces.items()}
        | {(name.english, name.french): (wording.ELSEWHERE, provinces[one]) for one, name in left.items()}
        | {names: (wording.REGION_SETS[slug], "") for slug, names in NAMES.items()}
    )


def province_name(tag: str, province: Province) -> str:
    return place_name(tag, province.name_in("en"), province.name_in("fr"))


def zone_label(tag: str, zone: Zone) -> str:
    """Its name in a list, where another may have the same."""
    return zone.label(place_name(tag, zone.name_en, zone.name_fr))


def join(tag: str, said: list[str]) -> str:
    """A list, as the language joins one."""
    comma = interfaces()[tag].comma
    return comma.join(said) if comma else lists.format_list(said, locale=cldr(tag))


def render_html(tag: str, name: str, **context: Any) -> str:
    """A page or the HTML part of a message, in the language `tag`; every value is escaped."""
    return _environment(html=True).get_template(name).render(_about(tag) | context)


def render_text(tag: str, name: str, **context: Any) -> str:
    """Plain text: subjects and bodies of messages, in the language `tag`; nothing is escaped."""
    return _environment(html=False).get_template(name).render(_about(tag) | context)


def _about(tag: str) -> dict[str, Any]:
    return {"interface": interfaces().get(tag) or interfaces()[SOURCE]}


@cache
def _environment(*, html: bool) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(paths.TEMPLATES),
        autoescape=html,  # noqa: S701  off for plain text only
        undefined=StrictUndefined,
        auto_reload=False,  # looking at every file's date for every page is a tenth of the page
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=not html,
        extensions=["jinja2.ext.i18n"],
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.newstyle_gettext = True  # type: ignore[attr-defined]
    environment.globals |= {"gettext": _gettext, "ngettext": _ngettext}
    environment.filters |= {
        "word": _word,
        "day": _day,
        "moment": _moment,
        "clock": _clock,
        "hour": _hour,
        "ago": _ago,
        "number": _number,
        "listed": _listed,
        "place": _place,
        "zone_label": _zone_label,
    }
    return environment


def _reader(context: Context) -> Interface:
    interface: Interface = context["interface"]
    return interface


@pass_context
def _gettext(context: Context, message: str, /, **values: Any) -> str:
    return _filled(context, translations(_reader(context).tag).gettext(message), values) if message else ""


@pass_context
def _ngettext(context: Context, one: str, many: str, count: int, /, **values: Any) -> str:
    return _filled(context, translations(_reader(context).tag).ngettext(one, many, count), {"num": count} | values)


def _filled(context: Context, text: str, values: Mapping[str, Any]) -> str:
    """Counts in a sentence are written as its reader writes numbers; one full stop ends it, after "3:11 a.m." too."""
    said = {name: _number(context, value) if type(value) is int else value for name, value in values.items()}
    for name, value in said.items():
        if str(value).endswith("."):
            text = text.replace(f"%({name})s.", f"%({name})s")
    return (Markup(text) if context.eval_ctx.autoescape else text) % said  # noqa: S704  our own words, not a person's


@pass_context
def _word(context: Context, value: str, table: str) -> str:
    """`{{ need.urgency|word("urgency") }}`: what a state, category or error is called."""
    return translations(_reader(context).tag).gettext(wording.TABLES[table][value])


@pass_context
def _day(context: Context, at: datetime | date, time_zone: str = "UTC") -> str:
    local = at.astimezone(ZoneInfo(time_zone)) if isinstance(at, datetime) else at
    return dates.format_skeleton("MMMMEd", _noon(local), locale=cldr(_reader(context).tag))


def _noon(day: datetime | date) -> datetime:
    return day if isinstance(day, datetime) else datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo("UTC"))


@pass_context
def _moment(context: Context, at: datetime, time_zone: str = "UTC") -> str:
    zone = ZoneInfo(time_zone)
    locale = cldr(_reader(context).tag)
    day = dates.format_skeleton("MMMMEd", at.astimezone(zone), locale=locale)
    joined = str(locale.datetime_formats["short"])  # as "{1}, {0}", or without the comma
    return joined.replace("{1}", day).replace("{0}", dates.format_time(at, "short", tzinfo=zone, locale=locale))


@pass_context
def _clock(context: Context, at: datetime, time_zone: str = "UTC") -> str:
    return dates.format_time(at, "short", tzinfo=ZoneInfo(time_zone), locale=cldr(_reader(context).tag))


@pass_context
def _hour(context: Context, hour: int) -> str:
    return dates.format_time(time(hour), "short", locale=cldr(_reader(context).tag))


@pass_context
def _ago(context: Context, at: datetime, now: datetime, time_zone: str = "UTC") -> str:
    if not _reader(context).ago:
        return str(_moment(context, at, time_zone))
    return dates.format_timedelta(at - now, add_direction=True, locale=cldr(_reader(context).tag))


@pass_context
def _number(context: Context, value: float) -> str:
    return numbers.format_decimal(value, locale=cldr(_reader(context).tag))


@pass_context
def _listed(context: Context, values: list[str]) -> str:
    return join(_reader(context).tag, [str(value) for value in values])


@pass_context
def _place(context: Context, english: str, french: str) -> str:
    """`{{ need.zone_name_en|place(need.zone_name_fr) }}`."""
    return place_name(_reader(context).tag, english, french)


@pass_context
def _zone_label(context: Context, zone: Zone) -> str:
    return zone_label(_reader(context).tag, zone)
