"""Confidence, where not only the network's own errors make depth wrong, but its scale, too."""

import numpy as np

# Confidence is the probability that depth is within this share of the truth.
SHARE = 0.1


def with_scale_error(confidence: np.ndarray, sigma: float) -> np.ndarray:
    """
    Return the confidence in depth whose scale is uncertain.

    The network's confidence tells the scale b of a Laplace distribution of the logarithm's error
    (networks.uncertainty), to which a normal distribution, the scale's, is added. The sum has
    the variance 2 b^2 + sigma^2; it is taken for a mixture of a Laplace and a normal distribution
    of that variance, by their shares in it. The normal one is by Polya's approximation of its
    integral (1949), which is within 0.01.

    Parameters
    ----------
    confidence : float32 (H, W)
        The probability that depth is within 10 % of the truth, were its scale known.
    sigma : float
        The standard deviation of the scale's logarithm.

    Returns
    -------
    float32 (H, W)

    """
    if not sigma:
        return confidence
    # -log(1 - confidence) is log(1.1) / b.
    share = np.float32(np.log1p(SHARE))
    b = share / -np.log1p(-np.clip(confidence, 1e-4, 0.9999))
    variance = 2.0 * b * b + np.float32(sigma * sigma)
    laplace = -np.expm1(-share * np.sqrt(2.0 / variance))
    normal = np.sqrt(-np.expm1(-2.0 / np.pi * share * share / variance))
    return laplace + np.float32(sigma * sigma) / variance * (normal - laplace)
