"""LaTeX of a table, for a paper."""

import re
from collections.abc import Sequence

from graphmer.report.sheet import Sheet

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "±": r"$\pm$",
    "µ": r"$\mu$",
}
_NEGATIVE = re.compile(r"(?<!\w)-(?=\d)")
"""Sign of a negative number, unlike the hyphen of a name."""


def escaped(text: str) -> str:
    r"""Text as LaTeX prints it; control characters become spaces.

    Example:
        >>> escaped("100 % of gcnet_iemocap4")
        '100 \\% of gcnet\\_iemocap4'
    """
    return "".join(_SPECIAL.get(sign, sign if sign.isprintable() else " ") for sign in text)


def latex(sheet: Sheet, label: str) -> str:
    r"""A ``table`` environment with the rules of booktabs, for ``\input``; ends with a newline.

    It needs ``\usepackage{booktabs}``. The notes are printed below the table.

    Args:
        sheet: table, title and notes.
        label: of the table, for ``\ref``.
    """
    rows = []
    for place, row in enumerate(sheet.rows):
        rows += [r"    \midrule"] if place in sheet.breaks else []
        rows.append(_line([_cell(cell, bold=(place, at) in sheet.bold) for at, cell in enumerate(row)]))
    notes = escaped(" ".join(sheet.notes))
    return "\n".join(
        [
            r"\begin{table}",
            r"  \centering",
            rf"  \caption{{{escaped(sheet.title)}}}",
            rf"  \label{{{label}}}",
            rf"  \begin{{tabular}}{{l{'r' * (len(sheet.header) - 1)}}}",
            r"    \toprule",
            _line([escaped(name) for name in sheet.header]),
            r"    \midrule",
            *rows,
            r"    \bottomrule",
            r"  \end{tabular}",
            rf"  \par\smallskip\raggedright\footnotesize {notes}",
            r"\end{table}",
            "",
        ]
    )


def _cell(text: str, *, bold: bool) -> str:
    printed = _NEGATIVE.sub("$-$", escaped(text))
    return rf"\textbf{{{printed}}}" if bold else printed


def _line(cells: Sequence[str]) -> str:
    return f"    {' & '.join(cells)} \\\\"
