"""What groups apart cost: the same verbs as the application's roles and as somebody who sees everything, turn by turn."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

import click
import uvloop

from bench import document, machine
from bench.stage import Stage, own_servers, settled
from bench.town import open_town, wanted
from careweb.cli.steps import step
from careweb.domain.board import Area
from careweb.domain.contacts import by_code, read_contact
from careweb.domain.errors import AtCapacityError, NotNowError
from careweb.domain.hours import ANY_TIME
from careweb.domain.needs import NewNeed
from careweb.domain.states import Reach, Urgency
from careweb.flows.asks import accept
from careweb.flows.board import board
from careweb.flows.context import Context
from careweb.flows.entering import act_for, act_in, enter
from careweb.flows.following import follow
from careweb.flows.groups import group_by_slug
from careweb.flows.matching import match_need
from careweb.flows.needs import post_need
from careweb.flows.offers import my_page
from careweb.storage.database import Engine, driver, open_engine, transaction
from careweb.storage.logins import Login, open_login
from careweb.storage.sealing import Vault, open_vault

MOST = 0.15  # of the time of a post or an accept may groups apart cost
WARM_UP = 20  # turns that are not counted: each connection plans its statements
Verb = Callable[[Context], Awaitable[Any]]


def by(verb: Callable[..., Awaitable[Any]], *values: Any) -> Verb:
    """With these values, whatever the loop has by then."""
    return lambda ctx: verb(ctx, *values)


@dataclass(frozen=True, kw_only=True)
class Ways:
    """The way in that sees everything, and those of the application."""

    operator: Engine
    web: Engine
    matcher: Engine
    stage: Stage
    vault: Vault
    times: dict[str, tuple[list[float], list[float]]] = field(default_factory=dict)

    async def once(self, name: str, verb: Verb, entering: Verb | None, engine: Engine, now: datetime) -> Any:
        apart = engine is not self.operator
        started = time.perf_counter()
        async with transaction(engine) as tx:
            ctx = Context(tx=tx, vault=self.vault, settings=self.stage.settings, now=now)
            if apart and entering:
                await entering(ctx)
            result = await verb(ctx)
        self.times.setdefault(name, ([], []))[apart].append(time.perf_counter() - started)
        return result


@click.command()
@click.option("--offers", default=100_000, show_default=True)
@click.option("--turns", default=300, show_default=True, help="of each verb, each way")
@click.option("--out", type=Path, default=document.PAGE, help="where the report goes")
def main(offers: int, turns: int, out: Path) -> None:
    """Measure what row-level security costs."""
    start, about = time.monotonic(), machine.describe()

    async def run(stage: Stage) -> dict[str, tuple[list[float], list[float]]]:
        async with settled(stage, offers) as copy, _ways(copy) as ways:
            await measure(ways, turns)
            return ways.times

    with own_servers() as stage:
        times = uvloop.run(run(stage))
    text = document.section(
        command="make bench ARGS=roles", took=time.monotonic() - start, about=about, text=report(times, offers)
    )
    click.echo("\n" + text)
    document.write("roles", text, out)


@asynccontextmanager
async def _ways(stage: Stage) -> AsyncIterator[Ways]:
    vault = open_vault(stage.settings)
    web, matcher = (open_login(login, stage.settings, vault) for login in (Login.WEB, Login.MATCHER))
    operator = open_engine(stage.database_url)
    try:
        yield Ways(operator=operator, web=web, matcher=matcher, stage=stage, vault=vault)
    finally:
        for engine in (operator, web, matcher):
            await engine.dispose()


async def measure(ways: Ways, turns: int) -> None:
    with step(f"{turns} needs posted, each way"):
        needs = await _post(ways, turns)
    with step("matched"):
        asks = await _match(ways, needs)
    with step(f"{len(asks)} asks accepted"):
        await _accept(ways, asks)
    with step("pages"):
        await _look(ways, needs[:turns], asks[:turns])


def _engines(ways: Ways, other: Engine, count: int) -> Sequence[Engine]:
    return [other if n % 2 else ways.operator for n in range(count)]


async def _post(ways: Ways, turns: int) -> list[tuple[str, Any]]:
    async with transaction(ways.operator) as tx:
        town = await open_town(await driver(tx), seed=3)
    posted = []
    typed = list(wanted(town, 2 * turns + WARM_UP))
    for (slug, fields), engine in zip(typed, _engines(ways, ways.web, len(typed)), strict=True):
        now = datetime.now(UTC)
        need = _need(fields, now)

        async def post(ctx: Context, slug: str = slug, need: NewNeed = need) -> Any:
            group = await group_by_slug(ctx, slug)
            return await post_need(ctx, group.id, need, form_id=uuid4().hex, secret_hash="hashed before")  # noqa: S106

        made = await ways.once("post", post, by(act_in, slug), engine, now)
        posted.append((slug, made.need_id))
    return posted


def _need(fields: dict[str, str], now: datetime) -> NewNeed:
    spoken = tuple(dict.fromkeys([fields["language"], *([fields["language2"]] if "language2" in fields else [])]))
    kind = fields["contact_kind"]
    return NewNeed(
        category=fields["category"], zone_code=fields["kept_zone"], languages=spoken, urgency=Urgency(fields["urgency"]),
        needed_by=now + timedelta(days=2), hours=ANY_TIME, helpers=int(fields["helpers"]), reach=Reach(fields["reach"]),
        name=fields["name"], contact=by_code() if kind == "code" else read_contact(fields["contact"]), text=fields["text"],
        show_text=False, see_first=False, locale="en",
    )  # fmt: skip


async def _match(ways: Ways, needs: Sequence[tuple[str, Any]]) -> list[tuple[Any, Any]]:
    for (_, need_id), engine in zip(needs, _engines(ways, ways.matcher, len(needs)), strict=True):
        await ways.once("match", by(match_need, need_id), None, engine, datetime.now(UTC))
    async with transaction(ways.operator) as tx:
        rows = await (await driver(tx)).fetch(
            "SELECT DISTINCT ON (need_id) id, member_id FROM ask ORDER BY need_id, id"
        )
    return [(row["id"], row["member_id"]) for row in rows]


async def _accept(ways: Ways, asks: Sequence[tuple[Any, Any]]) -> None:
    for (ask_id, member_id), engine in zip(asks, _engines(ways, ways.web, len(asks)), strict=True):

        async def yes(ctx: Context, ask_id: Any = ask_id, member_id: Any = member_id) -> None:
            try:
                await accept(ctx, ask_id, member_id)
            except (AtCapacityError, NotNowError):
                click.echo("  one was not free any more")

        await ways.once("accept", yes, by(enter, ask_id), engine, datetime.now(UTC))


async def _look(ways: Ways, needs: Sequence[tuple[str, Any]], asks: Sequence[tuple[Any, Any]]) -> None:
    """The same page both ways, one after the other."""
    for (slug, need_id), (_, member_id) in zip(needs, asks, strict=False):
        for engine in (ways.operator, ways.web):
            now = datetime.now(UTC)

            async def see_board(ctx: Context, slug: str = slug) -> None:
                await board(ctx, (await group_by_slug(ctx, slug)).id, Area(province="", region="", layer="urban-areas"))

            await ways.once(
                "a need's page",
                by(follow, need_id),
                by(enter, need_id),
                engine,
                now,
            )
            await ways.once(
                "a volunteer's page",
                by(my_page, member_id),
                by(act_for, member_id),
                engine,
                now,
            )
            await ways.once("the board", see_board, by(act_in, slug), engine, now)


def report(times: dict[str, tuple[list[float], list[float]]], offers: int) -> str:
    lines = [
        "## Groups apart",
        "",
        f"{offers:,} offers. Each transaction by itself, as somebody who sees everything and as the role of the application that"
        " does it, turn by turn; with the statement that says for which group and person.",
        "",
        "| milliseconds, median (nine in ten) | turns | sees everything | apart | ratio |",
        "|---|--:|--:|--:|--:|",
    ]
    lost = {}
    for name, both in times.items():
        free, apart = (sorted(some[WARM_UP:]) for some in both)
        lost[name] = median(apart) / median(free)
        lines.append(f"| {name} | {len(apart)} | {_ms(free)} | {_ms(apart)} | {lost[name]:.2f} |")
    met = all(lost[name] <= 1 + MOST for name in ("post", "accept"))
    lines += ["", f"Aim: at most {MOST:.0%} lost on post and accept: {'met' if met else 'missed'}."]
    return "\n".join(lines)


def _ms(some: Sequence[float]) -> str:
    return f"{median(some) * 1000:.1f} ({some[len(some) * 9 // 10] * 1000:.1f})"
