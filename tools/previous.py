"""`make previous`: the tests of the release before, on the schema of this one.

While an update is under way, processes of the release before go on working on the new schema. So a migration first
expands (adds what is new, keeps what is old); what nobody uses any more is contracted a release later. Here the release
before is checked out beside this one and given the new migrations and the new rules of who sees what; its queries and its
tests of storage, flows and doors must pass on them.

The release before is the last tag of a version (v1.0); where none is, the newest state of this branch that has fewer migrations. A test that
fails is tried once more on the schema it came with: one that fails there too says nothing about this one, and is named.
One that has to differ because the product changed on purpose stands in MEANT with the reason, and must fail.
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
TREE = ROOT / ".cache" / "previous"
TESTS = ("tests/storage", "tests/flows", "tests/delivery", "tests/ticking", "tests/workers", "tests/web")
ABOUT_THE_SCHEMA = {  # not how the release behaves on it: these compare it with what it was then
    "tests/storage/test_migrations.py": "the schema equals its migrations, whose edition this is",
    "tests/storage/test_constraints.py": "the list of constraints as it was",
    "tests/storage/test_upgrade.py": "an update to the schema of then",
}
# By the migration (or access.sql) that came with it, so that what a release has behind it is struck out.
MEANT: dict[str, dict[str, str]] = {}

_ENDED = re.compile(r"^(?:FAILED|ERROR) (\S+?)(?: - |$)", re.MULTILINE)
_COUNTED = re.compile(r"^=*\s*((?:\d+ \w+, )*\d+ (?:passed|failed|errors?)\b.*?) in [\d.]+s.*$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    failed: list[str]
    counted: str


def git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


def migrations_of(revision: str) -> set[str]:
    return set(git("ls-tree", "--name-only", revision, "sql/migrations/").splitlines())


def before() -> str:
    """The last version before this commit; else the newest state that landed here with fewer migrations; else nothing."""
    here = migrations_of("HEAD") | {f"sql/migrations/{file.name}" for file in (ROOT / "sql/migrations").glob("*.sql")}
    if tag := git("describe", "--tags", "--abbrev=0", "--match", "v[0-9]*", "HEAD^"):
        return tag
    landed = git("rev-list", "--first-parent", "HEAD").splitlines()
    return next((one for one in landed if migrations_of(one) and migrations_of(one) < here), "")


def say(what: str) -> None:
    print(what, flush=True)  # noqa: T201


def check_out(revision: str) -> None:
    forget()
    git("worktree", "add", "--detach", str(TREE), revision)
    if not TREE.is_dir():
        raise SystemExit(f"git could not check out {revision} into {TREE}")


def forget() -> None:
    git("worktree", "remove", "--force", str(TREE))
    shutil.rmtree(TREE, ignore_errors=True)
    git("worktree", "prune")


def bring_schema() -> None:
    for file in (ROOT / "sql").rglob("*.sql"):
        if file.parent.name != "queries":
            shutil.copy2(file, TREE / file.relative_to(ROOT))


def run_tests(tests: list[str]) -> Outcome:
    options = [
        "-q",
        "-rfE",
        "--no-header",
        "--tb=short",
        "-p",
        "no:cacheprovider",
        "--numprocesses=2",
        "--dist=loadfile",
    ]
    own = {"PYTHONPATH": str(TREE), "CI": "true", "COLUMNS": "2000"}  # CI: no server is left behind
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *tests], cwd=TREE, env=os.environ | own, capture_output=True, text=True, check=False
    )  # fmt: skip
    counted = _COUNTED.findall(done.stdout)
    if not counted:
        raise SystemExit(done.stdout[-3000:] + done.stderr[-3000:])
    failed = _ENDED.findall(done.stdout)
    if failed:
        (ROOT / ".cache" / "previous.log").write_text(done.stdout, encoding="utf-8")
    return Outcome(failed=failed, counted=counted[-1])


def chosen(asked: list[str]) -> list[str]:
    """Files, so that what is left out can be named."""
    found = [file for room in asked or TESTS for file in _files(TREE / room)]
    names = [file.relative_to(TREE).as_posix() for file in found]
    for name in names:
        if name in ABOUT_THE_SCHEMA:
            say(f"left out  {name}: {ABOUT_THE_SCHEMA[name]}")
    return [name for name in names if name not in ABOUT_THE_SCHEMA]


def _files(room: Path) -> list[Path]:
    return sorted(room.glob("test_*.py")) if room.is_dir() else [room] * room.exists()


def main() -> int:
    revision = git("rev-parse", "--short", "--verify", f"{sys.argv[1]}^{{commit}}") if sys.argv[1:] else before()
    if not revision:
        return nothing_before()
    new = {Path(one).name for one in git("ls-files", "sql/migrations").splitlines()}
    new -= {Path(one).name for one in migrations_of(revision)}
    say(
        f"the tests of {git('describe', '--tags', '--always', revision)} on this schema, which is newer by {', '.join(sorted(new)) or 'nothing'}"
    )
    check_out(revision)
    try:
        bring_schema()
        return judge(chosen(sys.argv[2:]), new)
    finally:
        forget()


def nothing_before() -> int:
    if sys.argv[1:]:
        say(f"{sys.argv[1]} is no revision of this repository")
        return 2
    if git("rev-parse", "--is-shallow-repository") == "true":
        say(
            "nothing to compare with: this clone is shallow, and no state in it has an older schema. git fetch --unshallow brings more"
        )
        return 2
    say("nothing to compare with: there was no state with an older schema")
    return 0


def judge(tests: list[str], new: set[str]) -> int:
    outcome = run_tests(tests)
    meant = {test: why for file, those in MEANT.items() if file in new | {"access.sql"} for test, why in those.items()}
    failed = [test for test in outcome.failed if test not in meant]
    red_before: list[str] = []
    if failed:
        subprocess.run(["git", "checkout", "--quiet", "--force", "."], cwd=TREE, check=True)
        subprocess.run(["git", "clean", "--quiet", "--force", "sql"], cwd=TREE, check=True)
        red_before = [test for test in run_tests(failed).failed if test in failed]
    broken = [test for test in failed if test not in red_before]
    passed_all_the_same = [test for test in meant if test.partition("::")[0] in tests and test not in outcome.failed]
    for test in outcome.failed:
        how = (
            f"meant     {test}: {meant[test]}"
            if test in meant
            else f"red before  {test}"
            if test in red_before
            else f"BROKEN    {test}"
        )
        say(how)
    for test in passed_all_the_same:
        say(f"PASSES    {test}: strike it out of MEANT")
    say(
        f"{outcome.counted}; of these meant: {len(meant) - len(passed_all_the_same)}; red on their own schema too: {len(red_before)}; "
        f"broken by this schema: {len(broken)}"
    )
    return 1 if broken or passed_all_the_same else 0


if __name__ == "__main__":
    sys.exit(main())
