"""Consoles of the commands, and printing of errors."""

from rich.console import Console
from rich.text import Text

console = Console()
errors = Console(stderr=True)


def complain(message: str) -> None:
    """Print each line of an error message to standard error, in red and without wrapping."""
    for line in message.splitlines():
        errors.print(Text(f"error: {line}", style="bold red"), soft_wrap=True)


def banner(message: str) -> None:
    """Print a highlighted line."""
    console.print(Text(f" {message} ", style="black on yellow"), soft_wrap=True)
