"""How far a convolution by fast Fourier transforms can be from the whole number that it is.

Let k = log2(L), eps = 2^-53, and beta bound the error of the roots of unity. In a transform of
length L every input reaches every output along one path of at most k additions, each right to a
factor 1 + eps, and k products with a root, each right to (1 + sqrt(5) eps) (1 + beta)
(Brent, Percival, Zimmermann, Math. Comp. 76, 1469 (2007), for the complex product). With
g = (1 + eps)^k (1 + sqrt(5) eps)^k (1 + beta)^k:

- a forward transform is wrong by at most (g - 1) of its own 2-norm (Higham, Accuracy and Stability
  of Numerical Algorithms, 2nd ed., SIAM 2002, theorem 24.2);
- so the 1-norm of the product of two spectra is wrong by at most g^2 (1 + sqrt(5) eps) - 1 of
  L |s| |x| (Cauchy, Schwarz), and a sum of J such products costs J - 1 more factors 1 + eps;
- on the way back each output is wrong by at most (g - 1) of the 1-norm over L.

Together the largest error of an output is below

    [(1 + eps)^(3k + J - 1) (1 + sqrt(5) eps)^(3k + 1) (1 + beta)^(3k) - 1] sum_j |s_j| |x_j|,

for J = 1 theorem 5.1 of Percival, Math. Comp. 72, 387 (2003). It is proved for radix 2. Radix 4 and
transforms of real numbers, which pocketfft uses for powers of two, do the same sums and merge
products, never the reverse. Dividing by L = 2^k is exact.
"""

import math

EPSILON = 2.0**-53
# pocketfft multiplies two table entries to get a root: about 5 eps. A test measures it.
ROOT_ERROR = 16.0 * EPSILON


def convolution_error_bound(log2_length: int, products: int, norms: float) -> float:
    """Largest error of one output of a sum of cyclic convolutions, before it is rounded.

    Parameters
    ----------
    log2_length : k, of the transforms
    products : J, convolutions that are added before the way back
    norms : sum over them of the product of the 2-norms of both factors

    Returns
    -------
    An absolute bound, in units of the outputs, which are whole numbers.
    """
    k = log2_length
    growth = (
        (3 * k + products - 1) * math.log1p(EPSILON)
        + (3 * k + 1) * math.log1p(math.sqrt(5.0) * EPSILON)
        + 3 * k * math.log1p(ROOT_ERROR)
    )
    return math.expm1(growth) * norms
