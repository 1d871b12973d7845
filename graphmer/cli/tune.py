"""``graphmer features tune``, and the group of commands that it is in."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from graphmer.cli.features import bar, features
from graphmer.cli.options import Device
from graphmer.cli.reading import Cache, print_reports, reads_transcripts

if TYPE_CHECKING:
    from graphmer.transcripts import ReadingOptions

EXTRACT = "extract"
"""Command of the group if none is named."""


class _ExtractByDefault(TyperGroup):
    """``graphmer features IN OUT`` is ``graphmer features extract IN OUT``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, args if args[:1] and args[0] in self.commands else [EXTRACT, *args])


app = typer.Typer(
    cls=_ExtractByDefault,
    rich_markup_mode=None,
    help="Turn transcripts into a corpus with features.",
)


@reads_transcripts
def tune(
    source: Annotated[
        Path,
        typer.Argument(metavar="IN", help="A folder of labelled transcripts, one of them named train."),
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="New folder in graphmer's own format.")],
    reading: "ReadingOptions",
    text: Annotated[
        str, typer.Option(help="Encoder to begin with: minilm, a folder, or an id of the Hugging Face hub.")
    ] = "minilm",
    encoder: Annotated[
        Path | None, typer.Option(help="Folder of the tuned encoder; OUT with _encoder by default.")
    ] = None,
    folds: Annotated[int, typer.Option(help="Parts of the training dialogues, and networks.", min=2)] = 3,
    epochs: Annotated[int, typer.Option(help="Passes over the training turns.", min=1)] = 3,
    rate: Annotated[float, typer.Option(help="Highest learning rate of the encoder.")] = 5e-5,
    seed: Annotated[int, typer.Option(help="Of weights, order and dropout.", min=0)] = 0,
    name: Annotated[str | None, typer.Option(help="Name of the corpus; that of OUT by default.")] = None,
    cache: Cache = None,
    device: Device = "cpu",
) -> None:
    """Tune a text encoder to the emotions of a corpus, and extract its features.

    The features are log-probabilities of the emotions. Each training dialogue is encoded by a network that
    saw none of its labels, all other dialogues by the mean of the networks. Validation and test parts are not
    read in tuning. An interrupted tuning goes on with the network at which it stopped.

    \b
    examples:
      graphmer features tune MELD/ data/meld_tuned --text minilm
    """  # noqa: D301
    from graphmer.cli.corpora import show_corpus
    from graphmer.cli.options import make_fabric
    from graphmer.cli.terminal import terminal
    from graphmer.corpora.dataset import write_dataset
    from graphmer.errors import ConfigError
    from graphmer.experiment.fine_tuning import tuned_corpus
    from graphmer.experiment.words import read_transcripts
    from graphmer.features import default_folder
    from graphmer.features.tuning import TuningSettings
    from graphmer.storage import require_new

    require_new(out)
    if not 0 < rate < 1:
        raise ConfigError(f"--rate: must be between 0 and 1; got {rate}. A usual one is 5e-5.")
    console = terminal(markup=False, highlight=False)
    transcripts = read_transcripts(source, reading)
    print_reports(console, transcripts)
    settings = TuningSettings(folds=folds, epochs=epochs, learning_rate=rate, seed=seed)
    folder = encoder or out.with_name(f"{out.name}_encoder")
    computing = str(make_fabric(device, "32-true").device)
    with bar(console, "tuning") as progress:
        corpus, done = tuned_corpus(
            transcripts,
            name or out.name,
            folder,
            text,
            settings,
            computing,
            cache or default_folder(),
            progress,
        )
    for line in (*tuning_lines(folder, folds), *done.lines()):
        console.print(line, soft_wrap=True)
    described = {modality: str(each) for modality, each in corpus.card.extractors.items()}
    write_dataset(corpus, out, extractors=described)
    show_corpus(console, corpus, described)


def tuning_lines(folder: Path, folds: int) -> list[str]:
    """What was selected, a line for each network."""
    from graphmer.features.tuned import read_fitted

    lines = []
    for number in range(1, folds + 1):
        fitted = read_fitted(folder, number)
        lines.append(
            f"network {number}: epoch {fitted.epoch}, weighted F1 {fitted.f1:.3f} on the part it left out, "
            f"temperature {fitted.temperature:.2f}"
        )
    return lines


app.command(EXTRACT, short_help=(features.__doc__ or "").partition("\n")[0])(features)
app.command("tune", short_help=(tune.__doc__ or "").partition("\n")[0])(tune)
