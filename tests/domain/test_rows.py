"""A CSV file as rows: whatever is broken stays where it is."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from careweb.domain.rows import CHARACTERS_MOST, LINES_MOST, Row, split_rows


def rows(text: str) -> list[Row]:
    return list(split_rows(iter(io.StringIO(text, newline=""))))


def read(text: str) -> list[tuple[int, tuple[str, ...]]]:
    return [(row.line, row.cells) for row in rows(text) if not row.trouble]


def test_a_quoted_line_break_stays_in_its_cell_and_lines_are_counted() -> None:
    assert read('a,b\n1,"two\nlines"\r\n2,x\r\n') == [(1, ("a", "b")), (2, ("1", "two\nlines")), (4, ("2", "x"))]


def test_empty_rows_are_left_out_and_still_counted() -> None:
    assert read("a,b\n\n,,\n1,2") == [(1, ("a", "b")), (4, ("1", "2"))]


def test_old_line_ends_are_line_ends() -> None:
    assert read("a,b\r1,2\r3,4") == [(1, ("a", "b")), (2, ("1", "2")), (3, ("3", "4"))]


def test_a_quote_that_nobody_closes_costs_its_own_row_only() -> None:
    text = "a,b\n" + '1,"open\n' + "".join(f"{n},x\n" for n in range(2, 2000))
    found = rows(text)
    assert [row.line for row in found if row.trouble] == [2]
    assert [row.cells[0] for row in found if not row.trouble] == ["a", *map(str, range(2, 2000))]


def test_a_quote_open_at_the_end_of_the_file_costs_its_own_row_only() -> None:
    assert read('a,b\n1,"open\n2,x\n') == [(1, ("a", "b")), (3, ("2", "x"))]


def test_text_behind_a_closing_quote_is_trouble_and_the_next_row_is_read() -> None:
    found = rows('1,"a" b\n2,x\n')
    assert [bool(row.trouble) for row in found] == [True, False]


def test_a_line_longer_than_any_row_is_trouble() -> None:
    assert [bool(row.trouble) for row in rows("x" * (CHARACTERS_MOST + 1) + "\n1,2\n")] == [True, False]


def test_a_note_may_have_as_many_line_breaks_as_characters() -> None:
    assert LINES_MOST > 500
    assert len(read('1,"' + "\n" * 500 + '"\n2,x\n')) == 2


def test_a_row_never_shows_its_cells_by_accident() -> None:
    assert "secret" not in repr(rows("secret,1\n")[0])


@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=8), min_size=2, max_size=4), max_size=8
    )
)
def test_what_the_csv_module_writes_is_read_again(table: list[list[str]]) -> None:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(table)
    assert [list(cells) for _, cells in read(out.getvalue())] == [r for r in table if any(c.strip() for c in r)]
