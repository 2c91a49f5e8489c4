"""`careweb import`: what it says, what it leaves behind, how it ends."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from careweb import paths
from tests.cli.conftest import KEYS, Careweb
from tests.ops.conftest import environment_of

NEEDS = "ref,category,place,languages,urgency,helpers,posted_at,expires_at,note,contact\n"
GOOD = "1,groceries,M1S 2K3,yue en,urgent,1,,,Rice,po@example.org\n"
BAD = "2,groceries,M1S,en,urgent,1,2026-03-02,2026-03-01,my secret,ada@example.org\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "list.csv"


def importing(careweb: Careweb, file: Path, *more: str) -> tuple[int, str]:
    done = careweb("import", "needs", str(file), "--group", "east", *more)
    assert done.stdout == ""
    return done.exit_code, done.stderr


def test_a_bad_row_is_named_in_a_private_file_and_the_good_ones_are_kept(careweb: Careweb, file: Path) -> None:
    file.write_text(NEEDS + GOOD + BAD, encoding="utf-8")
    rejected = file.with_name("list.rejected.csv")
    rejected.write_text("an older list")
    rejected.chmod(0o644)
    code, said = importing(careweb, file)
    assert code == 3
    assert said == f"1 needs taken, 0 were there already, 1 refused\nwhy, line by line: {rejected}\n"
    assert rejected.read_text(encoding="utf-8") == "line,ref,column,reason\n3,2,expires_at,is before posted_at\n"
    assert stat.S_IMODE(rejected.stat().st_mode) == 0o600

    file.write_text(NEEDS + GOOD, encoding="utf-8")
    assert importing(careweb, file) == (0, "0 needs taken, 1 were there already, 0 refused\n")
    assert not rejected.exists()


def test_a_byte_order_mark_is_no_part_of_the_header_and_broken_bytes_cost_their_row(
    careweb: Careweb, file: Path
) -> None:
    file.write_bytes(b"\xef\xbb\xbf" + NEEDS.encode() + b"7,ride,M1S,en,,,,,caf\xe9,a@example.org\n" + GOOD.encode())
    assert importing(careweb, file)[0] == 3
    rejected = file.with_name("list.rejected.csv").read_text(encoding="utf-8")
    assert rejected == "line,ref,column,reason\n2,7,note,is not written in UTF-8\n"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "list.csv is empty"),
        (NEEDS.encode("utf-16"), "list.csv is not UTF-8"),
        (b"PK\x03\x04rest", "list.csv is a spreadsheet"),
        (
            b"ref,category,place,languages,latitude\n",
            "these columns are refused: 'latitude'; where exactly a person is",
        ),
        (b"1,groceries,M1S,ada@example.org\n", "the first line must name the columns"),
    ],
)
def test_an_unusable_file_is_told_in_one_line(careweb: Careweb, file: Path, content: bytes, reason: str) -> None:
    file.write_bytes(content)
    code, said = importing(careweb, file)
    assert code == 2
    assert reason in said
    assert said.count("\n") == 1
    assert "ada@" not in said
    assert not file.with_name("list.rejected.csv").exists()


def test_an_unknown_group_or_a_missing_file_ends_with_two(careweb: Careweb, file: Path) -> None:
    assert importing(careweb, file)[0] == 2
    file.write_text(NEEDS, encoding="utf-8")
    done = careweb("import", "needs", str(file), "--group", "nowhere")
    assert (done.exit_code, done.stderr) == (2, "Error: there is no group 'nowhere': `careweb groups` lists them\n")


def test_a_link_in_the_place_of_the_list_is_not_followed(careweb: Careweb, file: Path) -> None:
    precious = file.with_name("precious")
    precious.write_text("mine")
    os.symlink(precious, file.with_name("list.rejected.csv"))
    file.write_text(NEEDS + BAD, encoding="utf-8")
    assert importing(careweb, file)[0] == 3
    assert precious.read_text() == "mine"


def test_offers_come_in_and_go_out(careweb: Careweb, file: Path) -> None:
    header = "ref,categories,place,languages,radius_km,per_week,name,contact\n"
    file.write_text(header + "o1,ride groceries,M1S,yue,10,3,Müller,+1 416 555 0100\n", encoding="utf-8")
    done = careweb("import", "offers", str(file), "--group", "east", "--consent", "they signed our list")
    assert done.exit_code == 0
    assert done.stderr.startswith("1 offers taken, 0 were there already, 0 refused\n1 are of people with a telephone")
    done = careweb("export", "offers", "--group", "east", "--with-contact", "a phone tree")
    assert done.stdout.splitlines()[1].startswith("o1,east,active,awaiting,true,ride groceries,M1S,yue,10,3,,")
    assert done.stdout.splitlines()[1].endswith(",Müller,'+14165550100")


def test_progress_is_told_while_it_runs(careweb: Careweb, file: Path) -> None:
    rows = "".join(f"{n},groceries,M1S,en,,,,,,a{n}@example.org\n" for n in range(5200))
    file.write_text(NEEDS + rows, encoding="utf-8")
    code, said = importing(careweb, file)
    assert (code, said) == (0, "  5,000 rows\n5,200 needs taken, 0 were there already, 0 refused\n")


def test_what_goes_wrong_never_shows_a_row(careweb: Careweb, file: Path) -> None:
    file.write_text(NEEDS + GOOD, encoding="utf-8")
    done = careweb("import", "needs", str(file), "--group", "east", DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert done.exit_code == 1
    assert "the database" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_as_installed_writes_utf_8_whatever_the_locale(careweb: Careweb, file: Path, database: str) -> None:
    file.write_text(NEEDS + GOOD.replace("Rice", "Crème brûlée"), encoding="utf-8")
    assert importing(careweb, file)[0] == 0
    environment = {"DATABASE_URL": database, "CAREWEB_KEYS": KEYS, "LC_ALL": "C", "PYTHONUTF8": "0"}
    done = subprocess.run(
        [sys.executable, "-m", "careweb", "export", "needs", "--group", "east", "--with-contact", "trying it"],
        env=environment_of(file.parent / "state", **environment), cwd=paths.ROOT, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode("utf-8").splitlines()[1].endswith(",po@example.org,Crème brûlée")


def test_volunteers_whom_no_message_reaches_are_counted(careweb: Careweb, file: Path) -> None:
    header = "ref,categories,place,languages,contact\n"
    rows = "1,ride,M1S,en,416-555-0100\n2,ride,M1S,en,ada@example.org\n3,ride,M1S,en,416-555-0101\n"
    file.write_text(header + rows, encoding="utf-8")
    done = careweb("import", "offers", str(file), "--group", "east")
    assert done.exit_code == 0
    assert "\n2 are of people with a telephone number only: volunteers are asked by e-mail" in done.stderr
    assert "telephone" not in careweb("import", "offers", str(file), "--group", "east").stderr


def test_a_telephone_number_or_a_full_code_as_a_ref_is_neither_kept_nor_written_down(
    careweb: Careweb, file: Path
) -> None:
    row = GOOD.removeprefix("1")
    file.write_text(f"{NEEDS}416-555-0199{row}M5V 2T6{row}8{row}", encoding="utf-8")
    code, said = importing(careweb, file)
    rejected = file.with_name("list.rejected.csv").read_text(encoding="utf-8")
    assert (code, said.splitlines()[0]) == (3, "1 needs taken, 0 were there already, 2 refused")
    assert [line.split(",")[:3] for line in rejected.splitlines()[1:]] == [
        ["2", "(not shown)", "ref"],
        ["3", "(not shown)", "ref"],
    ]
    assert "0199" not in rejected
    assert "2T6" not in rejected
    assert "0199" not in careweb("export", "needs", "--group", "east").stdout


def test_a_note_keeps_no_full_code_and_a_position_costs_its_row(careweb: Careweb, file: Path) -> None:
    near, at = "near 43.65321 -79.38321", "I live at M5V 2T6"
    file.write_text(
        f"{NEEDS}{GOOD.replace('Rice', at)}{GOOD.replace('Rice', near).replace('1', '2', 1)}", encoding="utf-8"
    )
    assert importing(careweb, file)[0] == 3
    assert '3,2,note,"holds an exact position' in file.with_name("list.rejected.csv").read_text(encoding="utf-8")
    out = careweb("export", "needs", "--group", "east", "--with-contact", "trying it").stdout
    assert out.splitlines()[1].endswith(",I live at M5V")
