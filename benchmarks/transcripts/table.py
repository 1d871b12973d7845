"""Table of reading long transcripts."""

from collections.abc import Mapping
from typing import Any


def long_transcripts_table(result: Mapping[str, Any]) -> str:
    """Seconds and memory of each format, and the machine."""
    lines = ["| format | file, MB | 1,000 turns | 10,000 turns |", "| --- | ---: | ---: | ---: |"]
    for name, rows in result["measured"].items():
        if "refused" in rows:
            row = rows["refused"]
            lines.append(f"| {name} | {row['file_mb']:.0f} | | refused in {cell(row)} |")
        else:
            few, many = (rows[str(number)] for number in (1000, 10_000))
            lines.append(f"| {name} | {many['file_mb']:.1f} | {cell(few)} | {cell(many)} |")
    machine = result["environment"]
    version = machine["versions"]["python"]
    about = f"Seconds of the processor, and the peak of the memory. Commit {machine['commit']}, "
    about += f"Python {version}, {machine['processor']}."
    return "\n" + "\n".join([*lines, "", about]) + "\n\n"


def cell(row: Mapping[str, Any]) -> str:
    return f"{row['seconds']:.2f} s, {row['peak_mb']:.0f} MB"
