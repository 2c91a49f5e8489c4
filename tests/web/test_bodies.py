"""What is read from a form before anybody looks at it."""

from urllib.parse import urlencode

import pytest
from starlette.requests import Request
from starlette.types import Message

from careweb.web.bodies import Fields, read_fields

WITH_A_CODE = "q-M1S2K3_w"


async def _read(form: dict[str, str]) -> Fields:
    async def receive() -> Message:
        return {"type": "http.request", "body": urlencode(form).encode(), "more_body": False}

    headers = [(b"content-type", b"application/x-www-form-urlencoded")]
    return await read_fields(Request({"type": "http", "method": "POST", "headers": headers}, receive))


@pytest.mark.parametrize("name", ["token", "form_id", "code", "then", "back", "proof"])
async def test_random_letters_of_ours_stay_whole_though_a_postal_code_stands_in_them(name: str) -> None:
    assert (await _read({name: WITH_A_CODE})).get(name) == WITH_A_CODE


@pytest.mark.parametrize("name", ["text", "name", "answer", "proof2", "place"])
async def test_out_of_every_other_field_it_is_cut(name: str) -> None:
    fields = await _read({name: WITH_A_CODE})
    assert "2K3" not in fields.get(name, "")
    assert fields["cut"] == name
