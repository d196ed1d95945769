"""Products in blocks are the products."""

import numpy as np
import pytest

from backflow_recorder.products import times


@pytest.mark.parametrize(
    "shape", [(1, 2048, 512), (2, 512, 2048), (64, 2048, 512), (128, 512, 2048), (1, 1500, 300), (3, 7, 5), (1, 5, 20_000), (0, 4, 4), (500, 400, 300)]
)
def test_a_product_in_blocks_is_the_product(shape):
    count, rows, size = shape
    draw = np.random.default_rng(0).standard_normal
    vectors, matrix = draw((count, size)), draw((rows, size))
    np.testing.assert_allclose(times(vectors, matrix), np.einsum("rk,mk->rm", vectors, matrix), rtol=1e-12, atol=1e-11)
