"""Griffe extension: the reStructuredText that docstrings use, as Markdown and MathML.

Docstrings write formulas as ``:math:`` and ``.. math::``, tables between rows of ``=``, and code after ``::``, which
every editor shows readably. Formulas become MathML, which browsers draw without a script.
"""

import re
from textwrap import dedent
from typing import Any

import griffe
from latex2mathml.converter import convert

_ROLE = re.compile(r":math:`([^`]+)`")
_DIRECTIVE = re.compile(r"^( *)\.\. math::(.*(?:\n+\1 +.*)*)", re.MULTILINE)
_TABLE = re.compile(r"^( *)(=+(?:  *=+)+)\n((?:.*\n)+?)\1\2$", re.MULTILINE)
_BARE_LITERAL = re.compile(r"^ *::$\n?", re.MULTILINE)
_LITERAL = re.compile(r"(?<=\w)::$", re.MULTILINE)


class Restructured(griffe.Extension):
    """Rewrites every docstring before it is parsed."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Called for each module, class, function and attribute."""
        if obj.docstring is not None:
            obj.docstring.value = markdown(obj.docstring.value)


def markdown(docstring: str) -> str:
    """A docstring as Markdown.

    Example:
        >>> print(markdown("Of::\\n\\n    a\\n\\n==  ==\\nb   c\\n==  =="))
        Of:
        <BLANKLINE>
            a
        <BLANKLINE>
        |  |  |
        | --- | --- |
        | b | c |
    """
    text = _DIRECTIVE.sub(lambda found: f"{found[1]}{_formula(dedent(found[2]), 'block')}", docstring)
    text = _ROLE.sub(lambda found: f"<span>{_formula(found[1], 'inline')}</span>", text)
    text = _TABLE.sub(_table, text)
    return _LITERAL.sub(":", _BARE_LITERAL.sub("", text))


def _formula(latex: str, display: str) -> str:
    return convert(" ".join(latex.split()), display=display)


def _table(found: re.Match[str]) -> str:
    margin, rule, body = found[1], found[2], found[3]
    starts = [cell.start() for cell in re.finditer("=+", rule)]
    ends = [*starts[1:], None]
    lines = [line.removeprefix(margin) for line in body.splitlines()]
    cells = [
        [line[start:end].strip() for start, end in zip(starts, ends, strict=True)] for line in lines
    ]
    rows = [[""] * len(starts), ["---"] * len(starts), *cells]
    return "\n".join(f"{margin}| {' | '.join(row)} |" for row in rows)
