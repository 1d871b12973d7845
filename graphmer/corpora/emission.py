r"""Emission distribution of one modality: a low-dimensional Gaussian, lifted to the feature width."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_LATENT = 8  # minimum number of dimensions that depend on the emotion
_VOICES = 4  # number of dimensions that depend on the speaker
_AMBIENT = 0.5  # standard deviation of the noise on every feature


@dataclass(frozen=True, eq=False)
class Emission:
    r"""Distribution of the features of one modality given the emotion ``c`` and the speaker ``s``.

    .. math:: x = A (\mu_c + \sigma z) + B b_s + \tau \varepsilon

    with standard normal :math:`z` and :math:`\varepsilon`, an offset :math:`b_s` sampled once per speaker,
    and jointly orthonormal columns of :math:`A` and :math:`B`. Therefore :math:`A^T x` is Gaussian with mean
    :math:`\mu_c` and variance :math:`\sigma^2 + \tau^2` in each direction. All directions orthogonal to
    :math:`A`, including the speaker offset, are independent of the emotion. The likelihood thus depends on
    the projection only, and is exact without knowledge of the speaker.

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
        """Sample the features of utterances with the given emotion and speaker numbers.

        Shapes:
            emotion, speaker ``[N]``; returns ``[N, D]``.
        """
        offset = self.offset * rng.standard_normal((int(speaker.max()) + 1, self.voice.shape[1]))
        latent = self.means[emotion] + self.spread * rng.standard_normal((len(emotion), self.lift.shape[1]))
        noise = rng.standard_normal((len(emotion), len(self.lift)), dtype=np.float32)
        mean = latent @ self.lift.T + offset[speaker] @ self.voice.T
        return mean.astype(np.float32) + np.float32(self.ambient) * noise

    def log_likelihood(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """Log-likelihood of features under each emotion, up to a constant common to all emotions.

        Shapes:
            features ``[N, D]``; returns ``[N, C]``.
        """
        # |z - mu|^2 without |z|^2, which does not depend on the emotion
        fit = (features @ self.lift) @ self.means.T - 0.5 * (self.means**2).sum(axis=1)
        return fit / (self.spread**2 + self.ambient**2)


def emission(rng: np.random.Generator, classes: int, width: int, separation: float) -> Emission:
    """Emission whose class means are the corners of a regular simplex.

    All pairs of emotions are equally similar. The orientation is random. The separability of emotions depends
    neither on the orientation nor on the width. The scale is chosen such that the mean square of a feature is
    1.

    Args:
        rng: random generator of the orientation.
        classes: number of emotions.
        width: number of features of the modality.
        separation: distance of a class mean from the center of the simplex, in standard deviations of the
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
