"""Sweeps on a Ray cluster by its address: one that `ray start --head` has begun."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
CORPUS = ROOT / "media/samples/tale.txt"
CLI = ROOT / "dist/cli.js"
# Of a hang: a busy machine takes minutes to start Ray.
PATIENCE = 600
TOKEN = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0123456789abcdef0123456789abcdef"}

OWN = """
import os
import signal
import torch
from torch import nn
from backflow_recorder import Recorder


def learn(settings, folder):
    torch.manual_seed(settings["seed"])
    embedding, rnn, output = nn.Embedding(9, 4), nn.GRU(4, 5, batch_first=True), nn.Linear(5, 9)
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


def deadly(settings, folder):
    # The worker, each time that it is started again.
    os.kill(os.getppid(), signal.SIGKILL)
"""


class Cluster:
    """On this machine; ended by its own process, and never by `ray stop`, which ends everybody's."""

    def __init__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{free.getsockname()[1]}"
        # Sockets lie in it, whose paths may not be long.
        self.folder = tempfile.mkdtemp(prefix="bf-ray-")
        ray = Path(sys.executable).parent / "ray"
        words = [str(ray), "start", "--head", "--block", f"--port={self.address.split(':')[1]}", "--num-cpus=2"]
        quiet = ["--include-dashboard=false", "--disable-usage-stats", f"--temp-dir={self.folder}"]
        # The package is installed for it, which the path stands for. And as it is begun where people want to keep others out; whether there is a token already depends on what else this machine has done with Ray.
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "python"), **TOKEN}
        self.said = open(Path(self.folder) / "said.txt", "w+")
        self.process = subprocess.Popen([*words, *quiet], cwd="/", env=environment, stdout=self.said, stderr=subprocess.STDOUT, start_new_session=True)

    def wait(self):
        end = time.monotonic() + PATIENCE
        while "Ray runtime started" not in self.so_far():
            assert self.process.poll() is None and time.monotonic() < end, self.so_far()
            time.sleep(0.2)

    def so_far(self):
        return Path(self.said.name).read_text()

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.said.close()


@pytest.fixture(scope="module")
def cluster():
    made = Cluster()
    try:
        made.wait()
        yield made
    finally:
        made.end()


def sweep(*words, cwd, **others):
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "python"), "LC_ALL": "C.UTF-8", **TOKEN, **others}
    command = [sys.executable, "-m", "backflow_recorder.sweep", *map(str, words), "--cli", str(CLI)]
    ended = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=1500)
    return ended.returncode, ended.stdout.splitlines(), ended.stderr


def results(folder):
    return [json.loads(path.read_text()) for path in sorted(folder.glob("trials/*/result.json"))]


def test_trials_are_trained_on_the_cluster_which_goes_on_when_the_sweep_ends(cluster, tmp_path):
    words = ["--grid", "kind=rnn,gru", "hidden=8", "window=16", "--steps", 40, "--address", cluster.address]
    for out in ("first", "second"):
        status, output, errors = sweep(CORPUS, *words, "--out", out, cwd=tmp_path)
        assert status == 0 and len(output) == 2, errors
        found = results(tmp_path / out)
        assert [(one["state"], one["step"]) for one in found] == [("done", 40)] * 2, errors
        assert all(one["within"] == 128 and 0 < one["validationLoss"] < 6 for one in found)
        assert cluster.process.poll() is None


def test_the_address_can_come_from_the_cluster_itself(cluster, tmp_path):
    status, output, errors = sweep(CORPUS, "--grid", "kind=rnn", "hidden=8", "--steps", 20, "--address", "auto", cwd=tmp_path, RAY_ADDRESS=cluster.address)
    assert status == 0 and len(output) == 1, errors


def test_without_an_address_a_cluster_on_this_machine_is_left_alone(cluster, tmp_path):
    # Were it joined, the sweep would fail: options of a cluster of one's own are no options of another.
    status, output, errors = sweep(CORPUS, "--grid", "kind=rnn", "hidden=8", "--steps", 20, cwd=tmp_path)
    assert status == 0 and len(output) == 1, errors


def test_a_function_of_ones_own_is_called_on_the_cluster(cluster, tmp_path):
    (tmp_path / "mine.py").write_text(OWN)
    status, _, errors = sweep("mine.py:learn", "--grid", "lr=0.1,0.2", "--steps", 30, "--out", "sweep", "--address", cluster.address, cwd=tmp_path)
    assert status == 0, errors
    assert [(one["state"], one["step"], one["within"]) for one in results(tmp_path / "sweep")] == [("done", 30, 11)] * 2


def test_a_worker_that_is_lost_each_time_is_said_to_be(cluster, tmp_path):
    (tmp_path / "mine.py").write_text(OWN)
    status, _, errors = sweep("mine.py:deadly", "--grid", "lr=0.1", "--steps", 30, "--out", "sweep", "--address", cluster.address, cwd=tmp_path)
    (found,) = results(tmp_path / "sweep")
    assert (status, found["state"]) == (1, "failed"), errors
    assert found["reason"] == "Its worker was lost 4 times: it was killed, it crashed, or its machine left the cluster."


def test_a_cluster_that_asks_for_a_token_is_not_joined_without_it(cluster, tmp_path):
    status, _, errors = sweep(CORPUS, "--grid", "kind=rnn", "--address", cluster.address, cwd=tmp_path, RAY_AUTH_MODE="disabled")
    said = [line for line in errors.splitlines() if line.startswith("backflow: ")]
    assert status == 2 and "needs RAY_AUTH_MODE=token and the same token here" in said[-1], errors


def test_an_address_without_a_cluster_is_one_sentence(tmp_path):
    status, output, errors = sweep(CORPUS, "--grid", "kind=rnn", "--out", "sweep", "--address", "127.0.0.1:1", cwd=tmp_path)
    assert status == 2 and output == [] and not (tmp_path / "sweep").exists()
    said = [line for line in errors.splitlines() if line.startswith("backflow: ")]
    assert "No Ray cluster answers at 127.0.0.1:1" in said[-1] and "Traceback" not in errors, errors
