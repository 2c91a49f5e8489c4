"""`careweb reviews`: what waits for a person for too long, and where nobody of a group may look at it."""

import asyncio

import click

from careweb.cli.door import context
from careweb.config import settings
from careweb.flows.reviewing import Left, reviews_left


@click.command("reviews")
def reviews() -> None:
    """List held needs and reports that are overdue, or that nobody of their group may judge; never what they are about.

    A person is named with `careweb roles grant CONTACT coordinator --group SLUG`: whoever was not part of it may judge it.
    """
    left = asyncio.run(_left())
    for one in left:
        click.echo(_described(one))
    if not left:
        click.echo("nothing waits for too long")


async def _left() -> list[Left]:
    async with context(settings()) as ctx:
        return await reviews_left(ctx)


def _described(one: Left) -> str:
    what = f"{'urgent ' * one.urgent}{one.kind}{', appealed' * one.appealed}"
    times = f"of {one.opened_at:%Y-%m-%d %H:%M}, due {one.due_at:%Y-%m-%d %H:%M} UTC"
    mend = f"nobody may judge it: careweb roles grant CONTACT coordinator --group {one.slug}"
    return f"{one.slug}  {what}  {times}  {mend if one.nobody else 'overdue: remind those who coordinate'}"
