"""What was learnt on the validation part after training: how sure to be, and when to call it a change."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Calibration:
    """Corrections of a trained model's probabilities; the defaults correct nothing.

    Temperature scaling (Guo et al. 2017, section 4.2): a logit is divided by a number that makes the
    probabilities of the validation part as likely as can be. Above 1 the model was too sure.

    Attributes:
        emotion: temperature of the emotions. Without a decoder it moves no turn's most probable emotion;
            a decoder divides all scores of its chains by it.
        change: temperature of the change head.
        threshold: probability from which a turn is said to be a change.
    """

    emotion: float = 1.0
    change: float = 1.0
    threshold: float = 0.5
