"""A recording that is read again in Python, also while its job runs: docs/recording.md has its files."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional

import numpy as np
from safetensors import SafetensorError, safe_open

from .analysis import Series
from .flow_result import Flow
from .folder import FORMAT, VERSION
from .sentences import RecorderError, refuse

_STEP = re.compile(r"^step-(\d{6,})\.safetensors$")


class OpenedRecording:
    """A recording's folder. In a notebook it shows the flow of its newest step; of another, ``recording.flow(step)``."""

    def __init__(self, folder: str | os.PathLike[str]):
        self.folder = Path(folder)
        try:
            run = json.loads((self.folder / "run.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            run = None
        if not isinstance(run, dict) or run.get("format") != FORMAT:
            raise refuse("noRecording", folder=self.folder)
        _check_version(run.get("version"), self.folder / "run.json")
        self.run: Dict[str, Any] = run

    @property
    def steps(self) -> List[int]:
        """Numbers of the updates whose flow is recorded, in order; those of now."""
        try:
            names = os.listdir(self.folder / "steps")
        except OSError:
            return []
        return sorted(int(found.group(1)) for found in map(_STEP.match, names) if found)

    def flow(self, step: Optional[int] = None) -> Flow:
        """What was recorded of one update; the newest unless told. Raises RecorderError where there is none."""
        steps = self.steps
        if not steps:
            raise refuse("noSteps", folder=self.folder)
        number = steps[-1] if step is None else step
        if number not in steps:
            raise refuse("noSuchStep", folder=self.folder, step=step, first=steps[0], last=steps[-1])
        path = self.folder / "steps" / f"step-{number:06d}.safetensors"
        try:
            return self._read(path, number)
        except RecorderError:
            raise
        except (OSError, SafetensorError, LookupError, ValueError, TypeError, AttributeError) as error:
            raise refuse("brokenStep", file=path, reason=f"{type(error).__name__}: {error}") from error

    def _read(self, path: Path, number: int) -> Flow:
        with safe_open(str(path), "np") as file:
            metadata: Mapping[str, str] = file.metadata() or {}
            _check_version(int(metadata["version"]), path)
            if "target" not in metadata:
                raise refuse("noFlow", folder=self.folder, step=number)
            names = set(file.keys())

            def tensor(name: str) -> Optional[np.ndarray]:
                return file.get_tensor(name) if name in names else None

            described = json.loads(metadata["series"])
            known = [Series(**{field: one.get(field) for field in Series.__dataclass_fields__}) for one in described]
            sizes = {one.name: len(file.get_tensor(f"{one.name}:norm")) for one in known}
            ids, labels, lengths = (tensor(name) for name in (":ids", ":targets", ":lengths"))
            whole = max(sizes.values(), default=0) if ids is None else len(ids)
            steps = whole if lengths is None or not len(lengths) else min(whole, int(lengths[0]))
            # A module that was called with a sequence of its own has other steps.
            known = [one for one in known if sizes[one.name] == whole]
            with_matrix = bool(known) and all(f"{one.name}:matrix" in names for one in known)
            target = int(metadata["target"])
            if not 0 <= target < steps:
                raise ValueError(f"target {target} of {steps} steps")
            # The one that is shown is the last.
            targets = [*(one for one in range(steps) if one != target), target] if with_matrix else [target]
            flow = Flow(str(self.run.get("model", {}).get("class")), steps, targets, vocabulary=self.run.get("vocabulary"), at_step=number)
            flow.ids = None if ids is None else ids[:steps, 0].tolist()
            flow.labels = None if labels is None else labels[:steps, 0].tolist()
            for one in known:
                rows = file.get_tensor(f"{one.name}:matrix")[targets, :steps] if with_matrix else file.get_tensor(f"{one.name}:flow")[None, :steps]
                total = tensor(f"{one.name}:total")
                flow.add(one, file.get_tensor(f"{one.name}:norm")[:steps], rows, None if total is None else total[:steps])
        return flow

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.folder)!r})"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Dict[str, Any]:
        try:
            return self.flow()._repr_mimebundle_(include, exclude)
        except RecorderError as error:
            return {"text/plain": f"{self!r}: {error}"}


def open_recording(folder: str | os.PathLike[str]) -> OpenedRecording:
    """Opens a recording's folder, also while the job runs. Raises RecorderError where it is none."""
    return OpenedRecording(folder)


def _check_version(version: Any, file: Path) -> None:
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise refuse("noRecording", folder=file.parent)
    if version > VERSION:
        raise refuse("newerRecording", file=file, version=version, known=VERSION)
