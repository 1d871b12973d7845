"""Griffe extension: what docstrings write for readers of the source, as Markdown and MathML.

Docstrings write formulas as ``:math:`` and ``.. math::``, tables between rows of ``=``, code after ``::``.
Formulas become MathML, which browsers draw without a script.
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
_EXAMPLE = re.compile(r"^Example:$", re.MULTILINE)


class Docstrings(griffe.Extension):
    """Rewrites docstrings before they are parsed, and leaves out what says nothing."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Called for each module, class, function and attribute."""
        if obj.docstring is not None:
            obj.docstring.value = markdown(obj.docstring.value)

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Called when all is read."""
        for package in pkg.modules.values():
            _prune(package)


def _prune(parent: griffe.Object) -> None:
    """Remove names imported from elsewhere, and attributes without a docstring (parameters tell of those)."""
    for name, member in list(parent.members.items()):
        if member.is_alias or _is_plain(member):
            parent.del_member(name)
        elif member.is_module or member.is_class:
            _prune(member)


def _is_plain(member: griffe.Object | griffe.Alias) -> bool:
    return member.is_attribute and "property" not in member.labels and not member.has_docstring


def markdown(docstring: str) -> str:
    r"""A docstring as Markdown.

    Example:
        >>> print(markdown("Of::\n\n    a\n\n==  ==\nb   c\n==  =="))
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
    text = _LITERAL.sub(":", _BARE_LITERAL.sub("", text))
    return _EXAMPLE.sub("Examples:", text)  # the name by which griffe knows the section


def _formula(latex: str, display: str) -> str:
    return convert(" ".join(latex.split()), display=display)


def _table(found: re.Match[str]) -> str:
    margin, rule, body = found[1], found[2], found[3]
    starts = [cell.start() for cell in re.finditer("=+", rule)]
    ends = [*starts[1:], None]
    lines = [line.removeprefix(margin) for line in body.splitlines()]
    cells = [[line[start:end].strip() for start, end in zip(starts, ends, strict=True)] for line in lines]
    rows = [[""] * len(starts), ["---"] * len(starts), *cells]
    return "\n".join(f"{margin}| {' | '.join(row)} |" for row in rows)
