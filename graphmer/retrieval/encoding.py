"""Encoded features as input of a model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from graphmer.dialogue import Dialogue, LabelSpace
from graphmer.dialogue.standardise import Standardiser
from graphmer.retrieval.encoder import RetrievalEncoder, fit_encoder


@dataclass(frozen=True, eq=False)
class InputEncoding:
    """Encoder and standardisation of the input features, fitted on the training part of a fold.

    No dialogue is encoded by a network that was fitted on it. So the features of training, test and new
    dialogues are computed in the same way.

    **Differences from HARDY-MER**: there the fine-tuned vectors replace the features, and a single network,
    fitted on the labels of most dialogues, makes them for all folds. Here logits are appended to the
    features.

    Args:
        encoder: encoder of standardised dialogues.
        standardiser: standardisation of the encoded features.
    """

    encoder: RetrievalEncoder
    standardiser: Standardiser

    @classmethod
    def fit(cls, train: Sequence[Dialogue], labels: LabelSpace, *, seed: int) -> "InputEncoding":
        """Fit encoder and standardisation.

        Args:
            train: standardised dialogues of the training part.
            labels: label space.
            seed: seed of the encoder.

        Raises:
            ValueError: as `fit_encoder`.
        """
        encoder = fit_encoder(train, labels, seed=seed)
        return cls(encoder, Standardiser.fit(encoder(dialogue) for dialogue in train))

    def __call__(self, dialogue: Dialogue) -> Dialogue:
        """Encode a standardised dialogue as the model reads it.

        Raises:
            ValueError: if the dialogue has other modalities or widths.
        """
        return self.standardiser(self.encoder(dialogue))

    def to_json(self) -> dict[str, Any]:
        """Everything but the weights as JSON values."""
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
        """Encoding from the output of `to_json`; the weights must be loaded with `load_weights`."""
        encoder = RetrievalEncoder(
            values["widths"], values["outputs"], parts=values["parts"], hidden=values["hidden"]
        )
        return cls(encoder, Standardiser.from_json(values["normalisation"]))

    def weights(self) -> dict[str, Tensor]:
        """Weights of the encoder, by name."""
        return dict(self.encoder.state_dict())

    def load_weights(self, weights: Mapping[str, Tensor]) -> None:
        """Load the weights that `weights` returned."""
        self.encoder.load_state_dict(weights)
