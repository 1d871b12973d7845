"""Settings of the retrieval of supports."""

from typing import Literal

from pydantic import model_validator

from graphmer.retrieval.store import Metric
from graphmer.settings import Positive, Settings


class RetrievalSettings(Settings):
    """Training utterances that support hard ones, found by their features (HARDY-MER)."""

    k: Positive = 5
    """Most supports of an utterance, and neighbors of each modality among which they are chosen."""
    metric: Metric | dict[str, Metric] = "cosine"
    """Metric of all modalities, or by modality."""
    form: Literal["mixup", "slots", "graph", "context"] = "mixup"
    """Where supports enter, with the modalities that are available of the utterance that they support.
    `mixup`: mixed into it, with a share of at most a half. `context`: in a copy of their own dialogue.
    `slots`: in its place, in a copy of its dialogue. `graph`: in slots, with an edge to it."""
    exclude: Literal["dialogue", "session"] = "dialogue"
    """Which utterances are no supports: those of the utterance's own dialogue, or of its whole recording
    session, whose speakers are the same. Where sessions are left out for the test, no test utterance has such
    neighbors."""
    test: bool = False
    """Whether turns also receive a message from the most similar training utterance, without its label, when
    they are validated, tested and predicted; with the form `graph`. The model then keeps the features of the
    training part, and cannot stream."""

    @model_validator(mode="after")
    def _linked(self) -> "RetrievalSettings":
        if self.test and self.form != "graph":
            raise ValueError(f"`test` needs the `form` graph, which links supports; got {self.form}")
        return self
