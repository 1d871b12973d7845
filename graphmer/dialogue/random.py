"""Counter-based random numbers per utterance, independent of batch, order and process."""

import hashlib
import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Draw = Callable[[str, int, str, str, int], NDArray[np.float32]]
"""Draws the random vector of one key; see `normals`."""


def uniforms(purpose: str, seed: int, dialogue: str, keys: Sequence[str], count: int) -> NDArray[np.float64]:
    """Uniform random numbers in [0, 1) per key, as a pure function of the arguments.

    Each row is the SHAKE-128 digest of its arguments, read as 64-bit integers of which the upper 53 bits are
    used. It does not depend on the order of the keys, on other keys, on the process or on ``PYTHONHASHSEED``.

    Args:
        purpose: name of the use; different purposes have independent numbers.
        seed: any integer.
        dialogue: id of the dialogue.
        keys: one key per row, usually the utterance ids.
        count: numbers per key; a larger `count` keeps the first numbers.

    Shapes:
        returns ``[len(keys), count]``.

    Example:
        >>> two = uniforms("demo", 0, "d", ["u0", "u1"], 3)
        >>> bool((uniforms("demo", 0, "d", ["u1"], 2)[0] == two[1, :2]).all())
        True
    """
    shake, width = hashlib.shake_128, 8 * count
    prefix = _prefix(purpose, seed, dialogue)
    digests = b"".join([shake(prefix + key.encode()).digest(width) for key in keys])
    # "<u8", not the native byte order: the same numbers on every machine
    integers = np.frombuffer(digests, dtype="<u8").reshape(len(keys), count)
    return (integers >> np.uint64(11)).astype(np.float64) * 2.0**-53


def normals(purpose: str, seed: int, dialogue: str, key: str, count: int) -> NDArray[np.float32]:
    """Standard normal random numbers ``[count]`` for one key, as a pure function of the arguments."""
    return _generator(purpose, seed, dialogue, key).standard_normal(count, dtype=np.float32)


def student_t(purpose: str, seed: int, dialogue: str, key: str, count: int) -> NDArray[np.float32]:
    """Random numbers ``[count]`` of Student's t with 3 degrees of freedom, scaled to variance 1."""
    drawn = _generator(purpose, seed, dialogue, key).standard_t(3, count) / math.sqrt(3)
    return drawn.astype(np.float32)


def _generator(purpose: str, seed: int, dialogue: str, key: str) -> np.random.Generator:
    digest = hashlib.shake_128(_prefix(purpose, seed, dialogue) + key.encode()).digest(16)
    # Philox uses the key without hashing it; seeding PCG64 would hash again and take twice as long
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest, "little")))


def _prefix(purpose: str, seed: int, dialogue: str) -> bytes:
    return f"graphmer-1\0{purpose}\0{seed}\0{dialogue}\0".encode()
