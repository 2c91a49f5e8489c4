from careweb.domain.board import Area, Place, Tally, lines, shares, within


def place(zone: str, province: str, region: str) -> Place:
    return Place(
        zone=zone, name_en=zone.lower(), name_fr=zone.lower(), kind="postal", province=province, province_en=province,
        province_fr=province, region=region, region_en=region, region_fr=region,
    )  # fmt: skip


def tally(zone: str, needs: int = 1, *, unmet: bool = False, language: str = "en") -> Tally:
    return Tally(zone=zone, category="ride", urgency="urgent", language=language, age="day", unmet=unmet, needs=needs)


PLACES = {
    p.zone: p
    for p in (
        place("M1S", "ON", "toronto"),
        place("M4C", "ON", "toronto"),
        place("P0T", "ON", "ON"),
        place("V5H", "BC", "vancouver"),
    )
}
TALLIES = [tally("M1S", 3), tally("M1S", 2, unmet=True, language="ti"), tally("M4C"), tally("P0T"), tally("V5H", 7)]


def test_the_country_shows_provinces_the_most_unmet_first() -> None:
    assert [(line.key, line.open, line.unmet) for line in lines(Area(), TALLIES, PLACES)] == [
        ("ON", 7, 2),
        ("BC", 7, 0),
    ]


def test_a_province_shows_its_urban_areas_and_the_rest() -> None:
    assert [(line.key, line.open) for line in lines(Area(province="ON"), TALLIES, PLACES)] == [
        ("toronto", 6),
        ("ON", 1),
    ]


def test_an_urban_area_shows_its_zones() -> None:
    assert [line.key for line in lines(Area(province="ON", region="toronto"), TALLIES, PLACES)] == ["M1S", "M4C"]
    assert [line.key for line in lines(Area(province="ON", region="ON"), TALLIES, PLACES)] == ["P0T"]


def test_the_same_urban_name_in_another_province_is_another_place() -> None:
    assert within(Area(province="BC", region="toronto"), TALLIES, PLACES) == []


def test_shares_count_each_need_once() -> None:
    assert shares(TALLIES, lambda t: t.language) == [("ti", 2, 2), ("en", 12, 0)]
