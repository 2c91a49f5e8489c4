"""Promise 1: only the reference tables `zone` and `region` know where anything lies."""

import re

from sqlalchemy import text

from careweb.storage.database import Transaction

PLACES = {"zone", "region"}
SPATIAL = {"geometry", "geography", "point", "box", "circle", "path", "polygon", "lseg", "line", "raster"}
COORDINATE = re.compile(
    r"(^|_)(lat|lon|lng|latitude|longitude|coord\w*|easting|northing|geohash|address|street|x|y)(_|$)"
)

TO_REACH = {("channel", "sealed_address"), ("channel", "address_index")}  # a telephone number or a name at a messenger

# Tables of the extension belong to it, not to us.
COLUMNS = """
    SELECT c.relname, a.attname, t.typname
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped
      AND c.relnamespace = 'public'::regnamespace
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
"""


async def _columns(tx: Transaction) -> list[tuple[str, str, str]]:
    return [(row[0], row[1], row[2].lstrip("_")) for row in await tx.execute(text(COLUMNS))]


def _betrays_a_place(column: tuple[str, str, str]) -> bool:
    table, name, kind = column
    return (
        table not in PLACES
        and (table, name) not in TO_REACH
        and (kind in SPATIAL or COORDINATE.search(name) is not None)
    )


async def test_no_table_but_the_places_holds_a_geometry_or_a_coordinate(tx: Transaction) -> None:
    columns = await _columns(tx)
    assert {table for table, _, _ in columns} >= PLACES
    assert [column for column in columns if _betrays_a_place(column)] == []


async def test_a_table_that_did_would_be_found(tx: Transaction) -> None:
    await tx.execute(
        text("CREATE TABLE visit (spot geography(point, 4326), home_lat float8, places geometry[], note text)")
    )
    found = [name for table, name, kind in await _columns(tx) if _betrays_a_place((table, name, kind))]
    assert found == ["spot", "home_lat", "places"]


async def test_the_places_hold_nobody(tx: Transaction) -> None:
    """No foreign key leads from a place to anything but a place, so that a place row never names a person."""
    leads = text("SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint WHERE contype = 'f'")
    targets = {to for source, to in await tx.execute(leads) if source in PLACES}
    assert targets <= PLACES | {"region_set"}
