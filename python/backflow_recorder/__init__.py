"""Records the gradient flow of a running PyTorch job, for Backflow. See README.md."""

from .flow_result import Flow
from .opened import OpenedRecording, open_recording
from .probe import flow
from .recorder import Recorder
from .sentences import RecorderError, RecorderWarning
from .version import __version__

__all__ = ["Flow", "OpenedRecording", "Recorder", "RecorderError", "RecorderWarning", "__version__", "flow", "open_recording"]
