"""A claim: which runs are compared, under which title, against which one."""

import difflib
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationError

from graphmer.config.load import read_fields
from graphmer.errors import ConfigError
from graphmer.settings import Settings


class Claim(Settings):
    """Schema of the file of a claim."""

    title: str = "Comparison"
    """Title of tables and page."""
    runs: Annotated[dict[Annotated[str, Field(pattern=r"^\w")], Path], Field(min_length=2)]
    """Run folders, or files of scores, by the name of their column; relative to this file."""
    against: str | None = None
    """Name of the run that differences are from; the first one if it is left out."""
    metric: Annotated[
        tuple[str, ...], BeforeValidator(lambda value: [value] if isinstance(value, str) else value)
    ] = ()
    """Metric, such as `wa`, or a list of some; WA, or the MAE of a score, if it is left out."""


def load_claim(path: Path) -> Claim:
    """Read and check the file of a claim; the paths of its runs are taken from its folder.

    Args:
        path: a YAML file.

    Raises:
        ConfigError: naming every problem.
    """
    try:
        claim = Claim.model_validate(read_fields(path, "`title:` and `runs:`"))
    except ValidationError as error:
        problems = []
        for problem in error.errors():
            field = ".".join(str(part) for part in problem["loc"] if part != "[key]")
            close = difflib.get_close_matches(field, Claim.model_fields, n=1)
            unknown = problem["type"] == "extra_forbidden"
            hint = f" Did you mean {close[0]!r}?" if unknown and close else ""
            problems.append(f"{path}: {field}: {'unknown field' if unknown else problem['msg']}.{hint}")
        raise ConfigError(problems) from None
    runs = {name: path.parent / run.expanduser() for name, run in claim.runs.items()}
    return claim.model_copy(update={"runs": runs})
