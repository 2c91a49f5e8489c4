"""In which languages a helper may serve an asker: those the asker named, then the editable pairs; none is inferred."""

import pytest

from careweb.storage.database import Transaction, driver


async def shared(tx: Transaction, wanted: str) -> dict[str, bool]:
    """Each language, and whether it is the asker's first choice."""
    rows = await (await driver(tx)).fetch("SELECT language, first FROM shared_languages($1)", wanted.split())
    return {row["language"]: row["first"] for row in rows}


async def test_only_the_askers_own_first_language_is_a_first_choice(tx: Transaction) -> None:
    assert await shared(tx, "ta en fr") == {"ta": True, "en": False, "fr": False}


@pytest.mark.parametrize(("one", "other"), [("hi", "ur"), ("fa", "prs")])
async def test_a_pair_goes_both_ways_and_is_never_a_first_choice(tx: Transaction, one: str, other: str) -> None:
    assert await shared(tx, one) == {one: True, other: False}
    assert await shared(tx, other) == {other: True, one: False}
    assert await shared(tx, f"en {one} {other}") == {"en": True, one: False, other: False}


@pytest.mark.parametrize("alone", ["yue", "cmn", "nan", "wuu", "hak", "uk", "ru", "bo", "ug", "rhg", "si", "ti", "om"])
async def test_no_language_is_inferred_from_another(tx: Transaction, alone: str) -> None:
    assert await shared(tx, alone) == {alone: True}
