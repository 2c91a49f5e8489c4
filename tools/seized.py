"""How many people share what a seized server can read of a person: a zone and a language. For docs/threat-model.md.

`make reference` writes it there. The figures are the census' and the shipped zones'; what is assumed is said beside them.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).parent.parent / "data"
SHOWN = ("en", "fr", "cmn", "pa", "yue", "ur", "fa", "uk", "so", "ti", "ps", "ku", "ug", "rhg")
FEW = (1, 10, 100, 1000)


@dataclass(frozen=True)
class Crowd:
    """Residents of each postal zone and of the wider ones, and how many people in the country know each language."""

    zones: tuple[int, ...]
    urban: tuple[int, ...]
    provinces: tuple[int, ...]
    languages: dict[str, tuple[str, int]]

    @property
    def country(self) -> int:
        return sum(self.provinces)

    def expected(self, residents: int, speakers: int) -> float:
        """If speakers were spread like everyone."""
        return residents * speakers / self.country

    def share_below(self, most: int) -> float:
        """Of the speakers of all languages but English and French: the part whose postal zone leaves fewer than `most`."""
        total = below = 0.0
        for tag, (_, speakers) in self.languages.items():
            for residents in self.zones if tag not in ("en", "fr") else ():
                here = self.expected(residents, speakers)
                total, below = total + here, below + (here if here < most else 0)
        return below / total


def read_crowd() -> Crowd:
    with (DATA / "zones.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with (DATA / "languages.tsv").open(encoding="utf-8", newline="") as file:
        spoken = [row for row in csv.DictReader(file, delimiter="\t") if row["is_spoken"] == "true"]
    by_kind = {
        kind: tuple(sorted(int(row["residents"]) for row in rows if row["kind"] == kind))
        for kind in ("postal", "urban", "province")
    }
    known = {row["tag"]: (row["name_en"], int(row["knowledge_2021"])) for row in spoken if row["knowledge_2021"]}
    return Crowd(by_kind["postal"], by_kind["urban"], by_kind["province"], known)


def seized_table() -> str:
    crowd = read_crowd()
    places = {
        "the smallest postal zone": crowd.zones[0], "a middling one": crowd.zones[len(crowd.zones) // 2],
        "the largest": crowd.zones[-1], "a middling urban area": crowd.urban[len(crowd.urban) // 2],
        "the smallest province or territory": crowd.provinces[0],
    }  # fmt: skip
    lines = [f"| language | in the country | {' | '.join(places)} |", "|---|--:|" + "--:|" * len(places)]
    lines.append(f"| *everyone* | {crowd.country:,} | {' | '.join(f'{one:,}' for one in places.values())} |")
    for tag in SHOWN:
        name, speakers = crowd.languages[tag]
        lines.append(f"| {name} | {speakers:,} | {_row(crowd, speakers, list(places.values()))} |")
    shares = ", ".join(f"{crowd.share_below(few):.1%} fewer than {few:,}" for few in FEW)
    unknown = "Languages the census does not count by themselves leave fewer still."
    return "\n".join([*lines, "", f"Of those who give a third language and their postal zone: {shares}. {unknown}"])


def _row(crowd: Crowd, speakers: int, places: Sequence[int]) -> str:
    expected = [crowd.expected(residents, speakers) for residents in places]
    return " | ".join(f"{one:,.0f}" if one >= 1 else "less than 1" for one in expected)
