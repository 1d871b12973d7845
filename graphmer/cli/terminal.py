"""Consoles of the commands, and printing of errors."""

from collections.abc import Iterator
from typing import Any

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook, RenderResult
from rich.segment import Segment
from rich.text import Text

from graphmer.characters import visible


class _Visible:
    """What is printed, with the control characters of its texts as escapes."""

    def __init__(self, content: ConsoleRenderable) -> None:
        self._content = content

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        return self._segments(console, options)

    def _segments(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        for segment in console.render(self._content, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text))


class _VisibleHook(RenderHook):
    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_Visible(content) for content in renderables]


def terminal(**settings: Any) -> Console:
    """Console on which names and transcripts cannot act as control sequences.

    Args:
        settings: of Rich's `Console`.
    """
    made = Console(**settings)
    made.push_render_hook(_VisibleHook())
    return made


console = terminal()
errors = terminal(stderr=True)


def complain(message: str) -> None:
    """Print each line of an error message to standard error, in red and without wrapping."""
    for line in visible(message).splitlines():
        errors.print(Text(f"error: {line}", style="bold red"), soft_wrap=True)


def banner(message: str) -> None:
    """Print a highlighted line."""
    console.print(Text(f" {message} ", style="black on yellow"), soft_wrap=True)
