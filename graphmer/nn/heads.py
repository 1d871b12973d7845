"""Settings of the heads that every system shares."""

from typing import Literal

from graphmer.settings import Fraction, Settings


class HeadSettings(Settings):
    """Heads on the logits and states of a network. Neither is for scores."""

    decoder: Literal["none", "chain"] = "none"
    """`chain`: learn how a speaker's emotions follow one another and those of other speakers, and decode the
    turns of a speaker as a sequence. `none`: decide each turn on its own."""
    change: bool = False
    """Also learn to predict from a turn and its speaker's previous one whether the emotion changes."""
    dropout: Fraction = 0.5
    """Dropout probability in the change head."""

    @property
    def trained(self) -> bool:
        """Whether any head has parameters."""
        return self.change or self.decoder != "none"
