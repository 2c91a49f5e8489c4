"""What a form brings: at most 16 KB and a counted number of fields, in either encoding, refused before it is read whole."""

import unicodedata
from collections.abc import AsyncGenerator
from urllib.parse import parse_qsl

from starlette.datastructures import ImmutableMultiDict, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from careweb.domain.places import POSTAL_LENGTH, PlaceError, cut_postal_codes, read_postal
from careweb.domain.spelling import visible

MOST_BYTES = 16 * 1024
MOST_FIELDS = 40

Fields = ImmutableMultiDict[str, str]
NO_FIELDS: Fields = ImmutableMultiDict()

_CONTROLS = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 127])


class BodyError(Exception):
    """This is not a form we sent."""

    status = 400


class BodyTooLargeError(BodyError):
    """That is more than this form takes."""

    status = 413


class BodyTypeError(BodyError):
    """This is not a form."""

    status = 415


async def read_fields(request: Request, *, most_fields: int = MOST_FIELDS) -> Fields:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await read_body(request)
    if not body:
        return NO_FIELDS
    if kind == "application/x-www-form-urlencoded":
        return _clean(read_urlencoded(body, most_fields))
    if kind == "multipart/form-data":
        return _clean(await _read_multipart(request, body, most_fields))
    raise BodyTypeError


async def read_body(request: Request) -> bytes:
    """Counts what really arrives: Content-Length may be absent or lie."""
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared) > MOST_BYTES:
        raise BodyTooLargeError
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise BodyTooLargeError
    return body


def read_urlencoded(body: bytes, most_fields: int = MOST_FIELDS) -> list[tuple[str, str]]:
    if body.count(b"&") >= most_fields:
        raise BodyTooLargeError
    return parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)


async def _read_multipart(request: Request, body: bytes, most_fields: int) -> list[tuple[str, str]]:
    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    parser = MultiPartParser(request.headers, stream(), max_files=0, max_fields=most_fields, max_part_size=MOST_BYTES)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise (BodyTooLargeError if "Too many" in error.message else BodyError) from error
    return [(name, value) for name, value in form.multi_items() if not isinstance(value, UploadFile)]


# ours, and given back as they are: in random letters a postal code may stand by chance
_KEPT = frozenset({"token", "form_id", "code", "then", "back", "proof", "subscription"})


CUT = "cut"  # names the fields out of which a full postal code was cut; ours alone


def _clean(items: list[tuple[str, str]]) -> Fields:
    """One way of writing each letter, plain line ends, nothing invisible, and no full postal code from here on."""
    plain = [(name, _plain(value)) for name, value in items if name != CUT]
    short = [(name, _without_full_codes(name, value)) for name, value in plain]
    cut = [(CUT, name) for (name, whole), (_, left) in zip(plain, short, strict=True) if whole != left]
    return ImmutableMultiDict([*short, *cut])


def _plain(value: str) -> str:
    return visible(unicodedata.normalize("NFC", value.replace("\r\n", "\n")).translate(_CONTROLS))


def _without_full_codes(name: str, value: str) -> str:
    if name in _KEPT:
        return value
    cut = cut_postal_codes(value)
    if name == "place" and len(cut) > POSTAL_LENGTH:
        return _read_place(cut) or cut  # typed with O for 0, say
    return cut


def _read_place(value: str) -> str:
    try:
        return read_postal(value)
    except PlaceError:
        return ""
