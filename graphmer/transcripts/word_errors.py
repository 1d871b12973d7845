"""Word errors at a given rate, as speech recognition makes them."""

from collections.abc import Sequence

from graphmer.dialogue.random import uniforms


def with_word_errors(
    text: str, rate: float, vocabulary: Sequence[str], *, seed: int, dialogue: str, turn: str
) -> str:
    """Words of a turn with substitutions, deletions and insertions, equally often.

    Each word has one error with the probability `rate`, which is the expected word error rate: it becomes
    another word, is left out, or is followed by another word. Other words are sampled uniformly from the
    vocabulary. Errors are a pure function of the arguments; a higher rate only adds some. Spaces between
    words become single ones.

    Args:
        text: words separated by spaces.
        rate: expected word error rate, in [0, 1].
        vocabulary: words of the training part.
        seed: of the errors.
        dialogue: id of the dialogue.
        turn: id of the turn.

    Raises:
        ValueError: if the rate is not in [0, 1], or the vocabulary is empty.

    Example:
        >>> with_word_errors("so it is", 0.0, ["yes"], seed=0, dialogue="d", turn="u")
        'so it is'
    """
    if not 0 <= rate <= 1:
        raise ValueError(f"A word error rate must be a fraction in [0, 1]; got {rate}.")
    if not vocabulary:
        raise ValueError("Word errors need the words of a training part; got an empty vocabulary.")
    words = text.split()
    keys = [f"{turn} {place}" for place in range(len(words))]
    damaged: list[str] = []
    for word, (whether, kind, which) in zip(
        words, uniforms("word errors", seed, dialogue, keys, 3), strict=True
    ):
        other = vocabulary[int(which * len(vocabulary))]
        if whether >= rate:
            damaged.append(word)
        elif kind < 1 / 3:
            damaged.append(other)
        elif kind < 2 / 3:
            damaged += [word, other]
    return " ".join(damaged)
