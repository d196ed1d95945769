"""Writing cases as JSON: one array a line, flat and row-major."""
import json
import pathlib
import re

import numpy as np

DATA = pathlib.Path(__file__).parent / 'data'


def plain(value, digits=None):
    """Arrays become flat lists, row-major; floats are rounded to so many significant digits, if any are named."""
    if isinstance(value, dict):
        return {key: plain(item, digits) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, digits) for item in value]
    if isinstance(value, np.ndarray):
        return plain(value.ravel().tolist(), digits)
    return float(f'{value:.{digits}g}') if digits and isinstance(value, float) else value


def write(name, case, digits=None):
    text = json.dumps(plain(case, digits), indent=1, allow_nan=False)
    one_line = re.sub(r'\[[^\[\]{}"]*\]', lambda match: re.sub(r'\s+', '', match.group()), text)
    file = DATA / f'{name}.json'
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(one_line + '\n')
