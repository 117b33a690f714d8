"""The commands as one group, whose help says defaults as they are."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup


class Group(TyperGroup):
    """Shows the default of an option that a file may set as `[default: general]`, not in typer's parentheses."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command, its defaults in words."""
        return _plain(super().get_command(ctx, cmd_name))


def _plain(command: Any) -> Any:
    for parameter in getattr(command, "params", ()):
        default = getattr(parameter, "show_default", None)
        if isinstance(default, str):
            parameter.help = f"{parameter.help} [dim]\\[default: {default}][/dim]"
            parameter.show_default = False
    for child in getattr(command, "commands", {}).values():
        _plain(child)
    return command
