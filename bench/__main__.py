"""`python -m bench [PART]`: runs every part, or one, and writes each one's section of docs/benchmarks.md."""

import importlib

import click

PARTS = {  # in the order of the document: name and module, whose `main` is the command
    "start": "bench.start",
    "product": "bench.product",
    "roles": "bench.roles",
    "surge": "bench.surge",
    "candidates": "bench.candidates",
    "simulate": "bench.simulation",
    "recruiting": "bench.recruiting",
    "tick": "bench.ticking",
    "solve": "bench.solving",
}


class _Parts(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return list(PARTS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in PARTS:
            return None
        found: click.Command = importlib.import_module(PARTS[cmd_name]).main
        return found


@click.group(cls=_Parts, invoke_without_command=True)
@click.pass_context
def main(ctx: click.Context) -> None:
    """Measure everything, or one part of it."""
    if ctx.invoked_subcommand is None:
        for name in PARTS:
            importlib.import_module(PARTS[name]).main.main([], standalone_mode=False)


if __name__ == "__main__":
    main()
