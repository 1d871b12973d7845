"""Generated parts of Markdown files, between the markers ``<!-- name -->`` and ``<!-- end name -->``."""

from collections.abc import Callable
from pathlib import Path


def fill(file: Path, name: str, content: Callable[[], str]) -> None:
    """Replace what stands between the markers of `name`, where the file has them."""
    text = file.read_text(encoding="utf-8")
    begin, end = f"<!-- {name} -->\n", f"<!-- end {name} -->"
    if begin in text:
        head, _, rest = text.partition(begin)
        file.write_text(head + begin + content() + end + rest.partition(end)[2], encoding="utf-8")
