"""Fields of earlier configurations, which are refused with their new names."""

import re

RENAMED = {
    "graph.convolution": "model.message_passing.convolution",
    "graph.width": "model.message_passing.width",
    "graph.depth": "model.message_passing.depth",
    "graph.heads": "model.message_passing.heads",
    "graph.dropout": "model.message_passing.dropout",
    "model.context": "model.attention_window",
    "model.recency": "model.alibi",
    "model.surroundings": "model.neighborhood_averages",
    "model.reconstruct": "model.reconstruction, the weight of its loss",
    "model.decoder": "heads.decoder",
    "model.change_head": "heads.change",
    "training.averaging": "training.ema",
    "training.stages.*.reconstruction": "model.reconstruction",
    "curriculum.opening": "curriculum.initial_fraction",
    "curriculum.until": "curriculum.full_at",
    "curriculum.emphasis": "curriculum.hardness_weighting",
}
"""New name of each renamed field; ``*`` stands for the number of a list's entry."""


def new_name(field: str) -> str | None:
    """New name of a field that was renamed; `None` for any other.

    Example:
        >>> new_name("training.stages.1.reconstruction")
        'model.reconstruction'
    """
    return RENAMED.get(re.sub(r"\.\d+\.", ".*.", field))
