"""Tensors in float64: as NumPy arrays for the thread beside the training, and as tensors where a device has float64.

NumPy copies on the calling thread alone: a large operation of PyTorch would start a team of threads beside the training's own.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def float64(tensor: Tensor) -> np.ndarray:
    """A copy, of float16, bfloat16, float32 or float64 on any device."""
    tensor = tensor.detach().cpu()
    if tensor.dtype == torch.bfloat16:
        # The upper half of a float32, which NumPy does not know.
        bits = tensor.contiguous().view(torch.int16).numpy().view(np.uint16).astype(np.uint32) << 16
        return bits.view(np.float32).astype(np.float64)
    return tensor.numpy().astype(np.float64)


def doubled(tensor: Tensor) -> Tensor:
    """On the tensor's own device, but for Apple's (MPS), which has no float64: then on the CPU."""
    return tensor.cpu().double() if tensor.device.type == "mps" else tensor.double()
