"""Provenance of features: which extractor made them, and with which weights and settings."""

import hashlib

from pydantic import JsonValue

from graphmer.settings import Settings


class Provenance(Settings):
    """Identity of an extractor, as stored with a corpus and with a model that was trained on it."""

    extractor: str
    """Kind of extractor."""
    model: str
    """Where its model is: a name, a folder or an id of the Hugging Face hub."""
    version: str
    """Packages and their versions."""
    width: int
    """Number of features."""
    settings: dict[str, JsonValue]
    """Everything else that changes the vectors."""
    sha256: str
    """Hash of the files of the model."""

    @property
    def digest(self) -> str:
        """Hash of all that makes vectors comparable: neither the place of the model nor versions count."""
        content = self.model_copy(update={"model": "", "version": ""})
        ordered = content.model_copy(update={"settings": dict(sorted(self.settings.items()))})
        return hashlib.sha256(ordered.model_dump_json().encode()).hexdigest()

    def __str__(self) -> str:
        settings = "".join(f"{name} {value}, " for name, value in self.settings.items())
        return f"{self.extractor} {self.model} ({self.version}; {settings}sha256 {self.sha256[:12]})"
