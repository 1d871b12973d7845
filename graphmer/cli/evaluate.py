"""``graphmer evaluate``."""

from pathlib import Path
from typing import Annotated

import typer

from graphmer.cli.options import Device, RunPath, make_fabric, read_rates


def evaluate(
    run: RunPath,
    conditions: Annotated[
        str, typer.Option(help="Fixed sets and other protocols, such as a,at,burst:4; or all; or none.")
    ] = "all",
    rates: Annotated[str, typer.Option(help="Missing rates, first:last:step or a list.")] = "0:0.7:0.1",
    device: Device = "auto",
    out: Annotated[
        Path | None, typer.Option(help="File of the scores; <RUN>/evaluation.json by default.")
    ] = None,
) -> None:
    """Evaluate the models of a run under other missing-modality conditions.

    \b
    examples:
      graphmer evaluate runs/iemocap
      graphmer evaluate runs/iemocap --conditions a,burst:4,noise:1 --rates 0.5
    """  # noqa: D301
    from graphmer.cli.results import show_scores
    from graphmer.dialogue.conditions import conditions as sets_of
    from graphmer.experiment import Run

    opened = Run.reopen(run, make_fabric(device, "32-true"))
    named = {"all": sets_of(opened.components.modalities), "none": ()}
    specs = [
        *named.get(conditions, tuple(conditions.split(","))),
        *(f"rate:{r:.10g}" for r in read_rates(rates)),
    ]
    protocols = opened.components.named(specs, "--conditions or --rates")
    predictions = opened.predict(protocols)
    scores = opened.scores(predictions)
    target = out or run / "evaluation.json"
    scores.to_json(target)
    change, causes = (target.with_name(f"{target.stem}-{name}.json") for name in ("change", "causes"))
    show_scores(
        scores,
        predictions,
        opened.bayes(protocols),
        target.with_suffix(".md"),
        change,
        causes,
        published=opened.published,
        causes=opened.cause_scores(predictions),
    )
