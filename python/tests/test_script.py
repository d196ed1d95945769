"""Unchanged scripts: python -m backflow_recorder train.py."""

import copy
import inspect
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from models import CharModel, V, data, loss_of
from reading import lines, run
from reading import step as read_step
from torch import nn

from backflow_recorder.automatic import Automatic
from backflow_recorder.recording import Options
from backflow_recorder.script import parse
from backflow_recorder.sentences import RecorderError

HERE = Path(__file__).parent
PLAIN = """
import sys
import torch
from models import CharModel, data, loss_of

if __name__ == "__main__":
    torch.manual_seed(0)
    model = CharModel(layers=2, dropout=0.2)
    optimizer = torch.optim.Adam(model.parameters())
    for i in range(int(sys.argv[1])):
        optimizer.zero_grad()
        loss = loss_of(model, *data(seed=i))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        optimizer.step()
    torch.save(model, sys.argv[2])
"""
ENDS_AT_ONCE = "import os; os.fork() or os._exit(0); os._exit(7)"
WITHOUT = """
import sys, torch
model = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), 0.1)
model(torch.ones(2)).sum().backward()
optimizer.step()
sys.exit(3)
"""


def python(*arguments, cwd, recorder=True):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE.parent), str(HERE)]), "LC_ALL": "C.UTF-8"}
    command = [sys.executable, *(["-m", "backflow_recorder"] if recorder else []), *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=600)


def test_a_plain_script_trains_as_without(tmp_path):
    (tmp_path / "train.py").write_text(PLAIN)
    alone = python("train.py", 5, "alone.pt", cwd=tmp_path, recorder=False)
    recorded = python("--every=2", "train.py", 5, "recorded.pt", cwd=tmp_path)
    assert (alone.returncode, recorded.returncode) == (0, 0), recorded.stderr
    assert recorded.stdout == alone.stdout
    options = {"weights_only": False} if "weights_only" in inspect.signature(torch.load).parameters else {}
    first, second = (torch.load(tmp_path / name, **options) for name in ("alone.pt", "recorded.pt"))
    assert all(torch.equal(value, second.state_dict()[name]) for name, value in first.state_dict().items())
    # No hook of the recorder is in what the script has pickled.
    assert not any(module._forward_hooks for module in second.modules())
    (folder,) = (tmp_path / "runs").iterdir()
    assert folder.name.startswith("train-") and "Recorded 5 steps, 3 of them" in recorded.stderr
    found = lines(folder)
    assert [line["step"] for line in found] == [1, 2, 3, 4, 5]
    # Both sides of clipping, and the loss.
    model = CharModel(layers=2, dropout=0.2)
    torch.manual_seed(0)
    model = CharModel(layers=2, dropout=0.2)
    loss = loss_of(model, *data(seed=0))
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 0.1)
    np.testing.assert_allclose((found[0]["loss"], found[0]["gradientNorm"], found[0]["clippedNorm"]), (loss.item(), float(norm), 0.1), rtol=1e-4)
    about = run(folder)
    assert (about["side"], about["script"], about["model"]["head"]) == ("after-clipping", "train.py", "output")


def test_a_script_that_fails_one_that_exits_and_one_that_is_gone(tmp_path):
    fails = PLAIN.replace("torch.save(model, sys.argv[2])", "raise KeyError('mine')")
    (tmp_path / "fails.py").write_text(fails)
    ended = python("--out", "failed", "fails.py", 3, cwd=tmp_path)
    assert ended.returncode == 1
    trace = ended.stderr.split("Traceback")[1].split("backflow:")[0]
    assert "KeyError: 'mine'" in trace and "fails.py" in trace and "backflow_recorder" not in trace
    assert "ended with KeyError" in ended.stderr and len(lines(tmp_path / "failed")) == 3
    (tmp_path / "exits.py").write_text(PLAIN.replace("torch.save(model, sys.argv[2])", ENDS_AT_ONCE))
    ended = python("--out", "exited", "exits.py", 3, cwd=tmp_path)
    assert ended.returncode == 7
    assert len(lines(tmp_path / "exited")) == 3 and read_step(tmp_path / "exited", 1)[1]["series"]
    assert not list((tmp_path / "exited").rglob("*.new"))
    ended = python("none.py", cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (2, "backflow: There is no file none.py.\n")


def test_a_script_without_a_recurrent_layer(tmp_path):
    (tmp_path / "train.py").write_text(WITHOUT)
    ended = python("--out", "run", "train.py", cwd=tmp_path)
    assert ended.returncode == 3
    assert "Nothing was recorded: no nn.RNN" in ended.stderr and len(ended.stderr.splitlines()) == 1
    assert not (tmp_path / "run").exists()


def automatic(tmp_path, train):
    recorder = Automatic(Options(tmp_path / "run", every=1, side="after-clipping"))
    recorder.open()
    try:
        train()
    finally:
        recorder.close()
    return tmp_path / "run"


def test_modules_without_a_model_around_them_are_named_by_their_classes(tmp_path):
    embedding, rnn, head = nn.Embedding(V, 4), nn.GRU(4, 5), nn.Linear(5, V)
    parameters = [*embedding.parameters(), *rnn.parameters(), *head.parameters()]
    optimizer = torch.optim.SGD(parameters, 0.1)

    def train():
        ids, targets = data()
        nn.functional.cross_entropy(head(rnn(embedding(ids))[0]).reshape(-1, V), targets.reshape(-1)).backward()
        optimizer.step()

    folder = automatic(tmp_path, train)
    tensors, _ = read_step(folder, 1)
    assert {"gru.weight_hh_l0", "embedding.weight", "linear.weight", "gru.l0:h:flow", ":targets"} <= set(tensors)
    assert set(lines(folder)[0]["parameterNorms"]) >= {"gru.weight_hh_l0", "linear.bias"}


def closure_of(model, optimizer, seed):
    """What an optimizer calls that evaluates a batch several times."""

    def closure():
        optimizer.zero_grad()
        loss = loss_of(model, *data(seed=seed))
        loss.backward()
        return loss

    return closure


def test_a_closure_is_read_after_its_first_evaluation(tmp_path):
    torch.manual_seed(0)
    model = CharModel().double()
    other = copy.deepcopy(model)

    def train(model):
        optimizer = torch.optim.LBFGS(model.parameters(), max_iter=4)
        for i in range(3):
            optimizer.step(closure_of(model, optimizer, i))

    weights = model.rnn.weight_hh_l0.detach().clone()
    folder = automatic(tmp_path, lambda: train(model))
    train(other)
    assert all(torch.equal(value, other.state_dict()[name]) for name, value in model.state_dict().items())
    assert [line["step"] for line in lines(folder)] == [1, 2, 3]
    np.testing.assert_array_equal(read_step(folder, 1)[0]["rnn.weight_hh_l0"], weights)


def test_a_steps_loss_is_of_what_its_update_uses(tmp_path):
    """Neither the later evaluations of a closure nor a batch that was thrown away."""
    torch.manual_seed(0)
    model = CharModel()
    automatic = Automatic(Options(tmp_path / "run", every=1, side="after-clipping"))
    automatic.open()
    optimizer = torch.optim.LBFGS(model.parameters(), 0.1, max_iter=4)
    wanted = []
    for i in range(3):
        with torch.no_grad():
            wanted.append(float(loss_of(model, *data(seed=i))))
        optimizer.step(closure_of(model, optimizer, i))
    automatic.close()
    assert [line["loss"] for line in lines(tmp_path / "run")] == pytest.approx(wanted)
    automatic = Automatic(Options(tmp_path / "other", every=1, side="after-clipping"))
    automatic.open()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    wanted = []
    for i in range(6):
        optimizer.zero_grad(set_to_none=i < 3)
        loss = loss_of(model, *data(seed=i))
        loss.backward()
        if i % 2 == 0:
            wanted.append(float(loss))
            optimizer.step()
    automatic.close()
    assert [line["loss"] for line in lines(tmp_path / "other")] == pytest.approx(wanted)


def test_of_two_models_the_first_that_is_updated_counts_the_steps(tmp_path):
    torch.manual_seed(0)
    models = [CharModel(), CharModel(kind="GRU")]
    optimizers = [torch.optim.SGD(model.parameters(), 0.1) for model in models]

    def train():
        for i in range(3):
            for model, optimizer in zip(models, optimizers):
                # Both take part in each loss, as in a GAN.
                loss_of(models[1], *data(seed=i))
                optimizer.zero_grad()
                loss_of(model, *data(seed=i)).backward()
                optimizer.step()

    folder = automatic(tmp_path, train)
    assert [line["step"] for line in lines(folder)] == [1, 2, 3]
    # The other's weights have changed since it was called: it is no part of the next step.
    for path in (folder / "steps").iterdir():
        _, metadata = read_step(folder, int(path.stem.split("-")[1]))
        assert {one["state"] for one in metadata["series"]} == {"h", "c"} and "target" in metadata
        assert len({one["module"] for one in metadata["series"]}) == 1


def test_options_before_the_script_are_the_recorders():
    command = parse(["--every", "7", "--matrix", "train.py", "--every", "9"])
    assert (command.every, command.matrix, command.target, command.arguments) == (7, True, "train.py", ["--every", "9"])
    module = parse(["-m", "package.train", "x"])
    assert module.is_module and module.arguments == ["x"]
    for wrong in (["--every", "0", "a.py"], ["--nothing", "a.py"], [], ["--out"]):
        with pytest.raises(RecorderError):
            parse(wrong)
