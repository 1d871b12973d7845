"""Cross-fitted encoder of utterance features for retrieval by emotion."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, mse_loss

from graphmer.dialogue import Dialogue, LabelSpace
from graphmer.dialogue.random import uniforms
from graphmer.typing import Features

_BATCH = 64  # utterances a step
_DROPOUT = 0.3
_LEARNING_RATE = 1e-3
_WEIGHT_DECAY = 1e-2


class RetrievalEncoder(nn.Module):
    """Encoder that appends the logits of cross-fitted unimodal classifiers to the features.

    A hash of the dialogue id assigns each dialogue to one of several parts. For each modality and part there
    is one network. It is fitted on the training utterances of the other parts (cross-fitting) and encodes the
    dialogues of its own part. So no utterance is encoded by a network that was fitted on its label.
    Utterances of training, validation, test and new dialogues are all encoded by a network that was not
    fitted on their dialogue. The encoding of an utterance ``x`` of part p is::

        [x ; g_p (f_p(x) - c_p)]

    Here ``f_p`` are the logits minus their mean over the classes, or the score. ``c_p`` is the mean of
    ``f_p``, and ``g_p`` scales it to the mean square length of ``x``. Both are computed over the utterances
    that network p was fitted on. Thus features and logits have equal weight in a distance. `InputEncoding`
    standardises the result once more before a model reads it.

    **Differences from HARDY-MER**: there a single network encodes all training and test utterances, although
    it was fitted on the labels of most of them. Its second hidden layer is the encoding. Here logits are the
    encoding, because the hidden layers of separately fitted networks have unrelated coordinates, between
    which distances have no meaning. The cross-entropy is computed from logits (there: softmax of softmax),
    and the target of a score has the shape of the output.

    Args:
        widths: features per modality, ``{modality: D_m}``.
        outputs: number of classes, or 1 for a score.
        parts: networks per modality.
        hidden: width of the first hidden layer; the second layer has a quarter of it.

    Raises:
        ValueError: if there are fewer than two parts.
    """

    def __init__(self, widths: Mapping[str, int], outputs: int, *, parts: int = 5, hidden: int = 256) -> None:
        super().__init__()
        if parts < 2:
            raise ValueError(
                f"`parts` must be at least 2, since each network is fitted on the other parts; got {parts}."
            )
        self.inputs = dict(widths)
        self.outputs = outputs
        self.parts = parts
        self.hidden = hidden
        self.networks = nn.ModuleList(
            PartNetwork(width, hidden, outputs) for width in widths.values() for _ in range(parts)
        )
        self.eval()

    @property
    def widths(self) -> dict[str, int]:
        """Encoded features per modality."""
        return encoded_widths(self.inputs, self.outputs)

    def part(self, dialogue: str) -> int:
        """Part of a dialogue, a pure function of its id."""
        return int(uniforms("retrieval part", 0, dialogue, [""], 1)[0, 0] * self.parts)

    @torch.no_grad()
    def forward(self, dialogue: Dialogue) -> Dialogue:
        """Dialogue with encoded features; zero where a modality is missing.

        Raises:
            ValueError: if the dialogue has other modalities or widths.
        """
        found = {modality: rows.shape[1] for modality, rows in dialogue.features.items()}
        if list(found.items()) != list(self.inputs.items()):
            raise ValueError(
                f"Dialogue {dialogue.id!r} must have the modalities and widths of the encoder, "
                f"{self.inputs}, in this order; got {found}."
            )
        part, encoded = self.part(dialogue.id), {}
        for column, (modality, rows) in enumerate(dialogue.features.items()):
            available = dialogue.available[:, column, None]
            features = rows.masked_fill(~available, 0)
            scores = self.network(column, part).scores(features)
            encoded[modality] = torch.cat([features, scores], dim=1).masked_fill(~available, 0)
        return replace(dialogue, features=encoded)

    def network(self, column: int, part: int) -> "PartNetwork":
        """Network of a modality (column) and a part."""
        return cast(PartNetwork, self.networks[column * self.parts + part])


class PartNetwork(nn.Module):
    """Perceptron ``D -> hidden -> hidden/4 -> outputs`` on single utterances.

    Before `fit` its output is zero.
    """

    centre: Tensor
    gain: Tensor

    def __init__(self, width: int, hidden: int, outputs: int) -> None:
        super().__init__()
        last = nn.Linear(max(hidden // 4, 1), outputs)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.layers = nn.Sequential(
            nn.Dropout(_DROPOUT),
            nn.Linear(width, hidden),
            nn.ReLU(),
            nn.Dropout(_DROPOUT),
            nn.Linear(hidden, max(hidden // 4, 1)),
            nn.ReLU(),
            last,
        )
        self.register_buffer("centre", torch.zeros(outputs))
        self.register_buffer("gain", torch.ones(()))

    def forward(self, features: Features) -> Tensor:
        """Logits or scores of shape ``[N, C]``."""
        return self.layers(features)

    def scores(self, features: Features) -> Tensor:
        """Centred and scaled logits of shape ``[N, C]``, which are appended to the features."""
        return self.gain * (_relative(self(features)) - self.centre)

    def fit(self, features: Features, target: Tensor, epochs: int, seed: int) -> None:
        """Fit the weights, the centre and the gain on labelled utterances.

        Without utterances the network is left unchanged.

        Args:
            features: ``[N, D]``.
            target: encoded labels, ``[N]``.
            epochs: passes over the utterances.
            seed: seed of order and dropout.
        """
        if len(features) == 0:
            return
        optimizer = torch.optim.AdamW(self.parameters(), lr=_LEARNING_RATE, weight_decay=_WEIGHT_DECAY)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.train()
            for _ in range(epochs):
                for batch in torch.randperm(len(features)).split(_BATCH):  # type: ignore[no-untyped-call]
                    optimizer.zero_grad()
                    _loss(self(features[batch]), target[batch]).backward()  # type: ignore[no-untyped-call]
                    optimizer.step()
            self.eval()
        with torch.no_grad():
            logits = _relative(self(features))
            self.centre.copy_(logits.mean(dim=0))
            length = (logits - self.centre).square().sum(dim=1).mean()
            if length > 1e-12:
                self.gain.copy_((features.square().sum(dim=1).mean() / length).sqrt())


def fit_encoder(
    dialogues: Sequence[Dialogue],
    labels: LabelSpace,
    *,
    parts: int = 5,
    hidden: int = 256,
    epochs: int = 10,
    seed: int = 0,
) -> RetrievalEncoder:
    """Fit a retrieval encoder on the training part of a fold.

    The number of epochs is fixed. Neither validation nor test dialogues are used.

    Args:
        dialogues: standardised training dialogues.
        labels: label space; utterances without a label are encoded, but not fitted on.
        parts: networks per modality.
        hidden: width of the first hidden layer.
        epochs: passes over the training utterances.
        seed: seed of weights, order and dropout.

    Raises:
        ValueError: if no dialogue has a labelled utterance, or modalities differ.

    Example:
        >>> from graphmer.dialogue import Utterance
        >>> turns = [Utterance("Ann", {"text": [n % 2 - 0.5]}, ("sad", "glad")[n % 2]) for n in range(20)]
        >>> dialogues = [Dialogue.from_utterances(f"d{n}", [turn]) for n, turn in enumerate(turns)]
        >>> encoder = fit_encoder(dialogues, LabelSpace(("sad", "glad")), epochs=50)
        >>> [bool(encoder(dialogue).features["text"][0, 2] > 0) for dialogue in dialogues[:4]]
        [False, True, False, True]
    """
    targets = [labels.encode(dialogue.emotion) for dialogue in dialogues]
    known = [labels.labelled(target) for target in targets]
    if not any(bool(labelled.any()) for labelled in known):
        raise ValueError("Fitting a retrieval encoder needs labelled training utterances; there are none.")
    widths = {m: rows.shape[1] for m, rows in dialogues[0].features.items()}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_seed(seed, "weights", 0))
        encoder = RetrievalEncoder(widths, labels.outputs, parts=parts, hidden=hidden)
    for part in range(parts):
        others = [n for n, dialogue in enumerate(dialogues) if encoder.part(dialogue.id) != part]
        for column, modality in enumerate(widths):
            rows = [known[n] & dialogues[n].available[:, column] for n in others]
            features = [dialogues[n].features[modality][keep] for n, keep in zip(others, rows, strict=True)]
            target = [targets[n][keep] for n, keep in zip(others, rows, strict=True)]
            if others:
                encoder.network(column, part).fit(
                    torch.cat(features), torch.cat(target), epochs, _seed(seed, modality, part)
                )
    return encoder


def encoded_widths(widths: Mapping[str, int], outputs: int) -> dict[str, int]:
    """Encoded features per modality, ``{modality: D_m + outputs}``."""
    return {modality: width + outputs for modality, width in widths.items()}


def _relative(output: Tensor) -> Tensor:
    """Logits minus their mean over the classes, which leaves the softmax unchanged; a score unchanged."""
    return output if output.shape[1] == 1 else output - output.mean(dim=1, keepdim=True)


def _loss(output: Tensor, target: Tensor) -> Tensor:
    return cross_entropy(output, target) if output.shape[1] > 1 else mse_loss(output.squeeze(1), target)


def _seed(seed: int, purpose: str, part: int) -> int:
    digest = hashlib.blake2b(f"retrieval encoder\0{seed}\0{purpose}\0{part}".encode(), digest_size=8)
    return int.from_bytes(digest.digest(), "big") >> 1
