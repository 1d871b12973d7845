"""Errors that a user can mend: each message says what, the rule, the value and the remedy."""

from collections.abc import Sequence


class GraphmerError(Exception):
    """Base of the errors that the command line shows as one clear line with exit code 2."""


class ConfigError(GraphmerError):
    """A configuration file or an override is wrong; carries every problem found, not only the first."""

    def __init__(self, problems: str | Sequence[str]) -> None:
        self.problems = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))


class CorpusError(GraphmerError):
    """Files of a corpus are missing, malformed or contradict one another."""


class CheckpointError(GraphmerError):
    """A run folder or checkpoint cannot be read, or belongs to another model."""
