"""Records the gradient flow of a running PyTorch job, for Backflow. See README.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .sentences import RecorderError, RecorderWarning
from .version import __version__

if TYPE_CHECKING:
    from .flow_result import Flow
    from .opened import OpenedRecording, open_recording
    from .probe import flow
    from .recorder import Recorder

__all__ = ["Flow", "OpenedRecording", "Recorder", "RecorderError", "RecorderWarning", "__version__", "flow", "open_recording"]
_PLACES = {
    "Flow": "flow_result",
    "OpenedRecording": "opened",
    "Recorder": "recorder",
    "flow": "probe",
    "open_recording": "opened",
}


def __getattr__(name: str) -> Any:
    """What needs PyTorch is imported when it is used: a sweep needs none of it."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_PLACES[name]}", __name__), name)


def __dir__() -> list[str]:
    """Completion knows of them before they are imported."""
    return sorted({*globals(), *__all__})
