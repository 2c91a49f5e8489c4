import pytest

from careweb.domain.codes import CodeError, read_digits, read_return_code, return_code


def test_a_code_is_four_times_four_digits() -> None:
    assert str(return_code(bytes(16))) == "0000 0000 0000 0000"
    code = return_code(b"\xff" * 16)  # 2^128 - 1 modulo 10^16
    assert (code.locator, code.secret) == ("46074317", "68211455")


@pytest.mark.parametrize(
    "text",
    [
        "1234 5678 9012 3456",
        "1234567890123456",
        "1234-5678-9012-3456",
        " 1234–5678–9012–3456 ",
        "１２３４ ５６７８ ９０１２ ３４５６",
        "۱۲۳۴ ۵۶۷۸ ۹۰۱۲ ۳۴۵۶",
        "१२३४५६७८९०१२३४५६",
    ],
)
def test_a_code_is_read_however_it_was_written_down(text: str) -> None:
    code = read_return_code(text)
    assert (code.locator, code.secret) == ("12345678", "90123456")


@pytest.mark.parametrize(
    "text", ["", "1234", "1234 5678 9012 345", "1234 5678 9012 34567", "1234 5678 9012 345x", "²²²²²²²²²²²²²²²x"]
)
def test_anything_else_is_not_a_code(text: str) -> None:
    with pytest.raises(CodeError):
        read_return_code(text)


def test_the_secret_half_does_not_show_itself_in_a_log() -> None:
    assert "90123456" not in repr(read_return_code("1234567890123456"))


def test_a_short_code_has_exactly_its_digits() -> None:
    assert read_digits(" 0 4 2 1", 4) == "0421"
    with pytest.raises(CodeError):
        read_digits("421", 4)
