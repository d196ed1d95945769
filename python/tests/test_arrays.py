"""Tensors in float64."""

import numpy as np
import pytest
import torch

from backflow_recorder.arrays import doubled, float64

DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_values_are_those_of_the_tensor(dtype):
    tensor = (torch.randn(4, 6) * 1e3).to(dtype).T.requires_grad_()
    for found in (float64(tensor), doubled(tensor).detach().numpy()):
        assert found.dtype == np.float64
        assert found.tolist() == tensor.tolist()


def test_where_a_device_has_no_float64_it_is_the_cpus():
    class Apples:
        """As PyTorch refuses it there."""

        device = torch.device("mps")

        def double(self):
            raise TypeError("Cannot convert a MPS Tensor to float64 dtype as the MPS framework doesn't support float64.")

        def cpu(self):
            return torch.tensor([1.5])

    assert doubled(Apples()).tolist() == [1.5] and doubled(Apples()).dtype == torch.float64
