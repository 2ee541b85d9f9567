"""
A group of commands. In: what was typed. Out: the command that it names, or what there is in its place.
"""

from __future__ import annotations

import click

from ..mining.wording import ask_if_meant


class NamingGroup(click.Group):
    """
    A group that names its commands to who types another.
    """

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that *args* name; a slip is told with what may be meant, or with what there is."""
        names = self.list_commands(ctx)
        if args[0] not in names and not ctx.resilient_parsing:
            there_are = f". There are {', '.join(names)}."
            raise click.UsageError(f"No such command {args[0]!r}{ask_if_meant(args[0], names) or there_are}", ctx)
        return super().resolve_command(ctx, args)
