"""The guards of moves: what the WHERE (or HAVING) of a statement that changes or holds rows asks, beside which rows they are.

They are found in the text of sql/queries, condition by condition; a guard is dropped by making it true of every row. Those
inside SQL functions and triggers are found by tools/functions.py, those of rows by tools/policies.py.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

QUERIES = Path(__file__).parent.parent / "sql" / "queries"
_QUERY = re.compile(r"^-- name: (\w+).*?(?=^-- name: |\Z)", re.MULTILINE | re.DOTALL)
_MOVES = re.compile(r"\b(UPDATE|DELETE|INSERT|FOR SHARE)\b|set_config\('_")
_ENDS = re.compile(
    r"[();]|\$function|\b(?:RETURNING|ORDER BY|GROUP BY|HAVING|LIMIT|FOR (?:NO KEY )?UPDATE|FOR SHARE|ON CONFLICT|UNION|(?:LEFT |CROSS )?JOIN|WHERE|THEN|EXECUTE)\b"
)
_OF_THE_MOVE = re.compile(
    r"(AS|MATERIALIZED|FROM|JOIN|IN|LATERAL)$"
)  # before a bracket; others are questions inside a guard
_TOKENS = re.compile(r"[()]|\b(?:AND|OR)\b")
# Which row it is: its own key, or what joins it to another. Whose it is, or of what, beside the key, is a guard.
_WHICH = re.compile(
    r"(?:\w+\.)?(?:id|job|subject|slug|mark|record|market|layer|region_set|id_hash|kind|role|(?:need|offer|match|ask|region)_id)"
    r" (?:= (?:ANY \(.*\)|\(SELECT .*\)|[\w.:]+)|IN \(SELECT .*\))"
)
_WHOSE = re.compile(r"(?:\w+\.)?(?:member|person|group|need|offer|match|ask)_id = :\w+")
_OWN = re.compile(r"(?:\w+\.)?id = :\w+")
_JOIN = re.compile(r"(?!a\.member_id)(?:\w+\.)?\w*id = (?:\w+\.)?\w*id")  # an ask's member is whose it is
# Guards that stand elsewhere: what is asked is the answer.
_ELSEWHERE = {"hold_membership": "s.state = 'admitted'"}


Place = tuple[int, int]  # of a condition: where it starts and ends


@dataclass(frozen=True, kw_only=True)
class Guard:
    subject: str  # the query, function or trigger it is in; or the rows it guards
    condition: str
    number: int  # among conditions of this subject that read alike
    without: str  # its text, and the condition true of every row
    whole: str = ""  # what puts a function, a trigger or a policy back
    callers: frozenset[str]  # the query itself; of a function or a trigger, the queries and functions by which it runs

    @property
    def name(self) -> str:
        inside = "inside " if self.whole and not self.subject.startswith("rows of") else ""
        return f"{inside}{self.subject}: {self.condition}" + (f" #{self.number}" if self.number > 1 else "")


def guards() -> Iterator[Guard]:
    for name, query in texts_of_queries():
        yield from dropped(name, query, ((place, "OR true") for place in _guards_in(query)))


def texts_of_queries() -> Iterator[tuple[str, str]]:
    for file in sorted(QUERIES.glob("*.sql")):
        yield from ((query[1], query[0]) for query in _QUERY.finditer(file.read_text(encoding="utf-8")))


def dropped(subject: str, text: str, places: Iterable[tuple[Place, str]]) -> Iterator[Guard]:
    seen = Counter[str]()
    for (start, end), instead in places:
        words = " ".join(re.sub(r"--.*", "", text[start:end]).split())
        condition = words if instead == "OR true" else f"{words} (never)"
        seen[condition] += 1
        without = f"{text[:start]}({text[start:end]}\n {instead}){text[end:]}"
        alone = frozenset({subject})
        yield Guard(subject=subject, condition=condition, number=seen[condition], without=without, callers=alone)


def _guards_in(query: str) -> Iterator[Place]:
    text = blanked(query)
    if not _MOVES.search(text):
        return
    for where in re.finditer(r"\b(?:WHERE|HAVING)\b", text):
        around = _before_bracket(text, where.start())
        if around is None or _OF_THE_MOVE.search(around):
            together = list(conditions(text, where.end()))
            yield from (place for place in together if guards_rows(query, place, together))
    for name, condition in _ELSEWHERE.items():
        if query.startswith(f"-- name: {name}("):
            yield query.index(condition), query.index(condition) + len(condition)


def guards_rows(query: str, condition: Place, beside: list[Place]) -> bool:
    """Whether it asks more than which row."""
    words = " ".join(query[slice(*condition)].split())
    others = [" ".join(query[slice(*one)].split()) for one in beside if one != condition]
    if _WHOSE.fullmatch(words):
        key = _OWN if _WHICH.fullmatch(words) else _WHICH
        return any(key.fullmatch(other) for other in others)
    return not (_JOIN.fullmatch(words) or _WHICH.fullmatch(words))


def blanked(query: str) -> str:
    """As long, but no word in a comment or a string is one of SQL."""
    text = re.sub(r"--[^\n]*", lambda found: " " * len(found[0]), query)
    return re.sub(r"'[^']*'", lambda found: "'" + "_" * (len(found[0]) - 2) + "'", text)


def _end_of_clause(text: str, start: int) -> int:
    depth = 0
    for found in _ENDS.finditer(text, start):
        if found[0] == "(":
            depth += 1
        elif depth == 0:
            return found.start()
        elif found[0] == ")":
            depth -= 1
    return len(text)


def _before_bracket(text: str, at: int) -> str | None:
    """What stands before the bracket that this is in."""
    depth = 0
    for place in range(at - 1, -1, -1):
        if text[place] == ")":
            depth += 1
        elif text[place] == "(" and depth == 0:
            return text[:place].rstrip()
        elif text[place] == "(":
            depth -= 1
    return None


def conditions(text: str, start: int) -> Iterator[Place]:
    """Of the clause that starts here: parts of AND and OR, at whatever depth of brackets."""
    return _conditions(text, start, _end_of_clause(text, start))


def _conditions(text: str, start: int, end: int) -> Iterator[Place]:
    depth, begun = 0, start
    for found in [*_TOKENS.finditer(text, start, end), None]:
        word = found[0] if found else ""
        depth += (word == "(") - (word == ")")
        if not found or (depth == 0 and word in ("AND", "OR")):
            yield from _opened(text, begun, found.start() if found else end)
            begun = found.end() if found else end


def _opened(text: str, start: int, end: int) -> Iterator[Place]:
    part = text[start:end]
    start, end = start + len(part) - len(part.lstrip()), start + len(part.rstrip())
    if text[start] == "(" and _end_of_clause(text, start + 1) == end - 1:
        yield from _conditions(text, start + 1, end - 1)
    elif start < end:
        yield start, end
