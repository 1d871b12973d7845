"""The command `graphmer` and what it does with errors.

Commands import what they need when they run, so that ``graphmer --help`` loads neither torch nor faiss.
"""

import logging
import sys

import typer

from graphmer.cli import check, data, doctor, evaluate, predict, report, show, stream, train
from graphmer.cli.terminal import complain
from graphmer.errors import GraphmerError

app = typer.Typer(
    name="graphmer",
    help="Recognise emotions, and changes of emotion, in dialogues when audio, text or video are missing.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(train.train)
app.command()(evaluate.evaluate)
app.command()(predict.predict)
app.command()(stream.stream)
app.command()(report.report)
app.command()(check.check)
app.command()(show.show)
app.command()(doctor.doctor)
app.add_typer(data.app, name="data")


def main() -> None:
    """Run the command line; a user's mistake ends in one clear line each and exit code 2."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        app(prog_name="graphmer")
    except (GraphmerError, FloatingPointError) as error:
        complain(str(error))
        sys.exit(2)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        complain(
            f"{where}{error.strerror or error}. Nothing was half-written; once there is room and permission, "
            "run the command again, or continue a run with --resume."
        )
        sys.exit(2)
