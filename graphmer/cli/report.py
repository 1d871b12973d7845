"""``graphmer report``."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from graphmer.cli.options import Device, RunPath, make_fabric

if TYPE_CHECKING:
    from graphmer.experiment import Run


def report(
    run: RunPath,
    html: Annotated[
        Path | None, typer.Option(help="File of the page; <RUN>/report.html if no output is chosen.")
    ] = None,
    form: Annotated[
        Literal["md", "json"] | None,
        typer.Option("--format", help="Print tables (md) or the content of the page (json)."),
    ] = None,
    figures: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the figures to this folder, as PNG and SVG.")
    ] = None,
    transcripts: Annotated[
        bool, typer.Option("--transcripts", help="Include transcripts; check the licence of the corpus.")
    ] = False,
    device: Device = "cpu",
) -> None:
    """Write a report of a run: a page with scores, dialogues, graphs and training; or tables and figures.

    The page is a single file that opens from disk without a network.

    \b
    examples:
      graphmer report runs/iemocap
      graphmer report runs/iemocap --format md
      graphmer report runs/iemocap --figures figures
    """  # noqa: D301
    from graphmer.characters import visible_json
    from graphmer.cli.terminal import console, errors
    from graphmer.experiment import Run
    from graphmer.experiment.reporting import report_content
    from graphmer.report.figures import save_figures
    from graphmer.report.page import page
    from graphmer.storage import write_text

    opened = Run.reopen(run, make_fabric(device, "32-true"))
    if form is None and figures is None and html is None:
        html = run / "report.html"
    if form == "md":
        console.out(_tables(opened), highlight=False)
    if form == "json" or html is not None or figures is not None:
        content = report_content(opened, transcripts=transcripts)
        if form == "json":
            text = json.dumps(content, ensure_ascii=False, allow_nan=False)
            console.out(visible_json(text), highlight=False)
        if html is not None:
            write_text(html, page(content))
            errors.print(f"Page: {html}", highlight=False, soft_wrap=True)
        if figures is not None:
            for path in save_figures(content, figures):
                errors.print(f"Drawn: {path}", highlight=False, soft_wrap=True)


def _tables(run: "Run") -> str:
    """Markdown tables of the stored predictions."""
    from graphmer.experiment.reporting import change_scores, finished
    from graphmer.report.change_table import change_table
    from graphmer.report.published import published_table
    from graphmer.report.table import class_table, condition_table, confusion_table

    predictions = finished(run).kept()
    scores = run.scores(predictions)
    sheets = [condition_table(scores, best=run.bayes(run.components.protocols))]
    if run.published is not None:
        sheets.append(published_table(scores, run.published))
    changes = change_scores(predictions, scores)
    if changes is not None:
        full = (scores.sets or scores.conditions)[-1]
        sheets += [change_table(changes, scores), class_table(scores, full), confusion_table(scores, full)]
    return "\n".join(sheet.markdown() for sheet in sheets)
