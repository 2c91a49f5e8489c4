"""A country of volunteers: offers clustered like Canadian cities, 35 languages with a long tail, twelve categories."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import aiosql
import asyncpg
import numpy as np

from careweb.domain.contacts import read_email
from careweb.domain.hours import ANY_TIME, DAYTIME, Part, bit
from careweb.storage.sealing import Vault

LANGUAGES = 35
_RESIDENTS = 36_991_981  # of Canada in 2021, the year of the language counts
_KNOW = {True: {"en": 0.52, "fr": 0.94}, False: {"en": 0.96, "fr": 0.09}}  # share of people, in Quebec and elsewhere
_RADII_KM = (2.0, 5.0, 10.0, 15.0, 25.0, 50.0)
_EVENINGS = sum(bit(day, Part.EVENING) for day in range(7)) | sum(bit(day, part) for day in (5, 6) for part in Part)
_HOURS = (ANY_TIME, DAYTIME, _EVENINGS)
_BATCH = 10_000

queries: Any = aiosql.from_path(Path(__file__).with_name("town.sql"), "asyncpg")


@dataclass(frozen=True, kw_only=True)
class Place:
    code: str
    postal: str
    province: str
    time_zone: str
    city: str


class Town:
    """Draws people: where they live, what they speak, what they give or need. The same seed draws the same people."""

    def __init__(self, places: Sequence[Any], tongues: Sequence[Any], categories: Sequence[str], seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.places = [
            Place(code=p["code"], postal=p["postal"], province=p["province"], time_zone=p["time_zone"], city=p["city"])
            for p in places
        ]
        self.categories = list(categories)
        self._tongues = [row["spoken_id"] for row in tongues]
        self._residents = _shares([p["residents"] for p in places])
        self._known = {
            quebec: _shares([_KNOW[quebec].get(t["spoken_id"], t["knowledge_2021"] / _RESIDENTS) for t in tongues])
            for quebec in (True, False)
        }

    def somewhere(self, count: int) -> list[Place]:
        return [self.places[i] for i in self.random.choice(len(self.places), size=count, p=self._residents)]

    def tongue(self, place: Place) -> str:
        return str(self.pick(self._tongues, self._known[place.province == "QC"]))

    def common(self, place: Place) -> str:
        return "fr" if place.province == "QC" else "en"

    def chance(self, share: float) -> bool:
        return bool(self.random.random() < share)

    def pick(self, values: Sequence[Any], shares: Sequence[float] | None = None) -> Any:
        return values[int(self.random.choice(len(values), p=shares))]

    def speaks(self, place: Place) -> list[str]:
        """One's own language, mostly also the common one of the province, sometimes a third."""
        spoken = [self.tongue(place)]
        if self.chance(0.9):
            spoken.append(self.common(place))
        if self.chance(0.15):
            spoken.append(self.tongue(place))
        return list(dict.fromkeys(spoken))

    def gives(self) -> list[str]:
        count = self.pick((1, 2, 3, 4), (0.25, 0.35, 0.25, 0.15))
        return [str(slug) for slug in self.random.choice(self.categories, size=count, replace=False)]


def _shares(weights: Sequence[float]) -> Any:
    array = np.asarray(weights, dtype=float)
    return array / array.sum()


async def open_town(connection: asyncpg.Connection, seed: int = 1) -> Town:
    places = [row async for row in queries.places(connection)]
    tongues = [row async for row in queries.tongues(connection, most=LANGUAGES)]
    return Town(places, tongues, [row["slug"] async for row in queries.categories(connection)], seed)


async def settle(connection: asyncpg.Connection, vault: Vault, offers: int) -> None:
    """Groups by city, one volunteer an offer; contacts are sealed for real, since messages open them."""
    town = await open_town(connection)
    groups = await _open_groups(connection, town)
    people = town.somewhere(offers)
    for start in range(0, offers, _BATCH):
        batch = [
            _volunteer(town, vault, groups, place, start + n) for n, place in enumerate(people[start : start + _BATCH])
        ]
        for table, columns in _COLUMNS.items():
            rows = [volunteer[table] for volunteer in batch]
            await connection.copy_records_to_table(table, records=rows, columns=columns.split())
    for table in (*_COLUMNS, "offer_key"):
        await connection.execute(f"VACUUM ANALYZE {table}")


async def _open_groups(connection: asyncpg.Connection, town: Town) -> dict[str, UUID]:
    provinces = {place.city: place.province for place in town.places}
    groups = {city: uuid4() for city in provinces}
    rows = [(groups[city], city, city.title(), province) for city, province in provinces.items()]
    await connection.copy_records_to_table("care_group", records=rows, columns=["id", "slug", "name", "area_code"])
    return groups


_COLUMNS = {
    "member": "id contact_index contact_kind sealed_name sealed_contact locale time_zone per_week quiet_from quiet_until created_at",
    "data_key": "record id master wrapped",
    "membership": "group_id member_id state vetting decided_at created_at",
    "offer": "id group_id member_id categories languages zone_code radius_km reach hours created_at updated_at",
}


def _volunteer(
    town: Town, vault: Vault, groups: dict[str, UUID], place: Place, number: int
) -> dict[str, tuple[Any, ...]]:
    member, group, since = uuid4(), groups[place.city], datetime.now(UTC) - timedelta(days=30)
    contact = read_email(f"volunteer{number}@example.org")
    sealer, master, wrapped = vault.new_sealer("member", member)
    return {
        "member": (
            member, vault.contact_index(contact), "email", sealer.seal("name", f"Volunteer {number}"),
            sealer.seal("contact", contact.address), town.common(place), place.time_zone, 1 + number % 4, 0, 0, since,
        ),
        "data_key": ("member", member, master, wrapped),
        "membership": (group, member, "admitted", int(town.chance(0.6)), since, since),
        "offer": (
            uuid4(), group, member, town.gives(), town.speaks(place), place.code, town.pick(_RADII_KM),
            "alliance" if town.chance(0.5) else "group", town.pick(_HOURS, (0.4, 0.4, 0.2)), since, since,
        ),
    }  # fmt: skip


def wanted(town: Town, count: int) -> Iterator[tuple[str, dict[str, str]]]:
    """Needs as people would type them: the group's slug, and the fields of the form. 20 % urgent, 30 % medium, 50 % low."""
    for number, place in enumerate(town.somewhere(count)):
        first = town.tongue(place)
        second = town.common(place) if first != town.common(place) and town.chance(0.5) else ""
        kind = town.pick(("code", "email", "phone"), (0.4, 0.4, 0.2))
        fields = {
            "category": town.pick(town.categories),
            "text": "Something small",
            "place": place.postal,
            "wider": "same",
            "kept_zone": place.code,
            "language": first,
            "language2": second,
            "urgency": town.pick(("urgent", "medium", "low"), (0.2, 0.3, 0.5)),
            "helpers": "1" if town.chance(0.9) else "2",
            "name": "A neighbour",
            "contact_kind": kind,
            "contact": {"code": "", "email": f"asker{number}@example.org", "phone": f"416555{number % 10_000:04d}"}[
                kind
            ],
            "reach": "alliance" if town.chance(0.5) else "group",
            "see_first": "no",
            "consent": "yes",
        }
        yield place.city, {name: value for name, value in fields.items() if value}
