"""The command `graphmer` and what it does with errors.

Commands import what they need when they run, so that ``graphmer --help`` loads neither torch nor
faiss, and not even Rich.
"""

import logging
import os
import sys
import warnings
from typing import Annotated, NoReturn

import typer

from graphmer.characters import visible
from graphmer.cli import (
    check,
    compare,
    data,
    doctor,
    evaluate,
    export,
    init,
    pack,
    predict,
    report,
    show,
    stream,
    train,
    tune,
)
from graphmer.cli.commands import add
from graphmer.errors import GraphmerError

app = typer.Typer(
    name="graphmer",
    no_args_is_help=True,
    rich_markup_mode=None,  # Rich's frames would double the time that --help takes
    pretty_exceptions_enable=False,
)
add(
    app,
    init.init,
    train.train,
    evaluate.evaluate,
    predict.predict,
    stream.stream,
    report.report,
    pack.pack,
    export.export,
    compare.compare,
    check.check,
    show.show,
    doctor.doctor,
)
app.add_typer(tune.app, name="features")
app.add_typer(data.app, name="data")


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"graphmer {version('graphmer')}")
        raise typer.Exit


@app.callback()
def graphmer(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Recognise emotions, and changes of emotion, in dialogues when audio, text or video are missing."""


class _VisibleFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return visible(super().format(record))


def main() -> None:
    """Run the command line; a user's mistake ends in one clear line each and exit code 2."""
    logging.basicConfig(level=logging.WARNING)
    for handler in logging.getLogger().handlers:
        handler.setFormatter(_VisibleFormatter("%(message)s"))
    _hide_deprecation_of_torchscript()
    try:
        app(prog_name="graphmer")
    except (GraphmerError, FloatingPointError) as error:
        _fail(str(error))
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _fail(
            f"{where}{error.strerror or error}. Nothing was half-written; once there is room and permission, "
            "run the command again, or continue a run with --resume."
        )


def _hide_deprecation_of_torchscript() -> None:
    # Importing torch_geometric 2.8 makes torch 2.15 deprecate TorchScript where every user sees it.
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"torch\.jit")
    # The processes that train folds side by side take it from here.
    os.environ.setdefault("PYTHONWARNINGS", "ignore::FutureWarning:torch.jit._script")


def _fail(message: str) -> NoReturn:
    from graphmer.cli.terminal import complain

    complain(message)
    sys.exit(2)
