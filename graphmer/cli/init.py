"""``graphmer init``."""

from pathlib import Path
from typing import Annotated

import typer


def examples() -> dict[str, str]:
    """Text of each example configuration by its name, as it reads in the folder that it is written to.

    Paths in the files of the repository begin in its folder ``examples``.
    """
    from importlib.resources import files

    found = sorted(
        (file for file in (files("graphmer") / "examples").iterdir() if file.name.endswith(".yaml")),
        key=lambda file: file.name,
    )
    return {
        file.name.removesuffix(".yaml"): file.read_text(encoding="utf-8")
        .replace("examples/", "")
        .replace("../data", "data")
        for file in found
    }


def _beginning_with(incomplete: str) -> list[str]:
    return [name for name in examples() if name.startswith(incomplete)]


def init(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="Which example.", autocompletion=_beginning_with),
    ] = "simulated",
    show: Annotated[bool, typer.Option("--list", help="List the examples; write nothing.")] = False,
) -> None:
    """Write an example configuration, to start from.

    The file is NAME.yaml in this folder. One that is there already is left as it is.

    \b
    examples:
      graphmer init
      graphmer init iemocap
      graphmer init --list
    """  # noqa: D301 - \b keeps the lines of the examples apart
    from graphmer.cli.terminal import console
    from graphmer.errors import ConfigError
    from graphmer.storage import write_text

    known = examples()
    if show:
        width = max(map(len, known))
        for each, text in known.items():
            console.print(f"{each:{width}}  {_summary(text)}", highlight=False, markup=False, soft_wrap=True)
        return
    if name not in known:
        raise ConfigError(f"NAME: must be one of the examples, {', '.join(known)}; got {name}.")
    path = Path(f"{name}.yaml")
    if path.exists():
        raise ConfigError(f"{path}: is there already and stays as it is. Move it, or go to another folder.")
    write_text(path, known[name])
    console.print(
        f"Wrote {path}; its first lines say what it needs. Next:\n\n  graphmer train {path}\n",
        highlight=False,
    )


def _summary(text: str) -> str:
    """The first sentence of the comment at the top, as far as its first line goes."""
    return text.partition("\n")[0].lstrip("# ").partition(". ")[0].rstrip(".:")
