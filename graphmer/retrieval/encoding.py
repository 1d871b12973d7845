"""Encoded features as the input of a model, kept with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from graphmer.dialogue import Dialogue, LabelSpace
from graphmer.dialogue.standardise import Standardiser
from graphmer.retrieval.encoder import RetrievalEncoder, fit_encoder


@dataclass(frozen=True, eq=False)
class InputEncoding:
    """An encoder and what standardises its output, both fitted on the training part of a fold.

    A network of the encoder that saw a dialogue never reads it, whether it is a training dialogue or not, so
    the model meets the same kind of features in training, in the test and in new dialogues.

    **Differences from HARDY-MER**: there the fine-tuned vectors take the place of the features, and one
    network, which saw the labels of most dialogues, makes them for all folds. Here they are added.

    Args:
        encoder: reads standardised dialogues.
        standardiser: of what the encoder makes of the training part.
    """

    encoder: RetrievalEncoder
    standardiser: Standardiser

    @classmethod
    def fit(cls, train: Sequence[Dialogue], labels: LabelSpace, *, seed: int) -> "InputEncoding":
        """Learn from the standardised training part.

        Raises:
            ValueError: as `fit_encoder`.
        """
        encoder = fit_encoder(train, labels, seed=seed)
        return cls(encoder, Standardiser.fit(encoder(dialogue) for dialogue in train))

    def __call__(self, dialogue: Dialogue) -> Dialogue:
        """A standardised dialogue as the model reads it.

        Raises:
            ValueError: if it has other modalities or widths.
        """
        return self.standardiser(self.encoder(dialogue))

    def to_json(self) -> dict[str, Any]:
        """All but the weights, as plain values."""
        encoder = self.encoder
        return {
            "widths": encoder.inputs,
            "outputs": encoder.outputs,
            "parts": encoder.parts,
            "hidden": encoder.hidden,
            "normalisation": self.standardiser.to_json(),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "InputEncoding":
        """The inverse of `to_json`; its encoder waits for `load_weights`."""
        encoder = RetrievalEncoder(
            values["widths"], values["outputs"], parts=values["parts"], hidden=values["hidden"]
        )
        return cls(encoder, Standardiser.from_json(values["normalisation"]))

    def weights(self) -> dict[str, Tensor]:
        """Weights of the encoder, by name."""
        return dict(self.encoder.state_dict())

    def load_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Take the weights that `weights` gave."""
        self.encoder.load_state_dict(weights)
