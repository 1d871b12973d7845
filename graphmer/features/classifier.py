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


class TextClassifier(nn.Module):
    """Logits of the emotions of single utterances.

    The states of the last layer are averaged over the tokens of a text; a linear layer follows.

    Args:
        encoder: model of `sentence-transformers`.
        classes: number ``C`` of emotions.
        dropout: dropout probability of the average, in training.
    """

    def __init__(self, encoder: Any, classes: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(encoder[0].get_embedding_dimension(), classes)

    def load_head(self, folder: Path) -> None:
        """Read the linear layer that `save` wrote.

        Raises:
            ConfigError: if it is not there, or for other emotions.
        """
        path = folder / HEAD
        try:
            self.head.load_state_dict(load_file(path))
        except (OSError, RuntimeError, ValueError) as error:
            problem = str(error).partition("\n")[0].rstrip(".")
            raise ConfigError(f"{path}: cannot be read ({problem}). Tune the encoder again.") from None

    def save(self, folder: Path) -> None:
        """Write encoder and linear layer to a folder."""
        self.encoder.save(str(folder), create_model_card=False)
        save_file(dict(self.head.state_dict()), folder / HEAD)

    def tokenized(self, texts: Sequence[str]) -> list[list[int]]:
        """Numbers of the tokens of each text; those beyond the encoder's limit are left out."""
        most = self.encoder.max_seq_length
        return list(self.encoder.tokenizer(list(texts), truncation=True, max_length=most)["input_ids"])

    def forward(self, rows: Sequence[Sequence[int]]) -> Tensor:
        """Logits ``[B, C]`` of a batch of tokenized texts."""
        device, longest = self.head.weight.device, max(map(len, rows))
        padding = self.encoder.tokenizer.pad_token_id or 0
        ids = torch.tensor([[*row, *[padding] * (longest - len(row))] for row in rows], device=device)
        lengths = torch.tensor([len(row) for row in rows], device=device)
        mask = torch.arange(longest, device=device) < lengths[:, None]
        states = self.encoder[0]({"input_ids": ids, "attention_mask": mask.long()})["token_embeddings"]
        mean = (states * mask[:, :, None]).sum(dim=1) / lengths[:, None]
        logits: Tensor = self.head(self.dropout(mean))
        return logits

    @torch.inference_mode()
    def logits(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Logits ``[T, C]`` of a batch of texts, without dropout."""
        self.eval()
        return np.asarray(self(self.tokenized(texts)).float().cpu())
