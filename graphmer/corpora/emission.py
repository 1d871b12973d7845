r"""How an emotion shows in one modality: a Gaussian in a small space, lifted to the modality's width."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_LATENT = 8  # dimensions in which emotions show, at least
_VOICES = 4  # dimensions in which speakers differ
_AMBIENT = 0.5  # standard deviation of the noise on every feature


@dataclass(frozen=True, eq=False)
class Emission:
    r"""The features of one modality, given the emotion ``c`` and the speaker ``s``.

    .. math:: x = A (\mu_c + \sigma z) + B b_s + \tau \varepsilon

    with :math:`z` and :math:`\varepsilon` standard normal, :math:`b_s` drawn once a speaker, and the columns
    of :math:`A` and :math:`B` orthonormal together. Therefore :math:`A^T x` is Gaussian around :math:`\mu_c`
    with variance :math:`\sigma^2 + \tau^2` in each direction, and everything orthogonal to :math:`A`, the
    speaker's offset included, is independent of the emotion: the likelihood needs the projection alone and is
    exact without knowing the speaker.

    Args:
        lift: :math:`A`, ``[D, L]``.
        voice: :math:`B`, ``[D, K]``.
        means: :math:`\mu`, ``[C, L]``.
        spread: :math:`\sigma`.
        offset: standard deviation of :math:`b_s` in each direction.
        ambient: :math:`\tau`.
    """

    lift: NDArray[np.float64]
    voice: NDArray[np.float64]
    means: NDArray[np.float64]
    spread: float
    offset: float
    ambient: float

    def sample(
        self, rng: np.random.Generator, emotion: NDArray[np.int64], speaker: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Features of utterances with these emotions and speakers, both by number.

        Shapes:
            emotion, speaker ``[N]``; returns ``[N, D]``.
        """
        offset = self.offset * rng.standard_normal((int(speaker.max()) + 1, self.voice.shape[1]))
        latent = self.means[emotion] + self.spread * rng.standard_normal((len(emotion), self.lift.shape[1]))
        noise = rng.standard_normal((len(emotion), len(self.lift)), dtype=np.float32)
        shown = latent @ self.lift.T + offset[speaker] @ self.voice.T
        return shown.astype(np.float32) + np.float32(self.ambient) * noise

    def log_likelihood(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Log-density of features under each emotion, up to a number that all emotions share.

        Shapes:
            features ``[N, D]``; returns ``[N, C]``.
        """
        # |z - mu|^2 without |z|^2, which does not depend on the emotion
        fit = (features @ self.lift) @ self.means.T - 0.5 * (self.means**2).sum(axis=1)
        return fit / (self.spread**2 + self.ambient**2)


def emission(rng: np.random.Generator, classes: int, width: int, separation: float) -> Emission:
    """An emission whose emotions lie on the corners of a regular simplex: all pairs are equally alike.

    The orientation is random; how well emotions can be told apart depends neither on it nor on the width. The
    scale is chosen such that the mean square of a feature is 1.

    Args:
        rng: decides the orientation.
        classes: number of emotions.
        width: features of the modality.
        separation: distance of an emotion's mean from the simplex's centre, in standard deviations of the
            projected features.

    Raises:
        ValueError: if the separation is negative, or the modality is too narrow for it.
    """
    if separation < 0:
        raise ValueError(f"A separation must be a number of standard deviations >= 0; got {separation}.")
    latent = max(_LATENT, classes)
    # mean square 1: square (L + K + separation^2) + (D - L) ambient^2 = D, with square = spread^2 + ambient^2
    square = (width - (width - latent) * _AMBIENT**2) / (latent + _VOICES + separation**2)
    if width < latent + _VOICES or square <= _AMBIENT**2:
        raise ValueError(
            f"A modality must have a width >= {latent + _VOICES}, and more for separations beyond 5; "
            f"got {width} with separation {separation}."
        )
    frame, _ = np.linalg.qr(rng.standard_normal((width, latent + _VOICES)))
    corners = np.zeros((classes, latent))
    corners[:, :classes] = np.eye(classes) - 1 / classes
    corners *= separation / np.linalg.norm(corners[0])
    return Emission(
        lift=frame[:, :latent],
        voice=frame[:, latent:],
        means=corners * math.sqrt(square),
        spread=math.sqrt(square - _AMBIENT**2),
        offset=math.sqrt(square),
        ambient=_AMBIENT,
    )
