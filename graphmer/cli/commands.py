"""How commands are listed."""

from collections.abc import Callable

import typer


def add(app: typer.Typer, *commands: Callable[..., None]) -> None:
    """Give `app` its commands, listed with the first line of their help in full.

    Typer by itself cuts that line to the width that is left.
    """
    for command in commands:
        app.command(short_help=(command.__doc__ or "").partition("\n")[0])(command)
