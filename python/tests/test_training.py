"""The training is the same with the recorder and without, and what surrounds a step is recorded as it is."""

import copy
import warnings

import numpy as np
import pytest
import torch
from models import CellModel, CharModel, V, data, loss_of
from naive import norms, unroll
from reading import lines, run
from reading import step as read_step
from torch import nn

import backflow_recorder.folder
import backflow_recorder.worker
from backflow_recorder import Recorder
from backflow_recorder.automatic import Automatic
from backflow_recorder.recording import Options

HAS_CPU_SCALER = hasattr(getattr(torch, "amp", None), "GradScaler")


def where(condition):
    """A test only of versions of PyTorch that have what it is about: before 2.3 a scaler works on graphics cards alone."""
    return lambda test: test if condition else None


def state_of(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def train(model, folder=None, steps=6, update=None, every=2, optimizers=None, batch_first=False, compiled=None, **options):
    """A plain loop; ``update(optimizer, loss, recorder)`` is one step of another kind."""
    torch.manual_seed(9)
    optimizer = (optimizers or (lambda m: torch.optim.Adam(m.parameters(), 0.01)))(model)
    recorder = None if folder is None else Recorder(model, folder, every=every, **options)
    called = model if compiled is None else compiled
    for i in range(steps):
        batch = data(batch_first=batch_first, seed=i)
        if update is not None:
            update(called, optimizer, batch, recorder)
            continue
        optimizer.zero_grad(set_to_none=i % 2 == 0)
        loss = loss_of(called, *batch)
        loss.backward()
        if recorder is not None:
            recorder.step(loss)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        optimizer.step()
    if recorder is not None:
        recorder.close()
    return state_of(model), torch.rand(3), optimizer


def accumulated(model, optimizer, batch, recorder, divide=True):
    optimizer.zero_grad()
    for half in (0, 1):
        loss = loss_of(model, *(part[half::2] for part in batch)) / (2 if divide else 1)
        loss.backward()
    if recorder is not None:
        recorder.step(loss * 2)
    optimizer.step()


def by_closure(model, optimizer, batch, recorder):
    def closure():
        optimizer.zero_grad()
        loss = loss_of(model, *batch)
        loss.backward()
        if recorder is not None:
            recorder.step(loss)
        return loss

    optimizer.step(closure)


def autocast(model, optimizer, batch, recorder):
    optimizer.zero_grad()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = loss_of(model, *batch)
    loss.backward()
    if recorder is not None:
        recorder.step(loss)
    optimizer.step()


def frozen():
    model = CharModel(layers=2)
    for parameter in model.rnn.parameters():
        parameter.requires_grad_(False)
    return model


def normed():
    model = CharModel(kind="GRU")
    nn.utils.weight_norm(model.rnn, "weight_hh_l0")
    return model


CASES = {
    "lstm with dropout": (lambda: CharModel(layers=2, dropout=0.4), {}),
    "gru in two directions": (lambda: CharModel(kind="GRU", bidirectional=True), {}),
    "cells": (CellModel, {}),
    "accumulation": (CharModel, dict(update=accumulated)),
    "LBFGS": (CharModel, dict(update=by_closure, optimizers=lambda m: torch.optim.LBFGS(m.parameters(), max_iter=3))),
    "frozen": (frozen, {}),
    "weight norm": (normed, {}),
    "every step, with the matrix": (CharModel, dict(every=1)),
}


@pytest.mark.parametrize("name", sorted(CASES))
def test_the_weights_are_the_same_bit_for_bit(tmp_path, name):
    make, options = CASES[name]
    torch.manual_seed(0)
    model = make()
    other = make()
    other.load_state_dict(model.state_dict())
    modules = [(module.training, dict(module._forward_hooks)) for module in model.modules()]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first, random, _ = train(model, tmp_path / "run", matrix=name.startswith("every"), **options)
    second, other_random, _ = train(other, **options)
    for key, value in first.items():
        assert torch.equal(value, second[key]), key
    # And what is random, the optimizer's moments, gradients, modes and hooks.
    assert torch.equal(random, other_random)
    for mine, others in zip(model.parameters(), other.parameters()):
        assert mine.requires_grad == others.requires_grad
        assert (mine.grad is None) == (others.grad is None) and (mine.grad is None or torch.equal(mine.grad, others.grad))
        assert not mine._backward_hooks
    assert [(module.training, dict(module._forward_hooks)) for module in model.modules()] == modules
    assert [line["step"] for line in lines(tmp_path / "run")] == list(range(1, 7))
    assert not torch.nn.modules.module._global_forward_hooks
    if name != "frozen":
        assert read_step(tmp_path / "run", 1)[1]["series"]


@where(HAS_CPU_SCALER)
def test_under_a_scaler_everything_is_of_the_loss_itself(tmp_path):
    torch.manual_seed(0)
    model = CharModel(layers=2)
    plain, scaled = copy.deepcopy(model), copy.deepcopy(model)
    train(plain, tmp_path / "plain", steps=4)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**12, growth_interval=2)

    def update(unscale):
        def step(model, optimizer, batch, recorder):
            optimizer.zero_grad()
            loss = loss_of(model, *batch)
            scaler.scale(loss).backward()
            if unscale:
                scaler.unscale_(optimizer)
            recorder.step(loss)
            if not unscale:
                scaler.unscale_(optimizer)
            torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            scaler.step(optimizer)
            scaler.update()

        return step

    train(scaled, tmp_path / "scaled", steps=2, update=update(True))
    train(copy.deepcopy(model), tmp_path / "later", steps=2, update=update(False))
    expected, _ = read_step(tmp_path / "plain", 2)
    for folder, scale in (("scaled", 2.0**12), ("later", 2.0**13)):
        for line, of_plain in zip(lines(tmp_path / folder), lines(tmp_path / "plain")):
            assert line["scale"] == scale
            for key in ("gradientNorm", "clippedNorm", "loss"):
                np.testing.assert_allclose(line[key], of_plain[key], rtol=1e-5)
        tensors, _ = read_step(tmp_path / folder, 2)
        for key, value in expected.items():
            np.testing.assert_allclose(tensors[key], value, rtol=1e-3, atol=1e-7)


def with_two_optimizers(tmp_path, record, enabled):
    """One scaler for two models that are trained in turns, the second with two optimizers of which one is unscaled by hand, for clipping."""
    torch.manual_seed(0)
    other, model = CharModel(), CharModel()
    first = torch.optim.SGD(other.parameters(), 0.1)
    embedding = torch.optim.SGD(model.embedding.parameters(), 0.1)
    rest = torch.optim.SGD([*model.rnn.parameters(), *model.output.parameters()], 0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0, enabled=enabled)
    step, close = record(model, tmp_path / f"{enabled}")
    for i in range(3):
        for optimizer in (first, embedding, rest):
            optimizer.zero_grad()
        scaler.scale(loss_of(other, *data(seed=10 + i))).backward()
        scaler.step(first)
        loss = loss_of(model, *data(seed=i))
        scaler.scale(loss).backward()
        scaler.unscale_(embedding)
        step(loss)
        torch.nn.utils.clip_grad_norm_(model.embedding.parameters(), 0.01)
        scaler.step(embedding)
        scaler.step(rest)
        scaler.update()
    close()
    return lines(tmp_path / f"{enabled}")


def by_hand(model, folder):
    recorder = Recorder(model, folder, every=1)
    return recorder.step, recorder.close


def automatically(model, folder):
    automatic = Automatic(Options(folder, every=1, side="after-clipping"), model)
    automatic.open()
    return lambda loss: None, automatic.close


@where(HAS_CPU_SCALER)
@pytest.mark.parametrize("record", [by_hand, automatically])
def test_what_is_unscaled_is_known_of_each_optimizer(tmp_path, record):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scaled, plain = (with_two_optimizers(tmp_path, record, enabled) for enabled in (True, False))
    assert len(scaled) == len(plain) == 3
    for line, expected in zip(scaled, plain):
        assert (line["scale"], expected["scale"]) == (1024.0, None)
        for key in ("loss", "gradientNorm", "clippedNorm"):
            np.testing.assert_allclose(line[key], expected[key], rtol=1e-5, err_msg=key)
        assert line["parameterNorms"] == pytest.approx(expected["parameterNorms"], rel=1e-5)


@where(HAS_CPU_SCALER)
def test_an_update_that_the_scaler_skips_is_no_step(tmp_path):
    model = CharModel()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    recorder = Recorder(model, tmp_path / "run", every=1)
    for i in range(4):
        optimizer.zero_grad()
        loss = loss_of(model, *data(seed=i))
        scaler.scale(loss * (float("inf") if i == 1 else 1.0)).backward()
        recorder.step(loss)
        scaler.step(optimizer)
        scaler.update()
    recorder.close()
    assert [line["step"] for line in lines(tmp_path / "run")] == [1, 2, 3]
    assert all(isinstance(line["gradientNorm"], float) for line in lines(tmp_path / "run"))


def test_micro_batches_are_counted_and_a_loss_that_is_not_divided_is_told_of(tmp_path):
    model = CharModel()
    train(copy.deepcopy(model), tmp_path / "divided", steps=2, update=accumulated)
    assert [line["microBatches"] for line in lines(tmp_path / "divided")] == [2, 2]
    with pytest.warns(UserWarning, match="not divided by the number of accumulation steps"):
        train(model, tmp_path / "whole", steps=2, update=lambda *args: accumulated(*args, divide=False))


def test_of_a_closure_the_first_evaluation_counts(tmp_path):
    torch.manual_seed(0)
    model = CharModel().double()
    before = copy.deepcopy(model)
    train(model, tmp_path / "run", steps=1, update=by_closure, optimizers=lambda m: torch.optim.LBFGS(m.parameters(), max_iter=5))
    tensors, _ = read_step(tmp_path / "run", 1)
    np.testing.assert_array_equal(tensors["rnn.weight_hh_l0"], before.rnn.weight_hh_l0.detach())
    ids, targets = data(seed=0)
    output, states, _ = unroll(before.rnn, before.embedding(ids[:, 0]))
    loss = nn.functional.cross_entropy(before.output(output), targets[:, 0], reduction="sum") / ids.numel()
    np.testing.assert_allclose(tensors["rnn.l0:h:total"], norms(loss, states)[0, "h"], rtol=1e-8)
    np.testing.assert_allclose(lines(tmp_path / "run")[0]["loss"], float(loss_of(before, ids, targets).detach()), rtol=1e-12)


def test_parametrized_weights_are_those_that_were_used(tmp_path):
    torch.manual_seed(0)
    model = CellModel("GRUCell").double()
    nn.utils.parametrizations.orthogonal(model.cell, "weight_hh")
    train(model, tmp_path / "run", steps=3, every=1)
    tensors, metadata = read_step(tmp_path / "run", 3)
    assert metadata["series"] and np.isfinite(tensors["cell.l0:h:flow"]).all()
    np.testing.assert_allclose(tensors["cell.weight_hh"].T @ tensors["cell.weight_hh"], np.eye(6), atol=1e-12)


def test_a_weight_that_changes_from_call_to_call_is_refused_and_not_changed(tmp_path):
    # A spectral norm iterates whenever its weight is asked for in training mode: at every step of a cell, but not for the recorder.
    torch.manual_seed(0)
    model = CellModel("GRUCell").double()
    nn.utils.parametrizations.spectral_norm(model.cell, "weight_hh")
    other = copy.deepcopy(model)
    with pytest.warns(UserWarning, match="differ from those it gave"):
        first, _, _ = train(model, tmp_path / "run", steps=3, every=1)
    second, _, _ = train(other, steps=3)
    assert all(torch.equal(value, second[key]) for key, value in first.items())


def test_checkpointed_segments(tmp_path):
    from torch.utils.checkpoint import checkpoint

    class Checkpointed(CharModel):
        def forward(self, ids):
            return self.output(checkpoint(lambda x: self.rnn(x)[0], self.embedding(ids), use_reentrant=self.reentrant))

    torch.manual_seed(0)
    plain = CharModel(layers=2).double()
    train(copy.deepcopy(plain), tmp_path / "plain", steps=2)
    expected, _ = read_step(tmp_path / "plain", 2)
    for reentrant in (True, False):
        model = Checkpointed(layers=2).double()
        model.reentrant = reentrant
        model.load_state_dict(plain.state_dict())
        train(model, tmp_path / str(reentrant), steps=2)
        tensors, _ = read_step(tmp_path / str(reentrant), 2)
        for key, value in expected.items():
            # The first of two passes is without gradients: what comes after the module is not seen, so neither is of how many targets the loss is the mean.
            if reentrant and key.endswith(":flow"):
                np.testing.assert_allclose(tensors[key] - tensors[key][-1], value - value[-1], atol=1e-9)
            elif not reentrant or key.startswith("rnn"):
                np.testing.assert_allclose(tensors[key], value, rtol=1e-9, atol=1e-12)


def test_two_optimizers_of_one_model_are_one_step(tmp_path):
    class Two:
        def __init__(self, model):
            self.parts = [torch.optim.SGD(model.rnn.parameters(), 0.1), torch.optim.SGD(model.output.parameters(), 0.1)]

        def zero_grad(self, set_to_none=True):
            for part in self.parts:
                part.zero_grad(set_to_none=set_to_none)

        def step(self):
            for part in self.parts:
                part.step()

    train(CharModel(), tmp_path / "run", optimizers=Two)
    assert [line["step"] for line in lines(tmp_path / "run")] == list(range(1, 7))


def test_two_recorders_at_once_of_which_the_first_ends_first(tmp_path):
    models = [CharModel(), CharModel(kind="GRU")]
    optimizers = [torch.optim.SGD(model.parameters(), 0.1) for model in models]
    recorders = [Recorder(model, tmp_path / str(i)) for i, model in enumerate(models)]
    for i in range(4):
        for model, optimizer, recorder in zip(models, optimizers, recorders):
            optimizer.zero_grad()
            loss_of(model, *data(seed=i)).backward()
            recorder.step()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 0.01)
            optimizer.step()
        if i == 1:
            recorders[0].close()
    recorders[1].close()
    # Of each update is told: the norm after clipping is there.
    assert [[round(line["clippedNorm"], 4) for line in lines(tmp_path / str(i))] for i in (0, 1)] == [[0.01] * 2, [0.01] * 4]


def test_an_evaluation_in_between_is_not_recorded(tmp_path):
    def update(model, optimizer, batch, recorder):
        model.eval()
        loss_of(model, *data(steps=30))
        with torch.no_grad():
            loss_of(model, *data(steps=30))
        model.train()
        optimizer.zero_grad()
        loss = loss_of(model, *batch)
        loss.backward()
        loss_of(model, *data(steps=30))
        recorder.step(loss)
        optimizer.step()

    train(CharModel(), tmp_path / "run", steps=2, update=update)
    tensors, _ = read_step(tmp_path / "run", 2)
    np.testing.assert_array_equal(tensors[":ids"][:, 0], data(seed=1)[0][:, 0])
    assert len(tensors["rnn.l0:h:flow"]) == 12


def thrown_away(model, optimizer, batch, recorder):
    """A longer batch before it whose gradients are not used."""
    optimizer.zero_grad()
    loss_of(model, *data(30, seed=77)).backward()
    plain(model, optimizer, batch, recorder)


def looked_at(model, optimizer, batch, recorder):
    """A look at the gradient of what is read, before and after the backward pass."""
    optimizer.zero_grad()
    x = model.embedding(batch[0])
    loss = nn.functional.cross_entropy(model.output(model.rnn(x)[0]).reshape(-1, V), batch[1].reshape(-1))
    torch.autograd.grad(loss, x, retain_graph=True)
    loss.backward(retain_graph=True)
    torch.autograd.grad(loss, x)
    recorder.step(loss)
    optimizer.step()


def evaluated_alike(model, optimizer, batch, recorder):
    """An evaluation of a batch as large, with gradients, behind the backward pass."""
    optimizer.zero_grad()
    loss = loss_of(model, *batch)
    loss.backward()
    loss_of(model, *data(seed=78))
    recorder.step(loss)
    optimizer.step()


def plain(model, optimizer, batch, recorder):
    optimizer.zero_grad()
    loss = loss_of(model, *batch)
    loss.backward()
    recorder.step(loss)
    optimizer.step()


@where(hasattr(torch._C, "_current_graph_task_id"))
@pytest.mark.parametrize("update", [thrown_away, looked_at, evaluated_alike], ids=lambda update: update.__name__)
def test_only_what_the_update_uses_is_recorded(tmp_path, monkeypatch, update):
    # However slow the machine is, no step is left out.
    monkeypatch.setattr(backflow_recorder.worker, "WAITING_STEPS", 100)
    torch.manual_seed(1)
    first = CharModel("GRU")
    second = copy.deepcopy(first)
    train(first, tmp_path / "other", update=update, every=1)
    train(second, tmp_path / "plain", update=plain, every=1)
    for number in (1, 2, 6):
        (other, _), (wanted, _) = read_step(tmp_path / "other", number), read_step(tmp_path / "plain", number)
        assert sorted(other) == sorted(wanted)
        for name, values in wanted.items():
            assert np.allclose(other[name], values, rtol=1e-6, atol=1e-9, equal_nan=True), (number, name)
    assert [line["microBatches"] for line in lines(tmp_path / "other")] == [1] * 6


def test_after_clipping_a_smaller_gradient_is_the_right_one(tmp_path):
    def update(model, optimizer, batch, recorder):
        optimizer.zero_grad()
        loss = loss_of(model, *batch)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 0.01)
        recorder.step(loss, gradient_norm=norm)
        optimizer.step()

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        train(CharModel(), tmp_path / "run", steps=2, update=update, side="after-clipping")
    assert [round(line["clippedNorm"], 4) for line in lines(tmp_path / "run")] == [0.01] * 2


def test_a_step_after_the_update_is_told_of(tmp_path):
    model = CharModel()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    recorder = Recorder(model, tmp_path / "run")
    with pytest.warns(UserWarning, match="came after optimizer.step"):
        for i in range(2):
            loss = loss_of(model, *data(seed=i))
            loss.backward()
            optimizer.step()
            recorder.step(loss)


def test_a_failure_of_the_recorder_warns_once_and_training_goes_on(tmp_path, monkeypatch):
    torch.manual_seed(0)
    model = CharModel()
    other = copy.deepcopy(model)

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backflow_recorder.folder.os, "replace", full)
    with pytest.warns(UserWarning, match="No space left on device") as caught:
        first, _, _ = train(model, tmp_path / "run")
    assert len([one for one in caught if "Recording has stopped" in str(one.message)]) == 1
    second, _, _ = train(other)
    assert all(torch.equal(value, second[key]) for key, value in first.items())
    assert not [path for path in (tmp_path / "run").rglob("*") if path.is_file()]


def test_a_recording_that_falls_behind_drops_steps_and_counts_them(tmp_path, monkeypatch):
    import threading

    import backflow_recorder.recording as recording

    gate = threading.Event()
    original = recording.write_step

    def slow(*args):
        assert gate.wait(60)
        return original(*args)

    monkeypatch.setattr(recording, "write_step", slow)
    model = CharModel()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    recorder = Recorder(model, tmp_path / "run", every=1)
    for i in range(12):
        if i >= 10:
            gate.set()
            # Only when the worker has room again is a step kept.
            while not recorder._recording._worker.has_room():
                threading.Event().wait(0.01)
        loss = loss_of(model, *data(seed=i))
        loss.backward()
        recorder.step(loss)
        optimizer.step()
    with pytest.warns(UserWarning, match="were left out"):
        recorder.close()
    found = lines(tmp_path / "run")
    assert [line["step"] for line in found] == list(range(1, 13))
    files = {int(path.stem[5:]) for path in (tmp_path / "run" / "steps").iterdir()}
    assert sum(line.get("dropped", 0) for line in found) + len(files) == 12
    assert {line["step"] for line in found if "horizon" in line} == files


def test_a_model_without_a_recurrent_layer(tmp_path):
    with pytest.warns(UserWarning, match="Linear has no nn.RNN"):
        recorder = Recorder(nn.Linear(2, 1), tmp_path / "run")
    recorder.close()
    assert not (tmp_path / "run").exists()


def test_other_processes_than_the_first_do_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    train(CharModel(), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_gradient_that_something_else_has_changed_is_told_of(tmp_path):
    def update(model, optimizer, batch, recorder):
        optimizer.zero_grad()
        loss = loss_of(model, *batch)
        loss.backward()
        model.rnn.weight_hh_l0.grad.mul_(2)
        recorder.step(loss)
        optimizer.step()

    with pytest.warns(UserWarning, match=r"gradient of rnn.weight_hh_l0 is not the one.*ratio 2\)"):
        train(CharModel(layers=2), tmp_path / "run", steps=2, update=update)


@where(hasattr(torch, "compile"))
def test_compiled(tmp_path):
    torch.manual_seed(0)
    for make in (CharModel, CellModel):
        model = make()
        other = copy.deepcopy(model)
        torch._dynamo.reset()
        compiled = torch.compile(model, backend="eager")
        first, _, _ = train(model, tmp_path / make.__name__, steps=2, compiled=compiled)
        second, _, _ = train(other, steps=2)
        assert all(torch.equal(value, second[key]) for key, value in first.items())
        assert read_step(tmp_path / make.__name__, 2)[1]["series"]
        assert run(tmp_path / make.__name__)["framework"]["compiled"]
    # Cells that were compiled before there was a recorder are one piece of code; it cannot look into that.
    torch._dynamo.reset()
    compiled = torch.compile(model, backend="eager")
    loss_of(compiled, *data())
    with pytest.warns(UserWarning, match="cell took part in no recorded step"):
        train(model, tmp_path / "late", steps=2, compiled=compiled)
    assert len(lines(tmp_path / "late")) == 2


def test_autocast(tmp_path):
    model = CharModel(kind="GRU")
    other = copy.deepcopy(model)
    first, _, _ = train(model, tmp_path / "run", steps=2, update=autocast)
    second, _, _ = train(other, steps=2, update=autocast)
    assert all(torch.equal(value, second[key]) for key, value in first.items())
    tensors, metadata = read_step(tmp_path / "run", 2)
    assert metadata["series"] and np.isfinite(tensors["rnn.l0:h:flow"]).all()
