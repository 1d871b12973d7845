"""``graphmer compare``."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from graphmer.report.comparison import Comparison
    from graphmer.report.sheet import Sheet

Form = Literal["md", "tex", "csv", "json", "html"]


def compare(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="RUN RUN ...", help="Run folders, or files of scores such as evaluation.json."
        ),
    ] = None,
    claim: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A YAML file that names the runs, in their place.")
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Run that differences are from; the first one by default."),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(help="Metric, such as wa, ua, weighted_f1, mae; may be repeated."),
    ] = None,
    form: Annotated[
        Form | None,
        typer.Option("--format", help="Print tables (md, tex), rows (csv), values (json), a page (html)."),
    ] = None,
    out: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Write a .md, .tex, .csv, .json or .html file; may be repeated."),
    ] = None,
    figures: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the figures to this folder, as PNG and SVG.")
    ] = None,
    transpose: Annotated[
        bool, typer.Option("--transpose", help="A row for each run in the tables of md and tex.")
    ] = False,
) -> None:
    """Compare runs: a table over conditions, paired differences, ranks and costs; a page with plots.

    Runs whose corpus, split, masks or selection differ are refused.

    \b
    examples:
      graphmer compare runs/momke runs/graphmer
      graphmer compare runs/* --against momke --metric wa --metric ua --out table.tex --out page.html
      graphmer compare --claim claim.yaml --format md
    """  # noqa: D301
    from graphmer.cli.terminal import console, errors
    from graphmer.errors import ConfigError
    from graphmer.report.comparison_figures import save_comparison_figures
    from graphmer.report.comparison_table import comparison_tables
    from graphmer.storage import write_text

    forms = _forms(transpose=transpose)
    for path in out or ():
        if path.suffix[1:] not in forms:
            raise ConfigError(
                f"--out {path}: must end with .{', .'.join(forms)}; the ending chooses the format."
            )
    comparison = _comparison(runs or [], claim, against, metric or [])
    if form is not None:
        console.out(forms[form](comparison), highlight=False, end="")
    elif not out and figures is None:
        for sheet in comparison_tables(comparison):
            console.print(sheet.rich(console.width))
    for path in out or ():
        write_text(path, forms[path.suffix[1:]](comparison))
        errors.print(f"Written: {path}", highlight=False, soft_wrap=True)
    if figures is not None:
        for path in save_comparison_figures(comparison, figures):
            errors.print(f"Drawn: {path}", highlight=False, soft_wrap=True)


def _comparison(
    runs: list[Path], claim: Path | None, against: str | None, metrics: list[str]
) -> "Comparison":
    """Comparison of the given runs, or of those of a claim; options override the claim."""
    from graphmer.config.claim import load_claim
    from graphmer.errors import ConfigError
    from graphmer.experiment.comparing import compare_runs

    if (claim is None) == (not runs):
        raise ConfigError("graphmer compare: give either two or more run folders, or --claim FILE.")
    if claim is None:
        return compare_runs(runs, against=against, metrics=metrics)
    named = load_claim(claim)
    return compare_runs(
        named.runs, title=named.title, against=against or named.against, metrics=metrics or named.metric
    )


def _forms(*, transpose: bool) -> dict[str, Callable[["Comparison"], str]]:
    """Makers of the text of a comparison, by the ending of its file."""
    from graphmer.report.comparison_page import comparison_page
    from graphmer.report.comparison_table import comparison_tables
    from graphmer.report.comparison_values import comparison_csv, comparison_values
    from graphmer.report.latex import latex

    def tables(comparison: "Comparison") -> list["Sheet"]:
        sheets = comparison_tables(comparison)
        return [sheet.transposed() for sheet in sheets] if transpose else sheets

    def markdown(comparison: "Comparison") -> str:
        return "\n".join(sheet.markdown() for sheet in tables(comparison))

    def tex(comparison: "Comparison") -> str:
        labels = [
            f"tab:{kind}-{metric}" for metric in comparison.metrics for kind in ("comparison", "difference")
        ]
        return "\n".join(latex(sheet, label) for sheet, label in zip(tables(comparison), labels, strict=True))

    def plain(comparison: "Comparison") -> str:
        return json.dumps(comparison_values(comparison), ensure_ascii=False, allow_nan=False) + "\n"

    return {"md": markdown, "tex": tex, "csv": comparison_csv, "json": plain, "html": comparison_page}
