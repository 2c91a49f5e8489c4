"""The operators' door: `careweb COMMAND`. A command's module is imported when it is called."""

import importlib

import click

COMMANDS = {  # name: module and what in it
    "audit": "careweb.cli.audit:audit",
    "backup": "careweb.cli.backups:backup",
    "demo": "careweb.cli.demo:demo",
    "doctor": "careweb.cli.doctor:doctor",
    "erased": "careweb.cli.restore:erased",
    "export": "careweb.cli.exports:export_",
    "groups": "careweb.cli.groups:groups",
    "import": "careweb.cli.imports:import_",
    "init": "careweb.cli.init:init",
    "keys": "careweb.cli.keys:keys",
    "mail-in": "careweb.cli.mail_in:mail_in",
    "members": "careweb.cli.members:members",
    "restore": "careweb.cli.restore:restore",
    "reviews": "careweb.cli.reviews:reviews",
    "revive": "careweb.cli.revive:revive",
    "roles": "careweb.cli.groups:roles",
    "places": "careweb.cli.places:places",
    "regions": "careweb.cli.regions:regions",
    "run": "careweb.cli.demo:run",
    "serve": "careweb.cli.serve:serve",
    "simulate": "careweb.cli.simulate:simulate",
    "solve": "careweb.cli.solve:solve",
    "update": "careweb.cli.update:update",
    "work": "careweb.cli.serve:work",
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        module, _, name = COMMANDS.get(cmd_name, "").partition(":")
        if not module:
            return None
        found: click.Command = getattr(importlib.import_module(module), name)
        return found


@click.group(cls=_Commands)
@click.version_option(package_name="careweb")
def main() -> None:
    """careweb, for the person who runs it."""
