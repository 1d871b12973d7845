"""``graphmer train``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graphmer.cli.options import Device, Overrides, make_fabric, read_folds, read_seeds
from graphmer.errors import ConfigError

if TYPE_CHECKING:
    from graphmer.config.schema import Config
    from graphmer.experiment import Callback, Run


def train(
    config: Annotated[
        Path | None, typer.Argument(metavar="CONFIG", help="A YAML file, such as examples/iemocap.yaml.")
    ] = None,
    overrides: Overrides = None,
    folds: Annotated[str | None, typer.Option(help="Folds to run: 1,2 or all.")] = None,
    seeds: Annotated[str | None, typer.Option(help="Number of seeds, or a list such as 4,7.")] = None,
    device: Device = "auto",
    runs: Annotated[Path, typer.Option(help="Folder of all runs.")] = Path("runs"),
    resume: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Continue a run that was interrupted.")
    ] = None,
    tensorboard: Annotated[
        bool, typer.Option(help="Also write losses and validation for TensorBoard.")
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Number of models trained in parallel, each with its share of the cores. By default it is "
            "the number of cores, or 1 on a GPU.",
        ),
    ] = None,
    profile: Annotated[
        bool, typer.Option(help="Profile time and memory of the first epoch of each stage.")
    ] = False,
) -> None:
    """Train, select on validation, and test under every missing-modality condition.

    \b
    examples:
      graphmer train examples/iemocap.yaml
      graphmer train examples/iemocap.yaml --folds 1 --seeds 3
      graphmer train examples/iemocap.yaml --set training.learning_rate=1e-4
      graphmer train --resume runs/iemocap
    """  # noqa: D301 - \b keeps the lines of the examples apart
    from graphmer.cli.progress import BarCallback, CallbackList
    from graphmer.cli.results import show_scores
    from graphmer.cli.signals import exit_code, terminable
    from graphmer.cli.terminal import complain

    run = _open(config, overrides or [], folds, seeds, device, runs, resume)
    if not run.fabric.is_global_zero:
        run.train(CallbackList([]))
        return
    _announce(run)
    with terminable():
        try:
            with BarCallback(run.folder, len(run.unfinished)) as bar:
                callback = CallbackList([bar, *_callbacks(run, tensorboard, profile)])
                scores = run.train(callback, _parallel(run, jobs, profile))
        except KeyboardInterrupt as interruption:
            complain(f"interrupted; continue with: graphmer train --resume {run.folder.path}")
            raise typer.Exit(exit_code(interruption)) from None
    bayes, path = run.bayes(run.components.protocols), run.folder.path
    show_scores(scores, run.kept(), bayes, path / "scores.md", path / "change.json", run.published)


def _callbacks(run: "Run", tensorboard: bool, profile: bool) -> "list[Callback]":
    """Optional callbacks that were chosen on the command line."""
    callbacks: list[Callback] = []
    if tensorboard:
        from graphmer.cli.tensorboard import TensorBoardCallback

        callbacks.append(TensorBoardCallback(run.folder.path))
    if profile:
        from graphmer.cli.profile import ProfileCallback

        callbacks.append(ProfileCallback(run.folder.path / "profile.txt", run.components.stages))
    return callbacks


def _parallel(run: "Run", wanted: int | None, profile: bool) -> int:
    """Number of models to train in parallel.

    Raises:
        ConfigError: if more than one is requested where it must be one.
    """
    import torch

    one = {"--profile": profile, "torchrun": run.fabric.world_size > 1}
    reasons = [name for name, given in one.items() if given]
    if reasons and wanted is not None and wanted > 1:
        raise ConfigError(f"--jobs: must be 1 with {reasons[0]}; got {wanted}.")
    if reasons or (wanted is None and run.fabric.device.type != "cpu"):
        return 1
    return min(wanted or torch.get_num_threads(), len(run.unfinished))


def _open(
    config: Path | None,
    overrides: list[str],
    folds: str | None,
    seeds: str | None,
    device: str,
    runs: Path,
    resume: Path | None,
) -> "Run":
    """Begin a new run, or reopen the one to continue."""
    from graphmer.cli.features import extracted
    from graphmer.config.load import load_config
    from graphmer.experiment import Run
    from graphmer.training.run_folder import RunFolder

    if resume is not None:
        if config is not None or overrides or folds or seeds:
            raise ConfigError(
                "--resume: continues a run as it was begun; omit CONFIG, --set, --folds and --seeds."
            )
        RunFolder(resume)  # raises if it is not a run folder
        return Run.reopen(resume, make_fabric(device, load_config(resume / "config.yaml").training.precision))
    if config is None:
        raise ConfigError("CONFIG: must be given, such as examples/iemocap.yaml, or --resume RUN.")
    if runs.exists() and not runs.is_dir():
        raise ConfigError(f"--runs: must be a folder; {runs} is a file.")
    resolved = _resolve(config, overrides, folds, seeds)
    fabric = make_fabric(device, resolved.training.precision)
    with fabric.rank_zero_first():  # the others read what the first process has extracted and cached
        found = extracted(resolved, str(fabric.device)) if fabric.is_global_zero else None
    return Run.begin(resolved, runs, fabric, extracted=found)


def _resolve(path: Path, overrides: list[str], folds: str | None, seeds: str | None) -> "Config":
    from graphmer.config.load import load_config

    extra = {"folds": read_folds(folds), "seeds": read_seeds(seeds)}
    given = [f"{name}={list(v) if isinstance(v, tuple) else v}" for name, v in extra.items() if v is not None]
    return load_config(path, [*overrides, *given])


def _announce(run: "Run") -> None:
    from graphmer.cli.terminal import banner, console

    components = run.components
    if run.simulated:
        banner(
            "SIMULATED DATA: the dialogues are sampled from a known process; "
            "the figures below do not apply to real speech."
        )
    size = sum(p.numel() for p in components.model().parameters())
    turns = sum(len(dialogue) for dialogue in components.corpus.dialogues)
    console.print(
        f"{components.corpus.card.name}: {len(components.corpus.dialogues)} dialogues, {turns} turns, "
        f"{', '.join(f'{m} {d}' for m, d in components.corpus.widths.items())}; "
        f"{len(components.folds)} folds; {size / 1e6:.2f} M parameters; on {run.fabric.device}",
        highlight=False,
    )
