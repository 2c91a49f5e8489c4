"""A line of the log can hold a route's template, a status, a time and a reference, and nothing else."""

import ast
import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from careweb import journal, paths
from careweb.web.outcomes import OUTCOMES
from careweb.web.routes import ROUTES
from tests.web.site import Site

PRIVATE = [
    "Po Lam", "po@example.org", "416 555 0123", "4165550123", "/need/7b0cf2f2-2f7e-4c1e-9a53-0d8f4b8f6a11", "M1S 2K3", "/a/QmFzZTY0", "谢谢",
    "/find?code=1234567890123456", "7b0cf2f2-2f7e-4c1e-9a53-0d8f4b8f6a11", "12 Elm Street", {"name": "Po"}, ["Po"], ["a.py:1 f", "Po Lam"], b"Po",
    "a\nlevel", None, True,
]  # fmt: skip


@pytest.mark.parametrize("value", PRIVATE, ids=str)
def test_what_leads_to_a_person_is_written_in_no_field(value: Any) -> None:
    given = dict.fromkeys([*journal.FIELDS, "body", "args", "path", "contact"], value)
    kept = journal.only_allowed(None, "info", given)
    assert kept == {}


def calls() -> Iterator[tuple[Path, ast.Call]]:
    for folder in ("careweb", "workers"):
        for file in (paths.ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and _is_log(node.func):
                    yield file, node


def _is_log(called: ast.expr) -> bool:
    levels = {"debug", "info", "warning", "error", "exception", "critical"}
    return (
        isinstance(called, ast.Attribute)
        and isinstance(called.value, ast.Name)
        and (called.value.id, called.attr in levels) == ("log", True)
    )


def test_whoever_writes_to_the_log_names_allowed_fields_and_writes_events_out() -> None:
    found = list(calls())
    assert len(found) > 10
    for file, call in found:
        assert {one.arg for one in call.keywords if one.arg} <= set(journal.FIELDS), (file, call.lineno)
        event = call.args[0]
        written = isinstance(event, ast.Constant) and journal.FIELDS["event"](event.value)
        assert written or (file.name, call.func.attr) == ("records.py", "error"), (file, call.lineno)  # type: ignore[attr-defined]


def test_nobody_writes_to_the_log_another_way() -> None:
    allowed = {paths.ROOT / "careweb" / "journal.py"}
    for folder in ("careweb/web", "careweb/flows", "careweb/storage", "careweb/delivery", "careweb/domain", "workers"):
        for file in set((paths.ROOT / folder).rglob("*.py")) - allowed:
            text = file.read_text(encoding="utf-8")
            assert "import logging" not in text, file
            assert "print(" not in text or file.name == "__main__.py", file


def test_a_request_is_logged_by_its_template_whatever_its_address_and_form_hold(site: Site) -> None:
    templates = {getattr(route, "path", "") for route in ROUTES} | {"none"}
    with capture_logs() as captured:
        site.person().see("/need/7b0cf2f2-2f7e-4c1e-9a53-0d8f4b8f6a11?name=Po")
        site.person().see("/nothing/po@example.org")
        site.person().press("/g/east/ask", {"text": "416 555 0123", "name": "Po Lam"})
        site.person().see("/find", headers={"user-agent": "Po Lam"})
    kept = [dict(journal.only_allowed(None, "info", dict(line))) for line in captured]
    requests = [line for line in kept if line["event"] == "request"]
    assert len(requests) == 4
    for line in requests:
        assert set(line) - {"outcome"} == {"event", "route", "method", "status", "ms"}
        assert line.get("outcome", "foreign") in OUTCOMES
        assert line["route"] in templates
    assert "Po" not in json.dumps(kept)
    assert "416" not in json.dumps(kept)


def test_every_line_says_when_in_utc_wherever_the_machine_thinks_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = structlog.get_config()
    try:
        monkeypatch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        journal.configure_log()
        structlog.get_logger().info("started")
    finally:
        structlog.configure(**usual)
        monkeypatch.undo()
        time.tzset()
    said = json.loads(capsys.readouterr().out)["timestamp"]
    at = datetime.fromisoformat(said)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", said)
    assert at.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=5)


def test_the_web_process_and_the_workers_write_through_the_same_list() -> None:
    usual = structlog.get_config()
    try:
        journal.configure_log()
        assert journal.only_allowed in structlog.get_config()["processors"]
    finally:
        structlog.configure(**usual)
    for file in ("careweb/web/app.py", "workers/__main__.py"):
        assert "from careweb.journal import configure_log" in (paths.ROOT / file).read_text(encoding="utf-8")
