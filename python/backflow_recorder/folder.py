"""The recording's folder, as docs/recording.md says: readable at any moment, also after a crash. Nothing is pickled."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Set

from safetensors.torch import save
from torch import Tensor

from .sentences import refuse

FORMAT = "backflow-recording"
VERSION = 1


class Folder:
    """A new folder; run.json makes it a recording and is written first."""

    def __init__(self, path: str | os.PathLike[str]):
        self.path = Path(path)
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise refuse("folderUsed", folder=self.path)

    def begin(self, run: Mapping[str, Any]) -> None:
        (self.path / "steps").mkdir(parents=True, exist_ok=True)
        self._replace(self.path / "run.json", json.dumps({"format": FORMAT, "version": VERSION, **run}, ensure_ascii=False, indent=1).encode())

    def add_step(self, step: int, tensors: Mapping[str, Tensor], series: List[Mapping[str, Any]], target: Optional[int], others: Mapping[str, str]) -> None:
        metadata = {"format": f"{FORMAT}-step", "version": str(VERSION), "step": str(step), "series": json.dumps(series, ensure_ascii=False), **others}
        if target is not None:
            metadata["target"] = str(target)
        self._replace(self.path / "steps" / f"step-{step:06d}.safetensors", save(_apart(tensors), metadata))

    def add_metrics(self, lines: List[Mapping[str, Any]]) -> None:
        """Appends whole lines by one write."""
        text = "".join(f"{json.dumps(_finite(line), ensure_ascii=False, allow_nan=False)}\n" for line in lines)
        with open(self.path / "metrics.jsonl", "ab") as file:
            file.write(text.encode())

    @staticmethod
    def _replace(path: Path, content: bytes) -> None:
        beside = path.with_name(f".{path.name}.new")
        try:
            beside.write_bytes(content)
            os.replace(beside, path)
        except BaseException:
            try:
                beside.unlink()
            except OSError:
                pass
            raise


def _apart(tensors: Mapping[str, Tensor]) -> Dict[str, Tensor]:
    """Tied weights are one tensor of two names, which safetensors does not write twice: each but the first is copied."""
    result: Dict[str, Tensor] = {}
    taken: Set[int] = set()
    for name, tensor in tensors.items():
        tensor = tensor.detach().contiguous()
        result[name] = tensor.clone() if tensor.data_ptr() in taken and tensor.numel() > 0 else tensor
        taken.add(tensor.data_ptr())
    return result


def _finite(value: Any) -> Any:
    """JSON has no number for what is not finite: as the page says, its name."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    return value
