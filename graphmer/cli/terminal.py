"""What the commands share on the terminal."""

from rich.console import Console
from rich.text import Text

console = Console()
errors = Console(stderr=True)


def complain(message: str) -> None:
    """Print each line of an error message in red to the standard error, unwrapped."""
    for line in message.splitlines():
        errors.print(Text(f"error: {line}", style="bold red"), soft_wrap=True)


def banner(message: str) -> None:
    """Print a line that must not be missed."""
    console.print(Text(f" {message} ", style="black on yellow"), soft_wrap=True)
