"""`make previous`: the tests of the release before, on the schema of this one.

While an update is under way, processes of the release before go on working on the new schema. So a migration first
expands (adds what is new, keeps what is old); what nobody uses any more is contracted a release later. Here the release
before is checked out beside this one and given the new migrations; its queries and its tests must pass on them.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
TREE = ROOT / ".cache" / "previous"
# Not those that are about the schema itself, which is another one now.
TESTS = ("tests/storage/test_queries.py", "tests/flows", "tests/delivery", "tests/ticking", "tests/workers/test_sweep.py",
         "tests/web/test_asking.py", "tests/web/test_connecting.py", "tests/web/test_volunteering.py", "tests/web/test_board.py")  # fmt: skip


def git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


def before() -> str:
    """The last tag; where there is none, the commit before the newest migration came."""
    if tag := git("describe", "--tags", "--abbrev=0"):
        return tag
    newest = max((ROOT / "sql" / "migrations").glob("*.sql")).relative_to(ROOT)
    added = git("log", "--diff-filter=A", "--format=%H", "--", str(newest)).splitlines()
    return f"{added[-1]}^" if added else "HEAD"


def main() -> int:
    revision = git("rev-parse", "--short", sys.argv[1] if sys.argv[1:] else before())
    git("worktree", "remove", "--force", str(TREE))
    shutil.rmtree(TREE, ignore_errors=True)
    git("worktree", "prune")
    git("worktree", "add", "--detach", str(TREE), revision)
    try:
        shutil.copytree(ROOT / "sql" / "migrations", TREE / "sql" / "migrations", dirs_exist_ok=True)
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "--no-header",
            "-p",
            "no:cacheprovider",
            *(one for one in (sys.argv[2:] or TESTS) if (TREE / one).exists()),
        ]
        print(f"the tests of {revision} on this schema", flush=True)  # noqa: T201
        return subprocess.run(command, cwd=TREE, env=os.environ | {"PYTHONPATH": str(TREE)}, check=False).returncode
    finally:
        git("worktree", "remove", "--force", str(TREE))


if __name__ == "__main__":
    sys.exit(main())
