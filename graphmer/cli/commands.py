"""Registration of commands."""

from collections.abc import Callable

import typer


def add(app: typer.Typer, *commands: Callable[..., None]) -> None:
    """Register commands that are listed with the complete first line of their help.

    By default Typer truncates this line to the remaining width.

    Args:
        app: application that gets the commands.
        commands: functions with a docstring.
    """
    for command in commands:
        app.command(short_help=(command.__doc__ or "").partition("\n")[0])(command)
