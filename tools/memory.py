"""What `make mutation` knows from before: which test noticed what, and which queries each test runs, until the code or that test
changes. It lies in .cache/mutation.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent
KEPT = ROOT / ".cache" / "mutation" / "noticed.json"
# One after the other: pages only for what the others do not notice.
ROOMS = (("storage",), ("flows", "delivery", "ticking", "workers"), ("web",))
QUICK, SLOW = (*ROOMS[0], *ROOMS[1]), ROOMS[2]


@dataclass(frozen=True, kw_only=True)
class Digests:
    code: str  # of all that a test may run, but the files of tests
    files: dict[str, str]  # of each of these

    def of(self, test: str) -> str:
        return self.code + self.files.get(test.partition("::")[0], "")


@dataclass(kw_only=True)
class Memory:
    digests: Digests
    tests: dict[str, dict[str, tuple[float, list[str]]]] = field(
        default_factory=dict
    )  # by file, with seconds and queries
    digest_of: dict[str, str] = field(default_factory=dict)  # of a file of tests when it was run
    noticed: dict[str, tuple[str, str]] = field(default_factory=dict)  # by which test, and its digest then
    passed: dict[str, dict[str, str]] = field(default_factory=dict)  # without it: tests and their digests then

    def by(self, what: str) -> str:
        by, digest = self.noticed.get(what, ("", ""))
        return by if digest == self.digests.of(by) else ""

    def remember(self, what: str, by: str) -> None:
        self.noticed[what] = (by, self.digests.of(by))
        self.passed.pop(what, None)
        self.write()

    def is_new(self, what: str, test: str) -> bool:
        """Whether this test may still notice."""
        return self.passed.get(what, {}).get(test) != self.digests.of(test)

    def write(self) -> None:
        kept = {"tests": self.tests, "digest_of": self.digest_of, "noticed": self.noticed, "passed": self.passed}
        KEPT.parent.mkdir(parents=True, exist_ok=True)
        new = KEPT.with_suffix(".new")  # whole, even if this run is killed meanwhile
        new.write_text(json.dumps(kept), encoding="utf-8")
        new.replace(KEPT)


def remembered() -> Memory:
    kept = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    files = [file for room in (*QUICK, *SLOW) for file in (ROOT / "tests" / room).glob("test_*.py")]
    shared = [file for file in (ROOT / "tests").rglob("*.py") if not file.name.startswith("test_")]
    rooms = [file for room in ("careweb", "workers", "sql", "templates") for file in (ROOT / room).rglob("*.*")]
    code = [file for file in rooms if file.is_file() and "__pycache__" not in file.parts]
    digests = Digests(code=_digest([*code, *shared]), files={name_of(file): _digest([file]) for file in files})
    return Memory(digests=digests, **kept)


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def _digest(files: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(name_of(file).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def say(how: str, what: str) -> None:
    print(f"{how:8}  {what}", flush=True)  # noqa: T201
