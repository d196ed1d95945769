"""What the models come to, by PyTorch in float64."""
import torch

import files
from models import MODELS
from recurrent_references import write_references
from reference import reference

DIGITS = 13


def main():
    torch.set_num_threads(1)
    for name in MODELS:
        files.write(f'exports/references/{name}', reference(name), DIGITS)
        print(name)
    write_references(DIGITS)
