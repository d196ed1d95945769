"""Training functions of one's own, each called in a process of its own."""

import json
import math
import os
from pathlib import Path

import pytest

from backflow_recorder.sentences import RecorderError
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


@pytest.mark.parametrize("word", ["absent.py", "absent.py:train", "functions.py:no-name"])
def test_what_is_no_function_is_refused(file, word, monkeypatch):
    monkeypatch.chdir(file.parent)
    with pytest.raises(RecorderError):
        OwnTrainer.of(word)
    assert OwnTrainer.of("corpus.txt") is None
