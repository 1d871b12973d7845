"""``graphmer report``."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from graphmer.cli.dialogues import Encoder, read_dialogues_for
from graphmer.cli.features import Cache, MergeGap, Roster, Unnamed, reading_options
from graphmer.cli.options import Device, ModelPath, make_fabric
from graphmer.errors import ConfigError

if TYPE_CHECKING:
    from graphmer.experiment import Run
    from graphmer.transcripts import ReadingOptions


def report(
    run: ModelPath,
    dialogues: Annotated[
        Path | None,
        typer.Argument(
            metavar="DIALOGUES",
            help="Report predictions of these: a transcript such as chat.txt, or JSON as for predict.",
        ),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "--html",
            help="File of the page; if no output is chosen, report.html or the name of DIALOGUES, in RUN.",
        ),
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
    text: Encoder = None,
    speakers: Unnamed = "refuse",
    roster: Roster = None,
    merge_gap: MergeGap = 2.0,
    cache: Cache = None,
    device: Device = "cpu",
) -> None:
    """Write a report of a run: a page with scores, dialogues, graphs and training; or tables and figures.

    The page is a single file that opens from disk without a network. With DIALOGUES it is a page of their
    turns: text, emotion, probabilities and change, also under every set of modalities.

    \b
    examples:
      graphmer report runs/iemocap
      graphmer report runs/iemocap --format md
      graphmer report runs/iemocap --figures figures
      graphmer report runs/meld_text chat.txt --out chat.html
    """  # noqa: D301
    if dialogues is not None:
        refused = {
            "--format md": form == "md",
            "--figures": figures is not None,
            "--transcripts": transcripts,
        }
        for option, given in refused.items():
            if given:
                raise ConfigError(f"{option}: belongs to the report of a run, not of DIALOGUES. Omit it.")
        options = reading_options(speakers, roster, merge_gap)
        content = _predicted(run, dialogues, text, cache, options, device)
        default = (run if run.is_dir() else Path()) / f"{dialogues.name.split('.')[0] or 'dialogues'}.html"
        _write(content, form, html or (None if form else default))
        return
    _report_run(run, html, form, figures, transcripts, device)


def _predicted(
    run: Path,
    dialogues: Path,
    text: str | None,
    cache: Path | None,
    options: "ReadingOptions",
    device: str,
) -> dict[str, Any]:
    """Content of the page of predicted dialogues."""
    from graphmer.experiment.dialogue_report import dialogue_content
    from graphmer.inference import load

    predictor = load(run, device=make_fabric(device, "32-true").device)
    read = read_dialogues_for(predictor, dialogues, text, cache, options)
    return dialogue_content(predictor, read, dialogues.name, run)


def _report_run(
    run: Path,
    html: Path | None,
    form: str | None,
    figures: Path | None,
    transcripts: bool,
    device: str,
) -> None:
    from graphmer.cli.terminal import console, errors
    from graphmer.experiment import Run
    from graphmer.experiment.reporting import report_content
    from graphmer.report.figures import save_figures

    opened = Run.reopen(run, make_fabric(device, "32-true"))
    if form is None and figures is None and html is None:
        html = run / "report.html"
    if form == "md":
        console.out(_tables(opened), highlight=False)
    if form == "json" or html is not None or figures is not None:
        content = report_content(opened, transcripts=transcripts)
        _write(content, form, html)
        if figures is not None:
            for path in save_figures(content, figures):
                errors.print(f"Drawn: {path}", highlight=False, soft_wrap=True)


def _write(content: Mapping[str, Any], form: str | None, html: Path | None) -> None:
    """Print the content as JSON, and write the page, as chosen."""
    from graphmer.cli.terminal import console, errors
    from graphmer.report.page import page
    from graphmer.storage import write_text

    if form == "json":
        console.out(json.dumps(content, ensure_ascii=False, allow_nan=False), highlight=False)
    if html is not None:
        write_text(html, page(content))
        errors.print(f"Page: {html}", highlight=False, soft_wrap=True)


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
