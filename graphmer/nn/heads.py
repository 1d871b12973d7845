"""Settings of the heads that every system shares."""

from typing import Literal

from graphmer.settings import Fraction, Positive, Settings


class HeadSettings(Settings):
    """Heads on the logits and states of a network. None is for scores."""

    decoder: Literal["none", "chain"] = "none"
    """`chain`: learn how a speaker's emotions follow one another and those of other speakers, and decode the
    turns of a speaker as a sequence. `none`: decide each turn on its own."""
    change: bool = False
    """Also learn to predict from a turn and its speaker's previous one whether the emotion changes."""
    cause: bool = False
    """Also learn which turns cause the emotion of a turn, itself included, from a corpus that annotates
    causes, such as RECCON, EDiReF, or one with `causes` in graphmer's format."""
    cause_window: Positive = 10
    """How many turns before a turn may cause its emotion."""
    dropout: Fraction = 0.5
    """Dropout probability in the change head and the cause head."""

    @property
    def trained(self) -> bool:
        """Whether any head has parameters."""
        return self.change or self.cause or self.decoder != "none"
