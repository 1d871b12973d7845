"""Settings of training by hardness."""

from typing import Annotated

from pydantic import Field, model_validator

from graphmer.curriculum.hardness import HardnessSettings
from graphmer.curriculum.pacing import Pacing
from graphmer.curriculum.teacher import TeacherSettings
from graphmer.settings import word_for_none


class CurriculumSettings(Pacing):
    """Training by hardness, in the last stage (HARDY-MER)."""

    support: Annotated[float, Field(ge=0)] = 1.0
    """Weight of the loss of the supports, with a `retrieval` section; 1 in the released code."""
    distillation: Annotated[float, Field(ge=0)] = 0.0
    """Weight of the distillation loss: utterances learn, weighted by their hardness under the mask, from the
    soft targets of the model (with `training.ema` of its moving average) where nothing is masked; not in
    HARDY-MER."""
    hardness: Annotated[HardnessSettings | None, word_for_none("none")] = HardnessSettings()
    """`none` takes all utterances as equally hard: each has all its supports."""
    teacher: TeacherSettings = TeacherSettings()
    """Network that measures the hardness."""
    tuning: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Epochs of each of the short trainings that search `support`, `initial_fraction` and `retrieval.k` on
    the validation part, by halving and doubling from a fixed start: the values given for them make no
    difference then. 0 takes the given values."""

    @model_validator(mode="after")
    def _measured(self) -> "CurriculumSettings":
        if self.hardness is None and (self.initial_fraction < 1 or self.hardness_weighting):
            raise ValueError("`initial_fraction` and `hardness_weighting` need a `hardness`; got none")
        return self
