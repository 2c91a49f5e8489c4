"""`careweb members`."""

import asyncpg

from tests.cli.conftest import Careweb


def test_someone_is_forgotten_once_and_only_when_that_is_meant(careweb: Careweb) -> None:
    jo = "jo@example.org"
    assert careweb("roles", "grant", jo, "coordinator", "--group", "east").exit_code == 0
    assert careweb("members", "forget", jo).exit_code == 1, "nobody said yes"
    done = careweb("members", "forget", jo, "--yes")
    assert (done.exit_code, done.stdout) == (0, "forgotten\n")
    again = careweb("members", "forget", jo, "--yes")
    assert (again.exit_code, again.stderr) == (2, "Error: nobody here has that contact\n")
    assert careweb("members", "forget", "nonsense", "--yes").exit_code == 2


async def test_what_an_operator_does_to_somebody_is_a_line_of_each_of_their_groups(
    careweb: Careweb, database: str
) -> None:
    jo, groups = "jo@example.org", ("east", "west")
    assert careweb("groups", "open", "west", "--name", "West End", "--area", "M1S 2K3").exit_code == 0
    for slug in groups:
        assert careweb("roles", "grant", jo, "steward", "--group", slug).exit_code == 0
        assert careweb("roles", "grant", jo, "coordinator", "--group", slug).exit_code == 0
    assert careweb("roles", "take", jo, "steward", "--group", "west").exit_code == 0
    assert careweb("members", "forget", jo, "--yes").exit_code == 0
    connection = await asyncpg.connect(database)
    rows = await connection.fetch(
        "SELECT g.slug, l.action, count(*) FROM audit_line l JOIN care_group g ON g.id = l.group_id"
        " WHERE l.role = 'operator' GROUP BY 1, 2"
    )
    await connection.close()
    assert {tuple(row) for row in rows} == {
        ("east", "role_granted", 2), ("west", "role_granted", 2), ("west", "role_taken", 1),
        ("east", "forgotten", 1), ("west", "forgotten", 1),
    }  # fmt: skip


async def test_an_operator_ends_sessions_and_takes_a_lost_second_step_away_with_a_reason(
    careweb: Careweb, database: str
) -> None:
    jo = "jo@example.org"
    assert careweb("roles", "grant", jo, "coordinator", "--group", "east").exit_code == 0
    connection = await asyncpg.connect(database)
    member = await connection.fetchval("SELECT member_id FROM staff")
    await connection.execute(
        "INSERT INTO session (id_hash, member_id, created_at, seen_at, expires_at) VALUES ('x', $1, now(), now(), now() + interval '1 day')",
        member,
    )
    await connection.execute(
        "INSERT INTO authenticator (id, member_id, kind, sealed_secret, confirmed_at, created_at) VALUES (gen_random_uuid(), $1, 'app', 'x', now(), now())",
        member,
    )
    assert careweb("members", "sign-out", jo).stdout == "signed out everywhere\n"
    assert await connection.fetchval("SELECT count(*) FROM session") == 0
    assert careweb("members", "reset-second-step", jo).exit_code == 2, "not without a reason"
    assert careweb("members", "reset-second-step", jo, "--reason", "I met her").exit_code == 0
    assert await connection.fetchval("SELECT count(*) FROM authenticator") == 0
    (event,) = await connection.fetch("SELECT kind, by_member, sealed_reason FROM second_step_event")
    assert (event["kind"], event["by_member"], b"met her" in event["sealed_reason"]) == ("operator", None, False)
    for command in (("sign-out",), ("reset-second-step", "--reason", "x")):
        assert (
            careweb("members", command[0], "nobody@example.org", *command[1:]).stderr
            == "Error: nobody here has that contact\n"
        )
    lines = await connection.fetch("SELECT role, action, sealed_reason FROM audit_line ORDER BY id")
    assert [(line["role"], line["action"]) for line in lines] == [
        ("operator", "role_granted"), ("operator", "signed_out"), ("operator", "second_step_reset"),
    ]  # fmt: skip
    assert b"met her" not in lines[-1]["sealed_reason"]
    assert careweb("groups", "second-step", "east", "required").exit_code == 0
    assert await connection.fetchval("SELECT second_step FROM care_group") == "required"
    assert careweb("groups", "second-step", "east", "usual").exit_code == 0
    assert await connection.fetchval("SELECT second_step FROM care_group") is None
    await connection.close()
