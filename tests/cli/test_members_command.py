"""`careweb members`."""

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
