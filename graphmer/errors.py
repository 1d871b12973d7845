"""User-facing errors. Each message states the problem, the rule, the value and the remedy."""

from collections.abc import Sequence


class GraphmerError(Exception):
    """Base class of errors that the command line prints as one clear line, with exit code 2."""


class ConfigError(GraphmerError):
    """Invalid configuration file or override. `problems` lists every problem found, not only the first."""

    def __init__(self, problems: str | Sequence[str]) -> None:
        self.problems = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))


class CorpusError(GraphmerError):
    """Corpus files are missing, malformed or inconsistent."""


class CheckpointError(GraphmerError):
    """Unreadable run folder or checkpoint, or one that belongs to another model."""
