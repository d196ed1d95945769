"""Sweeps by the real Ray and the real trainer: every trial, one whose worker is killed, and ASHA."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from backflow_recorder.sweep.trainer import checkpoint_of

ROOT = Path(__file__).resolve().parents[3]
CORPUS = ROOT / "media/samples/tale.txt"
CLI = ROOT / "dist/cli.js"


def sweep(*words, cwd):
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "python"), "LC_ALL": "C.UTF-8"}
    command = [sys.executable, "-m", "backflow_recorder.sweep", *map(str, words), "--cli", str(CLI)]
    return subprocess.Popen(command, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finished(process):
    output, errors = process.communicate(timeout=1500)
    return output.splitlines(), errors


def results(folder):
    return [json.loads(path.read_text()) for path in sorted(folder.glob("trials/*/result.json"))]


def steps_of(run):
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [line["step"] for line in lines if "gradientNorm" in line]


def test_a_grid_is_trained_drawn_and_not_trained_again(tmp_path):
    words = [CORPUS, "--grid", "kind=rnn,nonsense", "window=16,32", "hidden=8", "--steps", 40, "--out", "sweep", "--html", "page.html"]
    process = sweep(*words, cwd=tmp_path)
    output, errors = finished(process)
    found = results(tmp_path / "sweep")
    assert [one["state"] for one in found] == ["done", "done", "failed", "failed"], errors
    assert process.returncode == 1 and len(output) == 4
    assert all(one["step"] == 40 and 0 < one["validationLoss"] < 6 for one in found[:2])
    # What the trainer says of a value is what is told of the trial.
    assert "must be one of" in found[2]["reason"] and found[2]["reason"] in errors
    assert "url(#missing)" in (tmp_path / "page.html").read_text()
    times = [path.stat().st_mtime_ns for path in sorted((tmp_path / "sweep").glob("trials/*/result.json"))]
    finished(sweep(*words, cwd=tmp_path))
    assert times == [path.stat().st_mtime_ns for path in sorted((tmp_path / "sweep").glob("trials/*/result.json"))]


def test_a_trial_whose_worker_is_killed_resumes_from_its_checkpoint(tmp_path):
    if not Path("/proc/self/stat").exists():
        # Only there is the worker found by its child.
        return
    process = sweep(CORPUS, "--grid", "kind=gru", "hidden=32", "--steps", 3000, "--out", "sweep", cwd=tmp_path)
    try:
        pid, run = None, None
        while pid is None:
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
            for note in (tmp_path / "sweep").glob("trials/*/process.json"):
                run = note.parent / "run"
                # Ray may end the trainer with the worker, before it can save another.
                if checkpoint_of(run) is not None:
                    pid = json.loads(note.read_text())["pid"]
        inode = run.stat().st_ino
        # The fourth field, behind the name in parentheses.
        worker = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
        os.kill(worker, signal.SIGKILL)
        _, errors = finished(process)
    finally:
        process.kill()
    (found,) = results(tmp_path / "sweep")
    assert (found["state"], found["step"]) == ("done", 3000), errors
    assert run.stat().st_ino == inode
    assert steps_of(run) == list(range(1, 3001))
    assert not (run.parent / "process.json").exists() and not Path(f"/proc/{pid}").exists()


def test_asha_ends_what_learns_least(tmp_path):
    words = ["--grid", "learning-rate=0.01,0.000001,0.000002", "kind=rnn", "hidden=16", "--samples", 2, "--steps", 180, "--asha", "--concurrent", 1]
    _, errors = finished(sweep(CORPUS, *words, "--out", "sweep", cwd=tmp_path))
    found = results(tmp_path / "sweep")
    assert {one["state"] for one in found} == {"done", "stopped"}, errors
    assert found[0]["state"] == "done"
    for one in found:
        assert one["loss"] > 0 and one["within"] == 128
        assert (one["step"] < 180) == (one["state"] == "stopped")


FUNCTION = """
import torch
from torch import nn
from backflow_recorder import Recorder


def learn(settings, folder):
    torch.manual_seed(settings["seed"])
    embedding, rnn, output = nn.Embedding(9, 4), nn.GRU(4, settings["hidden"], batch_first=True), nn.Linear(settings["hidden"], 9)
    model = nn.ModuleList([embedding, rnn, output])
    optimizer = torch.optim.SGD(model.parameters(), settings["lr"])
    with Recorder(model, folder, every=10) as recorder:
        for step in range(settings["steps"]):
            ids = (torch.arange(13) * (step + 1))[None] % 9
            loss = nn.functional.cross_entropy(output(rnn(embedding(ids[:, :-1]))[0])[0], ids[0, 1:])
            optimizer.zero_grad()
            loss.backward()
            recorder.step(loss)
            optimizer.step()
"""


def test_a_function_of_ones_own_is_called_for_each_trial(tmp_path):
    (tmp_path / "mine.py").write_text(FUNCTION)
    words = ["mine.py:learn", "--grid", "lr=0.1,0.2", "hidden=5", "--steps", 30, "--out", "sweep", "--html", "page.html"]
    process = sweep(*words, cwd=tmp_path)
    output, errors = finished(process)
    found = results(tmp_path / "sweep")
    assert process.returncode == 0 and len(output) == 2, errors
    assert [(one["state"], one["step"]) for one in found] == [("done", 30)] * 2
    for one, folder in zip(found, sorted((tmp_path / "sweep/trials").iterdir())):
        lines = [json.loads(line) for line in (folder / "run/metrics.jsonl").read_text().splitlines()]
        assert one["loss"] == lines[-1]["loss"] and one["within"] == 11
    assert "mine.py" in (tmp_path / "page.html").read_text()
