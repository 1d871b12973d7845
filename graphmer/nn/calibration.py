"""Calibration of a trained model, fitted on the validation part."""

from typing import Annotated

from pydantic import Field

from graphmer.settings import Fraction, Settings

Temperature = Annotated[float, Field(gt=0)]


class Calibration(Settings):
    """Temperatures and threshold of a trained model; the defaults correct nothing.

    Temperature scaling (Guo et al. 2017, section 4.2): logits are divided by the number that maximises the
    likelihood of the validation part. Above 1 the model was overconfident.
    """

    bias: tuple[float, ...] = ()
    """Added to the logits of the classes, before a decoder, on turns that have any modality: post-hoc logit
    adjustment (Menon et al. 2021, section 4.1). Empty for none."""
    emotion: Temperature = 1.0
    """Temperature of the emotions. Without a decoder it changes no turn's most probable emotion; a decoder
    divides all scores of its chains by it."""
    change: Temperature = 1.0
    """Temperature of the change head."""
    threshold: Fraction = 0.5
    """Probability from which a turn is called a change."""
