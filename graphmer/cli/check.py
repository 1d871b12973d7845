"""``graphmer check``."""

from graphmer.cli.options import ConfigFile, Overrides


def check(config: ConfigFile, overrides: Overrides = None) -> None:
    """Check a configuration and its corpus, and print what would be trained."""
    from rich.table import Table

    from graphmer.cli.features import extracted
    from graphmer.cli.terminal import banner, console
    from graphmer.config.load import load_config
    from graphmer.experiment import Components
    from graphmer.experiment.checks import check as check_components
    from graphmer.experiment.reading import read_corpus

    loaded = load_config(config, overrides or [])
    components = Components(loaded, read_corpus(loaded, extracted(loaded, "cpu")))
    if components.corpus.card.simulated:
        banner("SIMULATED DATA")
    check_components(components)
    model = components.model()
    dialogues = {dialogue.id: dialogue for dialogue in components.corpus.dialogues}
    table = Table(
        "fold", "train", "validation", "test", title=f"{components.corpus.card.name}: dialogues (turns)"
    )
    for fold in components.folds.values():
        sizes = [
            f"{len(ids)} ({sum(len(dialogues[i]) for i in ids)})"
            for ids in (fold.train, fold.validation, fold.test)
        ]
        table.add_row(fold.name, *sizes)
    console.print(table)
    stages = ", ".join(
        f"{stage.name} ({stage.epochs} epochs, {stage.mask.name})" for stage in components.stages
    )
    facts = {
        "system": components.system.name,
        "modalities": ", ".join(f"{m} ({d})" for m, d in components.corpus.widths.items()),
        "labels": "score in {} to {}".format(*components.corpus.labels.interval)
        if components.corpus.labels.interval
        else ", ".join(components.corpus.labels.names),
        "relations": ", ".join(components.build.relations) or "none",
        "parameters": f"{sum(p.numel() for p in model.parameters()):,}",
        "stages": stages,
        "evaluated": ", ".join(components.protocols),
    }
    for name, fact in facts.items():
        console.print(f"{name:>10}: {fact}", highlight=False, soft_wrap=True)
    console.print(f"{config}: no problems found.", style="green", highlight=False, soft_wrap=True)
