"""Training functions of one's own, each called in a process of its own."""

import json
import math
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from backflow_recorder.sentences import RecorderError
from backflow_recorder.sweep import child, own
from backflow_recorder.sweep.child import TrialFailed
from backflow_recorder.sweep.grid import Trial
from backflow_recorder.sweep.own import OwnTrainer

FUNCTIONS = """
import torch
from beside import CharModel, data, loss_of
from backflow_recorder import Recorder


def train(settings, folder):
    torch.manual_seed(settings["seed"])
    model = CharModel(hidden=settings["hidden"])
    optimizer = torch.optim.SGD(model.parameters(), settings["lr"])
    with Recorder(model, folder, every=5) as recorder:
        for step in range(settings["steps"]):
            optimizer.zero_grad()
            loss = loss_of(model, *data(seed=step))
            loss.backward()
            recorder.step(loss * settings.get("times", 1))
            optimizer.step()


def forever(settings, folder):
    train({**settings, "steps": 10**9}, folder)


def nothing(settings, folder):
    pass


def beside(settings, folder):
    open("data.txt").read()
    train(settings, folder)


def broken(settings, folder):
    raise ValueError("no such thing")
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    (tmp_path / "functions.py").write_text(FUNCTIONS)
    # Files beside it are found, as by a script.
    (tmp_path / "beside.py").write_text((Path(__file__).parent / "models.py").read_text())
    package = Path(__file__).resolve().parents[1]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(package), os.environ.get("PYTHONPATH", "")]))
    return tmp_path / "functions.py"


def trial(**values):
    return Trial("one", {"hidden": "5", "lr": "0.1", **values}, 3)


def test_the_recording_says_what_came_of_it(file, tmp_path):
    reported = []
    trainer = OwnTrainer.of(str(file))
    found = trainer.train(trial(), tmp_path / "trial", 40, lambda step, loss: reported.append((step, loss)))
    lines = [json.loads(line) for line in (tmp_path / "trial/run/metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == list(range(1, 41))
    assert (found["state"], found["step"], found["loss"]) == ("done", 40, lines[-1]["loss"])
    # One sequence each, of the newest recorded steps.
    horizons = [line["horizon"] for line in lines if "horizon" in line][-5:]
    median = sorted(math.inf if one is None else one for one in horizons)[2]
    assert found["horizon"] == (None if median == math.inf else median) and found["within"] > 1
    # Whole numbers of steps apart, and never the last.
    assert all(lines[step - 1]["loss"] == loss and step < 40 for step, loss in reported) and len(reported) <= 20
    assert trainer.known(tmp_path / "trial") == {key: value for key, value in found.items() if key != "state"}
    assert not (tmp_path / "trial/process.json").exists()


def test_a_loss_that_is_not_finite_ends_it(file, tmp_path):
    found = OwnTrainer.of(str(file)).train(trial(times="nan"), tmp_path / "trial", 10**9, lambda *_: None)
    assert (found["state"], found["loss"]) == ("diverged", None)


@pytest.mark.parametrize("function, said", [("nothing", "has recorded no step"), ("broken", "ValueError: no such thing"), ("absent", "has no function absent")])
def test_what_goes_wrong_is_said_of_the_trial(file, tmp_path, function, said):
    with pytest.raises(TrialFailed, match=said):
        OwnTrainer.of(f"{file}:{function}").train(trial(), tmp_path / "trial", 3, lambda *_: None)
    assert not (tmp_path / "trial/process.json").exists()


def test_it_ends_with_the_worker_and_begins_anew(file, tmp_path):
    class Ended(Exception):
        pass

    def report(step, loss):
        raise Ended

    folder = tmp_path / "trial"
    with pytest.raises(Ended):
        OwnTrainer.of(f"{file}:forever").train(trial(), folder, 20, report)
    assert not (folder / "process.json").exists()
    step = OwnTrainer.of(str(file)).known(folder)["step"]
    assert step >= 1
    assert OwnTrainer.of(str(file)).train(trial(), folder, 4, lambda *_: None)["step"] == 4


def test_it_ends_where_the_worker_is_killed(file, tmp_path):
    if os.name == "nt":
        # There a process that is ended is not told from one that is killed.
        return
    worker = "import sys; from pathlib import Path; from backflow_recorder.sweep.grid import Trial; from backflow_recorder.sweep.own import OwnTrainer\n"
    worker += "OwnTrainer.of(sys.argv[1]).train(Trial('one', {'hidden': '5', 'lr': '0.1'}, 3), Path(sys.argv[2]), 10**9, lambda *_: None)"
    folder = tmp_path / "trial"
    process = subprocess.Popen([sys.executable, "-c", worker, f"{file}:forever", str(folder)])
    try:
        while not (folder / "run/metrics.jsonl").exists():
            assert process.poll() is None
            time.sleep(0.05)
        pid = json.loads((folder / "process.json").read_text())["pid"]
    finally:
        process.kill()
        process.wait()
    # Reaped by init, or by whoever has taken its place; a zombie has ended too.
    while is_running(pid):
        time.sleep(0.05)
    # It ends as by an error, so that what the recorder holds is written.
    assert (folder / "run/metrics.jsonl").read_text().endswith("\n")


def is_running(pid):
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    try:
        # The third field, behind the name in parentheses.
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return not Path("/proc/self").exists()


def test_relative_paths_are_of_the_folder_in_which_the_sweep_is_called(file, tmp_path, monkeypatch):
    (tmp_path / "data.txt").write_text("")
    monkeypatch.chdir(tmp_path)
    trainer = OwnTrainer.of("functions.py:beside")
    # As Ray's worker is in the trial's own folder.
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert trainer.train(trial(), tmp_path / "trial", 2, lambda *_: None)["step"] == 2


def test_a_process_that_cannot_be_noted_is_ended(file, tmp_path, monkeypatch):
    begun = []
    popen = child.subprocess.Popen
    monkeypatch.setattr(child.subprocess, "Popen", lambda *words, **options: begun.append(popen(*words, **options)) or begun[-1])

    def full(*_):
        raise OSError("no space left")

    monkeypatch.setattr(child, "write_json", full)
    with pytest.raises(OSError, match="no space left"):
        OwnTrainer.of(f"{file}:forever").train(trial(), tmp_path / "trial", 20, lambda *_: None)
    assert [one.poll() is not None for one in begun] == [True]


def test_one_that_ends_before_it_has_read_its_settings_says_why(file, tmp_path, monkeypatch):
    if os.name == "nt":
        # There a script is no program.
        return
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\necho no such interpreter >&2\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setattr(own.sys, "executable", str(program))
    # More than a pipe takes before it is read.
    with pytest.raises(TrialFailed, match="no such interpreter"):
        OwnTrainer.of(str(file)).train(trial(name="x" * 1_000_000), tmp_path / "trial", 3, lambda *_: None)


@pytest.mark.parametrize("word", ["absent.py", "absent.py:train", "functions.py:no-name"])
def test_what_is_no_function_is_refused(file, word, monkeypatch):
    monkeypatch.chdir(file.parent)
    with pytest.raises(RecorderError):
        OwnTrainer.of(word)
    assert OwnTrainer.of("corpus.txt") is None
