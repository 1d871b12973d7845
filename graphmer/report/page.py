"""Self-contained HTML report with embedded styles, scripts and data."""

import html
import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from string import Template
from typing import Any

SCRIPTS = (
    "draw",
    "schemes",
    "scores",
    "matrices",
    "timeline",
    "turns",
    "graph",
    "router",
    "hardness",
    "training",
    "provenance",
    "page",
)
"""Parts of the page's script in the order of concatenation; the last one starts the page."""


def page(content: Mapping[str, Any]) -> str:
    """HTML report that opens from disk and loads nothing over the network.

    Args:
        content: JSON values, as returned by `graphmer.experiment.reporting.report_content`.
    """
    template = Template(asset("page.html"))
    mark = "SIMULATED: " if content["simulated"] else ""
    return template.substitute(
        title=html.escape(f"{mark}{content['title']}"),
        style=asset("page.css"),
        data=embedded(content),
        script=scripts(SCRIPTS),
    )


def asset(name: str) -> str:
    """Text of a file of the page, by its name."""
    return (files("graphmer.report") / "assets" / name).read_text(encoding="utf-8")


def scripts(names: Sequence[str]) -> str:
    """Script of a page from its parts, in their order."""
    return "\n".join(asset(f"{name}.js") for name in names)


def embedded(content: Mapping[str, Any]) -> str:
    """JSON that is safe inside a script element."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")
