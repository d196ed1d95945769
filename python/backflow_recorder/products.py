"""Products of matrices with few vectors, on the calling thread alone.

NumPy's BLAS gives a larger product to a team of threads, whose members then wait busily for the next one: of a recurrence, hundreds of products in a row, that
costs as much processor time again as the products, and the training's own threads are what it is taken from. So a matrix is read in blocks that BLAS takes for
too small to be shared.
"""

from __future__ import annotations

import numpy as np

Array = np.ndarray

# Below these OpenBLAS uses one thread: elements of a matrix by a vector, and multiplications of a matrix by a matrix.
ALONE_BY_VECTOR = 9216
ALONE = 262144
# Narrower blocks cost more than they save.
NARROWEST = 4


def times(vectors: Array, matrix: Array) -> Array:
    """``vectors @ matrix.T``: vectors [R, K] and matrix [M, K], contiguous, as [R, M]."""
    count, size = vectors.shape
    rows = (ALONE_BY_VECTOR if count == 1 else ALONE) // max(1, size * count)
    if rows < NARROWEST or rows >= len(matrix):
        return vectors @ matrix.T
    whole = len(matrix) // rows * rows
    result = np.empty((len(matrix), count))
    np.matmul(matrix[:whole].reshape(-1, rows, size), vectors.T, out=result[:whole].reshape(-1, rows, count))
    if whole < len(matrix):
        np.matmul(matrix[whole:], vectors.T, out=result[whole:])
    return result.T
