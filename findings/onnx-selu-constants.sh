#!/usr/bin/env bash
# SELU has two constants, which its paper defines by a formula; PyTorch has them with 16 digits and more. ONNX's operator Selu has defaults that
# agree in seven digits only: 1.67326319… for 1.67326324… and 1.05070102… for 1.05070098…. An exporter that leaves the defaults away changes
# the function a little, more than float32 rounds.
set -euo pipefail
. "$(dirname "$0")/python.sh"
python_with onnx==1.23.2 <<'PYTHON'
import math

import onnx
from onnx import defs

half, two = math.erfc(math.sqrt(0.5)), math.erfc(math.sqrt(2))
alpha = -math.sqrt(2 / math.pi) / (half * math.exp(0.5) - 1)
gamma = (1 - half * math.sqrt(math.e)) * math.sqrt(2 * math.pi) / math.sqrt(
    2 * two * math.e ** 2 + math.pi * half ** 2 * math.e - 2 * (2 + math.pi) * half * math.sqrt(math.e) + math.pi + 2)
schema = defs.get_schema('Selu', 22)
found = {name: schema.attributes[name].default_value.f for name in ('alpha', 'gamma')}
print(f'onnx {onnx.__version__}: alpha {found["alpha"]:.10f} for {alpha:.10f}, gamma {found["gamma"]:.10f} for {gamma:.10f}')
for name, exact in (('alpha', alpha), ('gamma', gamma)):
    apart = abs(found[name] - exact) / exact
    # float32 rounds by 6e-8 at most; of the nearest float32 alpha would be within that.
    print(f'{name}: relative difference {apart:.1e}')
    assert 2.5e-8 < apart < 1e-7
PYTHON
