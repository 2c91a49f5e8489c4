"""`careweb audit verify`: whole, or what is not."""

import asyncpg

from tests.cli.conftest import Careweb

FORGED = """INSERT INTO audit_line (group_id, day, role, action, record, person, reason_hash, mac)
    SELECT id, CURRENT_DATE, 'coordinator', 'read_need', '', '', '', '' FROM care_group"""


def test_an_empty_account_is_whole(careweb: Careweb) -> None:
    done = careweb("audit", "verify")
    assert (done.exit_code, done.stdout) == (0, "the audit is whole\n")


async def test_a_forged_line_is_named_and_the_exit_code_says_so(careweb: Careweb, database: str) -> None:
    connection = await asyncpg.connect(database)
    await connection.execute(FORGED)
    await connection.close()
    done = careweb("audit", "verify")
    assert done.exit_code == 1
    assert "was not written by careweb" in done.stdout
