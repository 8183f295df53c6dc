"""Exponential, logarithm, normal quantile and normal probability from basic arithmetic: the same bits on every machine.

Library versions of these functions differ in their last bits between processors. Everything here is made
of correctly rounded operations (+, -, *, /, square root) and exact ones (scaling by powers of two), so that the same draw gives the
same number wherever NumPy runs.

Sources: reduction and the coefficients of the logarithm follow the classic scheme of Tang-like kernels with plain
Taylor and atanh series; the normal quantile is Wichura's algorithm AS 241 (1988), accurate to about 1e-16; the normal probability uses Cody's rational approximations
(Mathematics of Computation 23, 1969, 631-637; ACM Algorithm 715, 1993).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_LN2_HIGH = 0.693147180369123816490  # ln 2 split in two, so that k * high is exact
_LN2_LOW = 1.90821492927058770002e-10
_INVERSE_FACTORIALS = [1.0]
for _n in range(1, 15):
    _INVERSE_FACTORIALS.append(_INVERSE_FACTORIALS[-1] / _n)


def exp(x: npt.ArrayLike) -> Array:
    """Return e to the power x, elementwise, within about 1 unit in the last place; 0 below -745, inf above 709.8."""
    x = np.asarray(x, dtype=np.float64)
    bounded = np.minimum(np.maximum(x, -746.0), 710.0)
    k = np.rint(bounded / (_LN2_HIGH + _LN2_LOW))
    r = (bounded - k * _LN2_HIGH) - k * _LN2_LOW
    result = _polynomial(r, _INVERSE_FACTORIALS[::-1])
    half = np.floor(k / 2.0)  # two scalings, so that results near the largest number do not overflow on the way
    with np.errstate(over="ignore", under="ignore"):
        return np.ldexp(np.ldexp(result, half.astype(np.int32)), (k - half).astype(np.int32))


def log(x: npt.ArrayLike) -> Array:
    """Return the natural logarithm of positive x, elementwise, within about 1 unit in the last place."""
    x = np.asarray(x, dtype=np.float64)
    mantissa, exponent = np.frexp(x)
    small = mantissa < 0.7071067811865476
    mantissa *= 1.0 + small
    k = exponent.astype(np.float64) - small
    s = (mantissa - 1.0) / (mantissa + 1.0)
    z = s * s
    series = np.zeros_like(z)
    for n in range(23, 1, -2):  # atanh series: |s| <= 0.172, so that the term left out is below 1e-19
        series += 1.0 / n
        series *= z
    return k * _LN2_HIGH + (2.0 * (s + s * series) + k * _LN2_LOW)


# fmt: off
_CENTRE_NUM = (2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4, 4.5921953931549871457e4,
               1.3731693765509461125e4, 1.9715909503065514427e3, 1.3314166789178437745e2, 3.3871328727963666080e0)
_CENTRE_DEN = (5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4, 2.1213794301586595867e4,
               5.3941960214247511077e3, 6.8718700749205790830e2, 4.2313330701600911252e1, 1.0)
_TAIL_NUM = (7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1,
             1.27045825245236838258e0, 3.64784832476320460504e0, 5.76949722146069140550e0, 4.63033784615654529590e0,
             1.42343711074968357734e0)
_TAIL_DEN = (1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2,
             1.48103976427480074590e-1, 6.89767334985100004550e-1, 1.67638483018380384940e0,
             2.05319162663775882187e0, 1.0)
_FAR_NUM = (2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3,
            2.65321895265761230930e-2, 2.96560571828504891230e-1, 1.78482653991729133580e0,
            5.46378491116411436990e0, 6.65790464350110377720e0)
_FAR_DEN = (2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5,
            7.86869131145613259100e-4, 1.48753612908506148525e-2, 1.36929880922735805310e-1,
            5.99832206555887937690e-1, 1.0)
_INNER_NUM = (0.065682337918207449113, 2.2352520354606839287, 161.02823106855587881, 1067.6894854603709582, 18154.981253343561249)
_INNER_DEN = (1.0, 47.20258190468824187, 976.09855173777669322, 10260.932208618978205, 45507.789335026729956)
_OUTER_NUM = (1.0765576773720192317e-8, 0.39894151208813466764, 8.8831497943883759412, 93.506656132177855979, 597.27027639480026226,
              2494.5375852903726711, 6848.1904505362823326, 11602.651437647350124, 9842.7148383839780218)
_OUTER_DEN = (1.0, 22.266688044328115691, 235.38790178262499861, 1519.377599407554805, 6485.558298266760755, 18615.571640885098091,
              34900.952721145977266, 38912.003286093271411, 19685.429676859990727)
_LAST_NUM = (0.02307344176494017303, 0.21589853405795699, 0.1274011611602473639, 0.022235277870649807, 0.001421619193227893466,
             2.9112874951168792e-5)
_LAST_DEN = (1.0, 1.28426009614491121, 0.468238212480865118, 0.0659881378689285515, 0.00378239633202758244, 7.29751555083966205e-5)
# fmt: on
_ROOT_OF_TWO_PI_INVERSE = 0.39894228040143267794


def _polynomial(x: Array, coefficients: Sequence[float]) -> Array:
    """Return a polynomial, highest power first, by Horner's rule in one array."""
    made = np.full_like(x, coefficients[0])
    for a in coefficients[1:]:
        made *= x
        made += a
    return made


def _ratio(x: Array, numerator: tuple[float, ...], denominator: tuple[float, ...]) -> Array:
    return _polynomial(x, numerator) / _polynomial(x, denominator)


def normal_quantile(p: npt.ArrayLike) -> Array:
    """Return the standard normal quantile of probabilities strictly between 0 and 1, elementwise (AS 241)."""
    p = np.asarray(p, dtype=np.float64)
    q = p - 0.5
    made = np.asarray(q * _ratio(0.180625 - q * q, _CENTRE_NUM, _CENTRE_DEN))
    outside = np.abs(q) > 0.425  # three in twenty: only these need a logarithm
    q = q[outside]
    r = np.sqrt(-log(np.where(q < 0.0, p[outside], 1.0 - p[outside])))
    tail = _ratio(r - 1.6, _TAIL_NUM, _TAIL_DEN)
    far = r > 5.0
    tail[far] = _ratio(r[far] - 5.0, _FAR_NUM, _FAR_DEN)
    made[outside] = np.where(q < 0.0, -tail, tail)
    return made


def normal_cdf(z: npt.ArrayLike) -> Array:
    """Return the standard normal probability of a value of at most z, elementwise.

    The relative error is below 1e-15 from z = -37.5 (a probability of about 5e-308) upwards; further out fewer and fewer digits are left, and the result ends at 0.
    """
    z = np.asarray(z, dtype=np.float64)
    y = np.minimum(np.abs(z), 40.0)
    near = np.minimum(y, 0.67448975)
    inner = near * _ratio(near * near, _INNER_NUM, _INNER_DEN)
    inverse = 1.0 / np.square(np.maximum(y, 5.0))
    outer = _ratio(np.minimum(y, 6.0), _OUTER_NUM, _OUTER_DEN)
    last = (_ROOT_OF_TWO_PI_INVERSE - inverse * _ratio(inverse, _LAST_NUM, _LAST_DEN)) / np.maximum(y, 5.0)
    short = np.floor(y * 16.0) / 16.0  # its square is exact, so that the exponential of a large number keeps its digits
    density = exp(-0.5 * short * short) * exp(-0.5 * (y - short) * (y + short))
    tail = density * np.where(y <= 5.656854249492380, outer, last)
    return np.where(y <= 0.67448975, np.where(z < 0.0, 0.5 - inner, 0.5 + inner), np.where(z < 0.0, tail, 1.0 - tail))


def quantiles(ordered: Array, probabilities: npt.ArrayLike, *, observed: bool = False) -> Array:
    """Return quantiles of values in rising order, shape of the probabilities.

    They are linear between two values or, `observed`, the least value that such a share does not exceed (types 7 and 1 of Hyndman and Fan, 1996).
    """
    p = np.asarray(probabilities, dtype=np.float64)
    if observed:
        return ordered[np.maximum(np.ceil(len(ordered) * p - 1.0), 0.0).astype(np.int64)]
    at = (len(ordered) - 1) * p
    below = np.floor(at).astype(np.int64)
    low, high, part = ordered[below], ordered[np.minimum(below + 1, len(ordered) - 1)], at - below
    return np.where(part < 0.5, low + (high - low) * part, high - (high - low) * (1.0 - part))  # from the nearer one
