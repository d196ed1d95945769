"""Reading a recording back, by json and safetensors alone."""

from __future__ import annotations

import json
from pathlib import Path

from safetensors import safe_open


def lines(folder):
    return [json.loads(line) for line in (Path(folder) / "metrics.jsonl").read_text().splitlines()]


def run(folder):
    return json.loads((Path(folder) / "run.json").read_text())


def step(folder, number):
    """The tensors of a step's file as NumPy arrays, and its metadata with series as a list."""
    with safe_open(str(Path(folder) / "steps" / f"step-{number:06d}.safetensors"), "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dict
        metadata = dict(file.metadata())
    metadata["series"] = json.loads(metadata["series"])
    return {name: tensor.double().numpy() if tensor.is_floating_point() else tensor.numpy() for name, tensor in tensors.items()}, metadata
