"""`careweb groups` and `careweb roles`."""

import asyncpg

from tests.cli.conftest import Careweb


def test_groups_are_listed_slug_first(careweb: Careweb) -> None:
    careweb("groups", "open", "a-longer-slug", "--name", "Aînés de l'ouest", "--area", "ON", "--phone", "416-555-0100")
    done = careweb("groups")
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        "a-longer-slug  Aînés de l'ouest  ON  416-555-0100",
        "east           East End  M1S  cmn en",
    ]


def test_a_group_that_cannot_be_opened_says_why(careweb: Careweb) -> None:
    def opened(slug: str, area: str = "ON", languages: str = "en") -> tuple[int, str]:
        done = careweb("groups", "open", slug, "--name", "X", "--area", area, "--languages", languages)
        return done.exit_code, done.stderr.splitlines()[-1]

    assert opened("east") == (2, "Error: there is a group 'east' already")
    assert opened("west", area="43.65, -79.38")[1].startswith("Error: --area exact positions are not taken")
    assert opened("west", languages="klingon")[1].startswith("Error: --languages has a tag that is not known")
    assert opened("West!")[0] == 2


async def test_a_role_is_given_and_taken_back(careweb: Careweb, database: str) -> None:
    async def roles() -> list[str]:
        connection = await asyncpg.connect(database)
        try:
            return [row["role"] for row in await connection.fetch("SELECT role FROM staff")]
        finally:
            await connection.close()

    there = ("Jo@Example.org", "coordinator", "--group", "east")
    assert careweb("roles", "take", *there).stderr == "Error: nobody here has that contact\n"
    assert careweb("roles", "grant", *there, "--name", "Jo").stdout == "granted: coordinator of east\n"
    assert careweb("roles", "grant", *there).exit_code == 0
    assert await roles() == ["coordinator"]
    assert careweb("roles", "take", *there).exit_code == 0
    assert await roles() == []
    assert careweb("roles", "grant", "nonsense", "steward", "--group", "east").exit_code == 2
    assert careweb("roles", "grant", "jo@example.org", "steward", "--group", "nowhere").exit_code == 2
