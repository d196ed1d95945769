"""Why a trial failed, of processes that really fail: one sentence, which says why."""

import os
import shutil
import subprocess
import sys

import pytest

from backflow_recorder.sentences import RecorderError, refuse
from backflow_recorder.sweep.child import TrialFailed
from backflow_recorder.sweep.grid import Trial
from backflow_recorder.sweep.own import OwnTrainer
from backflow_recorder.sweep.reasons import reason_of, reason_of_ray
from backflow_recorder.sweep.trainer import Backflow, train

KILLED = "The training was killed from outside (SIGKILL), as a system does that runs out of memory."
MEMORY = "The training ran out of memory: the model, its data or its window is too large for this machine."

# What a trainer in Node.js ends with, and what is said of it.
NODE = {
    'throw new Error("The model has no layer.");': "Error: The model has no layer.",
    'Promise.reject(new TypeError("of\\nseveral lines"));': "TypeError: of",
    'throw Object.assign(new Error("no such file"), { code: "ENOENT" });': "Error: no such file",
    'throw new Error("the outer", { cause: new RangeError("the inner") });': "Error: the outer",
    'throw "only words";': "only words",
    'Promise.reject("only words");': "only words",
    'require("./nowhere.js");': "Error: Cannot find module './nowhere.js'",
    "const all = []; for (;;) all.push({ a: [all.length] });": "Node.js ran out of memory for JavaScript: the model, its text or its window is too large for this machine.",
    'console.error("Warning: the disk is slow"); process.kill(process.pid, "SIGKILL"); setInterval(() => 0, 1000);': KILLED,
    'process.kill(process.pid, "SIGSEGV"); setInterval(() => 0, 1000);': "The training was ended by the signal SIGSEGV.",
    'console.error("backflow: tokens must be one of these."); process.exit(2);': "tokens must be one of these.",
    "process.exit(3);": "The training ended with exit status 3 and did not say why.",
}

# The same of a function in Python.
PYTHON = {
    'raise ValueError("no such thing")': "ValueError: no such thing",
    'raise RuntimeError("Error(s) in loading:\\n\\tMissing key\\n  other lines")': "RuntimeError: Error(s) in loading:",
    "try:\n        {}['a']\n    except KeyError:\n        raise RuntimeError('what came of it')": "RuntimeError: what came of it",
    "import traceback\n    try:\n        1 / 0\n    except ZeroDivisionError:\n        traceback.print_exc()\n    raise ValueError('the end')": "ValueError: the end",
    "class Loud:\n        def __del__(self):\n            raise OSError('at the very end')\n    global loud\n    loud = Loud()\n    raise ValueError('before that')": "ValueError: before that",
    "import os, signal, traceback\n    try:\n        1 / 0\n    except ZeroDivisionError:\n        traceback.print_exc()\n    os.kill(os.getpid(), signal.SIGKILL)": KILLED,
    "import sys\n    sys.exit('The data is missing.')": "The data is missing.",
    "import os\n    os._exit(5)": "The training ended with exit status 5 and did not say why.",
    "import os, signal, sys\n    print('UserWarning: old', file=sys.stderr, flush=True)\n    os.kill(os.getpid(), signal.SIGKILL)": KILLED,
    "import ctypes\n    ctypes.string_at(0)": "The training was ended by the signal SIGSEGV.",
    "import os, signal, time\n    os.kill(os.getpid(), signal.SIGTERM)\n    time.sleep(60)": "The training was ended by the signal SIGTERM.",
    "raise MemoryError": MEMORY,
    "import numpy\n    numpy.zeros(2**50)": "Unable to allocate",
}


@pytest.fixture(autouse=True)
def english(monkeypatch):
    monkeypatch.setenv("LC_ALL", "C.UTF-8")


def node() -> str:
    found = shutil.which("node")
    assert found is not None, "these tests need Node.js"
    return found


@pytest.mark.parametrize("code, said", NODE.items())
def test_of_a_trainer_in_node(tmp_path, monkeypatch, code, said):
    monkeypatch.setenv("NODE_OPTIONS", "--max-old-space-size=40")
    (tmp_path / "cli.js").write_text('console.log(JSON.stringify({ event: "step", step: 1, loss: 2 }));\n' + code)
    with pytest.raises(TrialFailed) as failed:
        train(Backflow(node(), str(tmp_path / "cli.js")), "corpus.txt", Trial("one", {}, 1), tmp_path / "trial", 10, lambda *_: None)
    assert str(failed.value).startswith(said) and "\n" not in str(failed.value)


@pytest.mark.parametrize("code, said", PYTHON.items())
def test_of_a_function_in_python(tmp_path, monkeypatch, code, said):
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    monkeypatch.setenv("PYTHONPATH", package)
    (tmp_path / "own.py").write_text(f"def train(settings, folder):\n    {code}\n")
    with pytest.raises(TrialFailed) as failed:
        OwnTrainer.of(str(tmp_path / "own.py")).train(Trial("one", {}, 1), tmp_path / "trial", 3, lambda *_: None)
    assert said in str(failed.value) and "\n" not in str(failed.value)


def test_of_a_trainer_that_is_missing_on_this_machine(tmp_path):
    with pytest.raises(TrialFailed, match=r"Node\.js \(/none\) was not found"):
        train(Backflow("/none", "cli.js"), "corpus.txt", Trial("one", {}, 1), tmp_path, 10, lambda *_: None)


def test_a_trainer_that_is_asked_to_end_is_not_done(tmp_path):
    # As Backflow's own, which saves and ends with 0.
    (tmp_path / "cli.js").write_text('console.log(JSON.stringify({ event: "step", step: 4, loss: 2 }));')
    with pytest.raises(RecorderError, match="asked from outside to end, at step 4 of 10"):
        train(Backflow(node(), str(tmp_path / "cli.js")), "corpus.txt", Trial("one", {}, 1), tmp_path / "trial", 10, lambda *_: None)


def test_of_what_cannot_be_allocated_in_the_libraries_of_cpp():
    said = "terminate called after throwing an instance of 'std::bad_alloc'\n  what():  std::bad_alloc\n"
    assert reason_of(said, -6) == MEMORY
    other = "terminate called after throwing an instance of 'Ort::Exception'\n  what():  no such kernel\n"
    assert reason_of(other, -6) == "The training was ended by the signal SIGABRT: no such kernel"


def test_no_reason_is_longer_than_can_be_read():
    assert len(reason_of("x" * 10_000, 1)) == 500


def test_a_real_traceback_of_chained_errors_is_read_as_python_writes_it():
    code = "try:\n  1 / 0\nexcept Exception as error:\n  raise ValueError('whose cause is named') from error"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert reason_of(ended.stderr, ended.returncode) == "ValueError: whose cause is named"


class RayError(Exception):
    """Stands for Ray's, which are told by the names of their kinds; the real ones are tried in frameworks/."""


class RayActorError(RayError):
    pass


class ActorDiedError(RayActorError):
    pass


class OutOfMemoryError(RayError):
    pass


def test_of_a_worker_that_ray_has_given_up():
    died = ActorDiedError("The actor died unexpectedly before finishing this task.\n\tclass_name: ImplicitFunc\nThe actor is dead because (1) … (3) …")
    assert reason_of_ray(died, 4) == "Its worker was lost 4 times: it was killed, it crashed, or its machine left the cluster."
    alone = ActorDiedError("The actor died …\nRuntimeError: The actor with name ImplicitFunc failed to import on the worker.\nModuleNotFoundError: No module named 'backflow_recorder'\n\nAn unexpected …")
    assert reason_of_ray(alone, 4).startswith("The Python in which Ray runs on the cluster has no backflow_recorder: install it there")
    low = OutOfMemoryError("Task was killed due to the node running low on memory.\nMemory on the node …")
    assert reason_of_ray(low, 4).startswith("Its worker was ended 4 times because the machine had too little memory left")
    task = RayError("ray::ImplicitFunc.train() (pid=1)\nTraceback (most recent call last):\n  File …\nOSError: [Errno 28] No space left on device")
    # Ray puts words of its own before the traceback.
    assert reason_of_ray(task, 4) == "OSError: [Errno 28] No space left on device"
    own = RayError("ray::ImplicitFunc.train()")
    own.cause = refuse("sweepEnded", step=4, steps=10)
    assert reason_of_ray(own, 4) == "The training was asked from outside to end, at step 4 of 10."
