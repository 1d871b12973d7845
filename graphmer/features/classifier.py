"""Emotion classifier of single utterances: a text encoder with mean pooling and a linear layer."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from graphmer.errors import ConfigError

HEAD = "classifier.safetensors"
"""File of the linear layer, beside those of the encoder."""

BATCH = 64
"""Texts that are classified at a time."""


class TextClassifier(nn.Module):
    """Logits of the emotions of single utterances.

    The states of the last layer are averaged over the tokens of a text; a linear layer follows.

    Args:
        encoder: network of `transformers`.
        tokenizer: of the encoder.
        classes: number ``C`` of emotions.
        tokens: the rest of a longer text is not read.
        dropout: dropout probability of the average, in training.
    """

    def __init__(self, encoder: Any, tokenizer: Any, classes: int, tokens: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.encoder = encoder
        self.tokenizer = tokenizer
        self.tokens = tokens
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(encoder.config.hidden_size, classes)

    @classmethod
    def from_folder(cls, folder: Path, classes: int, tokens: int) -> "TextClassifier":
        """Classifier with the encoder of a folder, and with its linear layer if there is one.

        Args:
            folder: of a model of `transformers` or `sentence-transformers`.
            classes: number of emotions.
            tokens: the rest of a longer text is not read.

        Raises:
            ConfigError: if it cannot be read, or its linear layer is for another number of emotions.
        """
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils import logging

        logging.disable_progress_bar()  # of the weights, which are read in a moment
        found = next(iter(sorted(folder.rglob("model.safetensors"))), folder / "model.safetensors").parent
        try:
            encoder = AutoModel.from_pretrained(found, local_files_only=True)
            tokenizer = AutoTokenizer.from_pretrained(found, local_files_only=True)
        except (OSError, ValueError, KeyError) as error:
            problem = str(error).partition("\n")[0].rstrip(".")
            raise ConfigError(f"{folder}: cannot be read as a text encoder: {problem}.") from None
        classifier = cls(encoder, tokenizer, classes, tokens)
        if (folder / HEAD).is_file():
            head = load_file(folder / HEAD)
            if head["weight"].shape != classifier.head.weight.shape:
                raise ConfigError(f"{folder / HEAD}: must have {classes} emotions. Tune the encoder again.")
            classifier.head.load_state_dict(head)
        return classifier

    def save(self, folder: Path) -> None:
        """Write encoder, tokenizer and linear layer to a folder."""
        self.encoder.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)
        save_file({name: value.contiguous() for name, value in self.head.state_dict().items()}, folder / HEAD)

    def tokenized(self, texts: Sequence[str]) -> list[list[int]]:
        """Numbers of the tokens of each text."""
        return list(self.tokenizer(list(texts), truncation=True, max_length=self.tokens)["input_ids"])

    def forward(self, rows: Sequence[Sequence[int]]) -> Tensor:
        """Logits ``[B, C]`` of a batch of tokenized texts."""
        device, longest = self.head.weight.device, max(map(len, rows))
        padding = self.tokenizer.pad_token_id or 0
        ids = torch.tensor([[*row, *[padding] * (longest - len(row))] for row in rows], device=device)
        lengths = torch.tensor([len(row) for row in rows], device=device)
        mask = torch.arange(longest, device=device) < lengths[:, None]
        states = self.encoder(input_ids=ids, attention_mask=mask.long()).last_hidden_state
        mean = (states * mask[:, :, None]).sum(dim=1) / lengths[:, None]
        logits: Tensor = self.head(self.dropout(mean))
        return logits

    @torch.inference_mode()
    def logits(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Logits ``[T, C]`` of texts in the order given, without dropout."""
        self.eval()
        rows = self.tokenized(texts)
        order = sorted(range(len(rows)), key=lambda number: len(rows[number]))
        found = np.zeros((len(rows), self.head.out_features), dtype=np.float32)
        for begin in range(0, len(order), BATCH):
            some = order[begin : begin + BATCH]
            found[some] = self([rows[number] for number in some]).float().cpu().numpy()
        return found
