"""The Trainer of transformers with the callback and without, beside the same training written out."""

import copy
import inspect

import numpy as np
import pytest
import torch
import transformers
from models import CharModel, V, data
from reading import lines, run
from reading import step as read_step
from torch import nn
from transformers import Trainer, TrainingArguments

from backflow_recorder import Recorder, RecorderError
from backflow_recorder.huggingface import RecorderCallback

COUNT, BATCH, CLIP, STEPS = 24, 3, 0.3, 8
HAS_CPU_SCALER = hasattr(getattr(torch, "amp", None), "GradScaler")
TELLS_NORMS = tuple(int(part) for part in transformers.__version__.split(".")[:2]) >= (4, 38)


class Examples(torch.utils.data.Dataset):
    def __init__(self):
        self.ids, self.targets = data(batch=COUNT, batch_first=True)

    def __len__(self):
        return COUNT

    def __getitem__(self, index):
        return {"ids": self.ids[index], "labels": self.targets[index]}


class Model(nn.Module):
    """Its loss is the mean over the targets, which the Trainer divides by the number of micro-batches."""

    def __init__(self, overflows=(), **settings):
        super().__init__()
        self.inner = CharModel(batch_first=True, **settings)
        self.overflows, self.calls = overflows, 0

    def forward(self, ids, labels):
        logits = self.inner(ids)
        loss = nn.functional.cross_entropy(logits.reshape(-1, V), labels.reshape(-1))
        self.calls += self.training
        return {"loss": loss * float("inf") if self.calls in self.overflows and self.training else loss, "logits": logits}


class ForgetsTheCount(Model):
    """Takes what the Trainer passes on and does not divide by it, so that newer Trainers divide by nothing."""

    def forward(self, ids, labels, **kwargs):
        return super().forward(ids, labels)


class InOrder(Trainer):
    """Batches in the order of the examples; on the CPU a scaler has to be put in by hand."""

    scaler = None

    def _get_train_sampler(self, *args, **kwargs):
        return torch.utils.data.SequentialSampler(self.train_dataset)

    def create_accelerator_and_postprocess(self):
        super().create_accelerator_and_postprocess()
        self.accelerator.scaler = self.scaler
        if self.scaler is not None:
            self.accelerator.unscale_gradients = self.unscale

    def unscale(self, *args):
        # As accelerate does it, which asks beforehand whether it is on a graphics card.
        self.scaler.unscale_(self.optimizer.optimizer)


def train(model, tmp_path, folder=None, every=2, callback=None, scaler=None, optimizer=None, resume=None, **options):
    """The Trainer, and the random numbers that come after its training."""
    names = inspect.signature(TrainingArguments).parameters
    settings = dict(max_grad_norm=CLIP, per_device_train_batch_size=BATCH, num_train_epochs=1, report_to=[], logging_steps=1, save_strategy="no", seed=3)
    settings.update(options)
    settings["use_cpu" if "use_cpu" in names else "no_cuda"] = True
    if "disable_tqdm" in names:
        settings["disable_tqdm"] = True
    if "evaluation" in settings:
        settings["eval_strategy" if "eval_strategy" in names else "evaluation_strategy"] = settings.pop("evaluation")
    callback = RecorderCallback(folder, every=every) if callback is None and folder is not None else callback
    InOrder.scaler = scaler
    optimizer = (optimizer or (lambda parameters: torch.optim.Adam(parameters, 0.02)))(model.parameters())
    trainer = InOrder(
        model,
        TrainingArguments(str(tmp_path / "out"), **settings),
        train_dataset=Examples(),
        eval_dataset=Examples(),
        callbacks=[] if callback is None else [callback],
        optimizers=(optimizer, torch.optim.lr_scheduler.StepLR(optimizer, 1000)),
    )
    trainer.train(resume_from_checkpoint=resume)
    return trainer, torch.rand(3)


CASES = {
    "clipping": (lambda: Model(layers=2, dropout=0.2), {}, STEPS),
    "accumulation": (Model, dict(gradient_accumulation_steps=2), STEPS // 2),
    "epochs with evaluations and checkpoints": (
        Model,
        dict(num_train_epochs=2, evaluation="steps", eval_steps=3, save_strategy="steps", save_steps=4),
        2 * STEPS,
    ),
    "no clipping": (Model, dict(max_grad_norm=0.0), STEPS),
}
if HAS_CPU_SCALER:

    def scaler():
        return torch.amp.GradScaler("cpu", init_scale=2.0**10)

    CASES["scaler"] = (Model, dict(scaler=scaler), STEPS)
    CASES["scaler without clipping"] = (Model, dict(scaler=scaler, max_grad_norm=0.0), STEPS)
    CASES["scaler that skips the first update and another"] = (lambda: Model(overflows=(1, 4)), dict(scaler=scaler), STEPS - 2)
    CASES["scaler and accumulation"] = (Model, dict(scaler=scaler, gradient_accumulation_steps=2), STEPS // 2)


def options_of(name):
    options = dict(CASES[name][1])
    if "scaler" in options:
        options["scaler"] = options["scaler"]()
    return options


@pytest.mark.parametrize("name", sorted(CASES))
def test_the_training_is_the_same_bit_for_bit(tmp_path, name):
    make, _, steps = CASES[name]
    torch.manual_seed(0)
    model = make()
    other = copy.deepcopy(model)
    _, random = train(model, tmp_path, tmp_path / "run", **options_of(name))
    _, other_random = train(other, tmp_path, **options_of(name))
    for key, value in model.state_dict().items():
        assert torch.equal(value, other.state_dict()[key]), key
    assert torch.equal(random, other_random)
    assert [line["step"] for line in lines(tmp_path / "run")] == list(range(1, steps + 1))
    about = run(tmp_path / "run")
    assert (about["framework"]["adapter"], about["side"], about["model"]["modules"][0]["name"]) == ("transformers", "after-clipping", "inner.rnn")
    assert read_step(tmp_path / "run", 2)[1]["series"]
    assert not torch.nn.modules.module._global_forward_hooks and not hasattr(torch.autograd.backward, "_backflow")


def written_out(model, folder, accumulation=1, clip=CLIP):
    """The same as the Trainer does, as a plain loop with the Recorder in it; what PyTorch says of each step."""
    told = []
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    recorder = Recorder(model, folder, every=2)
    examples = Examples()
    starts = list(range(0, COUNT, BATCH))
    for first in range(0, len(starts), accumulation):
        losses = []
        optimizer.zero_grad()
        for start in starts[first : first + accumulation]:
            loss = model(examples.ids[start : start + BATCH], examples.targets[start : start + BATCH])["loss"] / accumulation
            loss.backward()
            losses.append(float(loss.detach()))
        recorder.step(sum(losses))
        norm = nn.utils.clip_grad_norm_(model.parameters(), clip or float("inf"))
        clipped = torch.linalg.vector_norm(torch.cat([one.grad.flatten() for one in model.parameters()]))
        told.append((sum(losses), float(norm), float(clipped)))
        optimizer.step()
    recorder.close()
    return told


@pytest.mark.parametrize("name", ["clipping", "accumulation", "no clipping", "scaler", "scaler without clipping", "scaler and accumulation"])
def test_of_each_step_is_recorded_what_pytorch_says_of_it(tmp_path, name):
    if name not in CASES:
        # This version of PyTorch has scalers for graphics cards alone.
        return
    torch.manual_seed(0)
    model = Model(layers=2)
    other = copy.deepcopy(model)
    options = options_of(name)
    trainer, _ = train(model, tmp_path, tmp_path / "run", **options)
    accumulation = options.get("gradient_accumulation_steps", 1)
    told = written_out(other, tmp_path / "plain", accumulation, options.get("max_grad_norm", CLIP))
    found = lines(tmp_path / "run")
    for line, (loss, norm, clipped) in zip(found, told):
        np.testing.assert_allclose((line["loss"], line["gradientNorm"], line["clippedNorm"]), (loss, norm, clipped), rtol=1e-4)
    assert [line["microBatches"] for line in found] == [accumulation] * len(told)
    assert [line["scale"] for line in found] == [1024.0 if "scaler" in name else None] * len(told)
    if TELLS_NORMS and options.get("max_grad_norm", CLIP) == CLIP:
        norms = [float(one["grad_norm"]) for one in trainer.state.log_history if "grad_norm" in one]
        np.testing.assert_allclose([line["gradientNorm"] for line in found], norms, rtol=1e-4)
    for step in (1, 2):
        tensors, _ = read_step(tmp_path / "run", step)
        expected, _ = read_step(tmp_path / "plain", step)
        assert set(tensors) == set(expected)
        for key, value in expected.items():
            np.testing.assert_allclose(tensors[key], value, rtol=2e-3, atol=1e-6)


def test_a_loss_that_is_not_divided_is_told_of(tmp_path):
    """A model whose forward takes **kwargs is taken to divide by the number of targets itself, from transformers 4.46 on: its steps are twice as large."""
    import warnings

    torch.manual_seed(0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        train(ForgetsTheCount(), tmp_path, tmp_path / "run", gradient_accumulation_steps=2)
    told = any("not divided by the number of accumulation steps" in str(one.message) for one in caught)
    first = lines(tmp_path / "run")[0]["loss"]
    # What the Trainer does differs between its versions; what is told is whether it has.
    assert told == (first > 1.5 * np.log(V))


def test_training_resumes_from_a_checkpoint(tmp_path):
    torch.manual_seed(0)
    model = Model()
    train(model, tmp_path, tmp_path / "run", save_strategy="steps", save_steps=4)
    train(Model(), tmp_path, tmp_path / "resumed", num_train_epochs=2, resume=str(tmp_path / "out" / "checkpoint-4"))
    assert len(lines(tmp_path / "resumed")) == 2 * STEPS - 4


def test_a_second_training_has_a_folder_of_its_own_and_an_exception_leaves_what_there_was(tmp_path):
    callback = RecorderCallback(tmp_path / "run")

    class Breaks(Model):
        def forward(self, ids, labels):
            if self.calls == 5:
                raise KeyError("mine")
            return super().forward(ids, labels)

    with pytest.raises(KeyError, match="mine"):
        train(Breaks(), tmp_path, callback=callback)
    train(Model(), tmp_path, callback=callback)
    assert [len(lines(tmp_path / name)) for name in ("run", "run-2")] == [5, STEPS]
    assert not torch.nn.modules.module._global_forward_hooks
    with pytest.raises(RecorderError, match="already holds a recording"):
        RecorderCallback(tmp_path / "run")


def test_a_failure_of_the_recorder_is_a_warning(tmp_path):
    torch.manual_seed(0)
    model = Model()
    other = copy.deepcopy(model)
    callback = RecorderCallback(tmp_path / "run")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "theirs").write_text("")
    with pytest.warns(UserWarning, match="the training goes on without it.*already holds"):
        train(model, tmp_path, callback=callback)
    train(other, tmp_path)
    assert all(torch.equal(value, other.state_dict()[key]) for key, value in model.state_dict().items())
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["theirs"]


def test_a_model_without_a_recurrent_layer_has_its_losses_and_norms(tmp_path):
    class Linear(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding, self.output = nn.Embedding(V, 4), nn.Linear(4, V)

        def forward(self, ids, labels):
            return {"loss": nn.functional.cross_entropy(self.output(self.embedding(ids)).reshape(-1, V), labels.reshape(-1))}

    with pytest.warns(UserWarning, match="Linear has no nn.RNN"):
        train(Linear(), tmp_path, tmp_path / "run")
    found = lines(tmp_path / "run")
    assert len(found) == STEPS and all(line["loss"] > 0 and line["gradientNorm"] > 0 for line in found)
