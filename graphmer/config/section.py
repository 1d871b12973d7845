"""What all parts of a configuration are made of."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Fraction = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[int, Field(ge=1)]


def word_for_nothing(word: str) -> BeforeValidator:
    """Lets a word in the file stand for `None`."""
    return BeforeValidator(lambda value: None if value == word else value)


class Section(BaseModel):
    """A part of a configuration: unknown fields are errors, values cannot change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
