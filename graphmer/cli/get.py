"""``graphmer data get``."""

from pathlib import Path
from typing import Annotated

import typer


def get(
    corpus: Annotated[str, typer.Argument(help="meld, emorynlp, reccon, emocontext or edireef.")],
    out: Annotated[
        Path | None, typer.Argument(help="Folder for the files; data/<CORPUS> by default.")
    ] = None,
    origin: Annotated[
        str | None,
        typer.Option("--from", metavar="URL_OR_FOLDER", help="A mirror, or a folder with the files."),
    ] = None,
) -> None:
    """Fetch a public corpus from where its authors keep it.

    Files are verified by their checksums where these are known, files that are there already are not fetched
    again, and a download that was cut off is continued. The licence is that of the corpus.

    \b
    examples:
      graphmer data get meld
      graphmer data get meld data/meld --from ~/mirror/MELD
    """  # noqa: D301
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    from graphmer.cli.terminal import console, errors
    from graphmer.corpora.download import fetch
    from graphmer.corpora.sources import SOURCES
    from graphmer.errors import ConfigError, CorpusError

    if corpus not in SOURCES:
        raise ConfigError(f"CORPUS: must be one of {', '.join(SOURCES)}; got {corpus!r}.")
    source = SOURCES[corpus]
    folder = out or Path("data") / corpus

    def say(line: str) -> None:
        console.print(line, soft_wrap=True, markup=False, highlight=False)

    say(f"{source.card.name}. Licence: {source.card.licence}. Cite: {source.card.citation}")
    problems: list[str] = []
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(compact=True),
        console=errors,
        transient=True,
        disable=not errors.is_terminal,
    )
    with bar:
        tasks = {name: bar.add_task(name, total=None, start=False, visible=False) for name in source.files}

        def progress(name: str, done: int, size: int) -> None:
            bar.start_task(tasks[name])
            bar.update(tasks[name], completed=done, total=size or None, visible=True)

        for name in source.files:
            try:
                found = fetch(source, name, folder, origin, progress)
            except CorpusError as error:
                problems.append(str(error))
                continue
            bar.update(tasks[name], visible=False)
            state = "fetched" if found.is_new else "was there"
            check = "verified" if found.is_verified else f"no checksum is known; SHA-256 {found.checksum}"
            say(f"{found.path}: {state}, {check}")
    if problems:
        raise CorpusError("\n".join(problems))
    say(f"Next: graphmer features {folder} {folder}_text --text minilm")
