"""One HTML page that needs nothing else: styles, scripts and data are inside."""

import html
import json
from collections.abc import Mapping
from importlib.resources import files
from string import Template
from typing import Any

SCRIPTS = (
    "draw",
    "scores",
    "matrices",
    "timeline",
    "graph",
    "router",
    "hardness",
    "training",
    "provenance",
    "page",
)
"""Components of the page's script in the order in which they are joined; the last one starts it."""


def page(content: Mapping[str, Any]) -> str:
    """The report as HTML that opens from disk and loads nothing over the network.

    Args:
        content: JSON values, as `graphmer.experiment.reporting.report_content` gives them.
    """
    template = Template(_asset("page.html"))
    mark = "SIMULATED: " if content["simulated"] else ""
    return template.substitute(
        title=html.escape(f"{mark}{content['title']}"),
        style=_asset("page.css"),
        data=_embedded(content),
        script="\n".join(_asset(f"{name}.js") for name in SCRIPTS),
    )


def _asset(name: str) -> str:
    return (files("graphmer.report") / "assets" / name).read_text(encoding="utf-8")


def _embedded(content: Mapping[str, Any]) -> str:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")
