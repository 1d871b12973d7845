"""Self-contained HTML page of a comparison: plots, and tables that need no script."""

from html import escape
from string import Template

from graphmer.report.comparison import Comparison
from graphmer.report.comparison_table import comparison_tables
from graphmer.report.comparison_values import comparison_values
from graphmer.report.page import asset, embedded, scripts
from graphmer.report.sheet import Sheet

SCRIPTS = ("draw", "schemes", "comparison")
"""Parts of the page's script in the order of concatenation; the last one starts the page."""

_BANNER = (
    '<p class="banner" role="note">SIMULATED dialogues, sampled from a known process. The figures do not '
    "apply to real speech.</p>"
)

_BOLD = ' class="bold"'


def comparison_page(comparison: Comparison) -> str:
    """HTML page that opens from disk and loads nothing over the network.

    Args:
        comparison: of the systems.
    """
    content = comparison_values(comparison)
    corpus = comparison.scores[0].meta.get("corpus", "")
    facts = [
        corpus,
        ", ".join(comparison.scores[0].modalities),
        f"epoch selected by {_selection(comparison)}",
    ]
    return Template(asset("comparison.html")).substitute(
        title=escape(content["title"]),
        subtitle=escape(" · ".join(str(fact) for fact in facts if fact)),
        banner=_BANNER if comparison.simulated else "",
        style=asset("page.css") + asset("comparison.css"),
        tables="\n".join(_section(sheet) for sheet in comparison_tables(comparison)),
        data=embedded(content),
        script=scripts(SCRIPTS),
    )


def _selection(comparison: Comparison) -> str:
    selection = str(comparison.scores[0].meta["selection"])
    return "test_oracle: an upper bound, not a result" if selection == "test_oracle" else selection


def _section(sheet: Sheet) -> str:
    title = escape(sheet.title)
    notes = "".join(f"<li>{escape(note)}</li>" for note in sheet.notes)
    return (
        f'<section aria-label="{title}"><h2>{title}</h2>'
        f'<div class="scroll sheet" tabindex="0" role="region" aria-label="Table: {title}">'
        f'{html_table(sheet)}</div><ul class="notes quiet">{notes}</ul></section>'
    )


def html_table(sheet: Sheet) -> str:
    """A table as HTML, without title and notes.

    Args:
        sheet: all its texts are escaped.
    """
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in sheet.header)
    rows = []
    for place, (name, *cells) in enumerate(sheet.rows):
        kind = ' class="break"' if place in sheet.breaks else ""
        line = "".join(
            f"<td{_BOLD if (place, number) in sheet.bold else ''}>{escape(cell)}</td>"
            for number, cell in enumerate(cells, 1)
        )
        rows.append(f'<tr{kind}><th scope="row">{escape(name)}</th>{line}</tr>')
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
