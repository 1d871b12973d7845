"""Base of all settings: frozen pydantic models that configurations, constructors and model files share."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Fraction = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[int, Field(ge=1, le=1_000_000)]
Width = Annotated[int, Field(ge=1, le=16_384)]
"""Number of hidden features; the largest square matrix has a gigabyte."""
Layers = Annotated[int, Field(ge=1, le=1_000)]
"""Number of layers, heads or the like."""
Seed = Annotated[int, Field(ge=0, lt=2**32)]


def word_for_none(word: str) -> BeforeValidator:
    """Lets a word in a configuration file stand for `None`."""
    return BeforeValidator(lambda value: None if value == word else value)


class Settings(BaseModel):
    """Settings of one component, defined beside it.

    The configuration nests them, the constructor of the component takes them, and the model file stores and
    validates them. Unknown fields and numbers that are not finite are errors; values cannot change.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
