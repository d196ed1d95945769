"""Lightning's own loop with the callback and without, beside the same training written out."""

import copy
import warnings

import numpy as np
import pytest
import torch
from models import CharModel, data, loss_of
from reading import lines, run
from reading import step as read_step
from torch import nn

from backflow_recorder import Recorder, RecorderError

try:
    import lightning.pytorch as pl
    from lightning.pytorch.plugins import MixedPrecision
except ImportError:
    import pytorch_lightning as pl

    MixedPrecision = None
from backflow_recorder.lightning import RecorderCallback

BATCHES = 6
CLIP = 0.3
HAS_CPU_SCALER = MixedPrecision is not None and hasattr(getattr(torch, "amp", None), "GradScaler")


def batches(count=BATCHES):
    return torch.utils.data.DataLoader([data(seed=i) for i in range(count)], batch_size=None)


class Plain(pl.LightningModule):
    """As people write it: the model beside the module, a schedule, dropout, an evaluation."""

    def __init__(self, optimizer=None, overflows=()):
        super().__init__()
        self.model = CharModel(layers=2, dropout=0.2)
        self.optimizer = optimizer or (lambda parameters: torch.optim.Adam(parameters, 0.02))
        self.overflows = overflows

    def training_step(self, batch, index):
        loss = loss_of(self.model, *batch)
        return loss * float("inf") if index in self.overflows else loss

    def validation_step(self, batch, index):
        self.log("validation", loss_of(self.model, *batch))

    def configure_optimizers(self):
        optimizer = self.optimizer(self.parameters())
        return {"optimizer": optimizer, "lr_scheduler": torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.9)}


class Manual(Plain):
    """Manual optimization with clipping of its own."""

    def __init__(self):
        super().__init__()
        self.automatic_optimization = False

    def training_step(self, batch, index):
        optimizer = self.optimizers()
        optimizer.zero_grad()
        self.manual_backward(loss_of(self.model, *batch))
        self.clip_gradients(optimizer, CLIP, "norm")
        optimizer.step()


class InTurns(pl.LightningModule):
    """Two models in turns, the one that is recorded second; an embedding of the first with an optimizer of its own."""

    def __init__(self):
        super().__init__()
        self.automatic_optimization = False
        self.other, self.model = nn.Linear(2, 1), CharModel()

    def training_step(self, batch, index):
        first, embedding, second = self.optimizers()
        first.zero_grad()
        self.manual_backward(self.other(torch.ones(2)).sum() + 100)
        first.step()
        embedding.zero_grad()
        second.zero_grad()
        self.manual_backward(loss_of(self.model, *batch))
        embedding.step()
        second.step()

    def configure_optimizers(self):
        rest = [*self.model.rnn.parameters(), *self.model.output.parameters()]
        return [torch.optim.SGD(parameters, 0.1) for parameters in (self.other.parameters(), self.model.embedding.parameters(), rest)]


def fit(module, folder=None, tmp_path=None, every=2, callback=None, **options):
    """Fits with the callback where there is a folder; the trainer, with the random numbers that come next."""
    torch.manual_seed(3)
    callbacks = [RecorderCallback(folder, every=every)] if folder is not None else []
    settings = dict(accelerator="cpu", devices=1, logger=False, enable_progress_bar=False, enable_model_summary=False, max_epochs=1, enable_checkpointing=False)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, message="(?!.*[Rr]ecord)")
        trainer = pl.Trainer(**{**settings, **options}, callbacks=callbacks + ([callback] if callback else []))
        trainer.fit(module, batches(), batches(2))
    return trainer, torch.rand(3)


CASES = {
    "clipping": (Plain, dict(gradient_clip_val=CLIP), (1, 2, 3, 4, 5, 6)),
    "accumulation, the last one short": (Plain, dict(gradient_clip_val=CLIP, accumulate_grad_batches=4), (1, 2)),
    "epochs with evaluations in between": (Plain, dict(max_epochs=2, val_check_interval=2), range(1, 13)),
    "LBFGS": (lambda: Plain(lambda parameters: torch.optim.LBFGS(parameters, max_iter=3)), {}, range(1, 7)),
    "manual": (Manual, {}, range(1, 7)),
    "in turns": (InTurns, dict(limit_val_batches=0), range(1, 7)),
    "bfloat16": (Plain, dict(precision="bf16-mixed"), range(1, 7)),
}
if HAS_CPU_SCALER:

    def scaled(**settings):
        return dict(plugins=lambda: MixedPrecision("16-mixed", "cpu", torch.amp.GradScaler("cpu", init_scale=2.0**10)), gradient_clip_val=CLIP, **settings)

    # Half precision in name: the scaler is what the recorder has to know of.
    CASES["scaler"] = (Plain, scaled(), range(1, 7))
    CASES["scaler that skips the first update and another"] = (lambda: Plain(overflows=(0, 3)), scaled(), range(1, 5))


def options_of(name):
    options = dict(CASES[name][1])
    if callable(options.get("plugins")):
        options["plugins"] = options["plugins"]()
        # What a CPU computes in half precision differs from version to version.
        options["plugins"].autocast_context_manager = lambda: torch.autocast("cpu", enabled=False)
    return options


@pytest.mark.parametrize("name", sorted(CASES))
def test_the_training_is_the_same_bit_for_bit(tmp_path, name):
    make, _, steps = CASES[name]
    torch.manual_seed(0)
    module = make()
    other = copy.deepcopy(module)
    _, random = fit(module, tmp_path / "run", **options_of(name))
    _, other_random = fit(other, **options_of(name))
    for key, value in module.state_dict().items():
        assert torch.equal(value, other.state_dict()[key]), key
    assert torch.equal(random, other_random)
    assert [line["step"] for line in lines(tmp_path / "run")] == list(steps)
    about = run(tmp_path / "run")
    assert about["framework"]["adapter"] == "lightning"
    assert about["side"] == ("after-clipping" if name in ("manual", "in turns") else "before-clipping")
    assert read_step(tmp_path / "run", 2)[1]["series"]
    assert not torch.nn.modules.module._global_forward_hooks


def written_out(module, folder, accumulation=1, clip=CLIP):
    """The same as Lightning does, as a plain loop with the Recorder in it; what PyTorch says of each step."""
    torch.manual_seed(3)
    told = []
    optimizer = module.configure_optimizers()["optimizer"]
    recorder = Recorder(module, folder, every=2)
    everything = [data(seed=i) for i in range(BATCHES)]
    for first in range(0, BATCHES, accumulation):
        own = everything[first : first + accumulation]
        losses = []
        optimizer.zero_grad()
        for batch in own:
            loss = loss_of(module.model, *batch) / accumulation
            loss.backward()
            losses.append(float(loss.detach()))
        recorder.step(sum(losses))
        norm = nn.utils.clip_grad_norm_(module.parameters(), clip)
        clipped = torch.linalg.vector_norm(torch.cat([one.grad.flatten() for one in module.parameters()]))
        told.append((sum(losses), float(norm), float(clipped)))
        optimizer.step()
    recorder.close()
    return told


@pytest.mark.parametrize("name, accumulation", [("clipping", 1), ("accumulation, the last one short", 4), ("manual", 1), ("scaler", 1)])
def test_of_each_step_is_recorded_what_pytorch_says_of_it(tmp_path, name, accumulation):
    if name not in CASES:
        # This version of Lightning or PyTorch has scalers for graphics cards alone.
        return
    torch.manual_seed(0)
    module = CASES[name][0]()
    other = copy.deepcopy(module)
    # What is random is drawn by Lightning's loader too.
    module.model.rnn.dropout = other.model.rnn.dropout = 0.0
    fit(module, tmp_path / "run", **options_of(name))
    told = written_out(other, tmp_path / "plain", accumulation)
    found = lines(tmp_path / "run")
    assert len(found) == len(told)
    for line, (loss, norm, clipped) in zip(found, told):
        np.testing.assert_allclose((line["loss"], line["gradientNorm"], line["clippedNorm"]), (loss, norm, clipped), rtol=1e-4)
    assert [line["microBatches"] for line in found] == ([4, 2] if accumulation == 4 else [1] * 6)
    assert [line["scale"] for line in found] == [1024.0 if name == "scaler" else None] * len(found)
    for step in (1, 2):
        tensors, _ = read_step(tmp_path / "run", step)
        expected, _ = read_step(tmp_path / "plain", step)
        assert set(tensors) == set(expected)
        for key, value in expected.items():
            np.testing.assert_allclose(tensors[key], value, rtol=2e-3, atol=1e-6)


def test_models_in_turns_have_their_own_losses(tmp_path):
    torch.manual_seed(0)
    module = InTurns()
    losses = []
    other = copy.deepcopy(module)
    optimizer = torch.optim.SGD(other.model.parameters(), 0.1)
    for i in range(BATCHES):
        optimizer.zero_grad()
        loss = loss_of(other.model, *data(seed=i))
        loss.backward()
        losses.append(float(loss.detach()))
        optimizer.step()
    fit(module, tmp_path / "run", limit_val_batches=0)
    np.testing.assert_allclose([line["loss"] for line in lines(tmp_path / "run")], losses, rtol=1e-5)


def test_checkpoints_know_nothing_of_the_recorder_and_training_resumes(tmp_path):
    torch.manual_seed(0)
    module = Plain()
    other = copy.deepcopy(module)

    def checkpoint():
        return pl.callbacks.ModelCheckpoint(tmp_path / "checkpoints", filename="{step}", every_n_train_steps=3, save_top_k=-1)

    fit(module, tmp_path / "first", callback=checkpoint(), enable_checkpointing=True)
    (path,) = [path for path in (tmp_path / "checkpoints").iterdir() if "step=3" in path.name]
    options = {"weights_only": False}
    content = torch.load(path, **options)
    assert "backflow" not in repr(content.keys()) and not any("Recorder" in str(key) for key in content.get("callbacks", {}))
    resumed = RecorderCallback(tmp_path / "second")
    # Without a folder of its own it would leave a checkpoint where the tests are run.
    quiet = dict(logger=False, enable_progress_bar=False, enable_model_summary=False, enable_checkpointing=False)
    trainer = pl.Trainer(accelerator="cpu", max_epochs=2, callbacks=[resumed], **quiet)
    trainer.fit(other, batches(), ckpt_path=str(path))
    # Lightning 2.0 repeats a step of an epoch that it resumes.
    assert len(lines(tmp_path / "second")) == trainer.global_step - 3 >= 2 * BATCHES - 3


def test_a_second_fit_has_a_folder_of_its_own(tmp_path):
    callback = RecorderCallback(tmp_path / "run")
    for _ in range(2):
        fit(Plain(), callback=callback)
    assert [len(lines(tmp_path / name)) for name in ("run", "run-2")] == [BATCHES] * 2
    with pytest.raises(RecorderError, match="already holds a recording"):
        RecorderCallback(tmp_path / "run")


def test_a_training_that_ends_with_an_exception_has_what_there_was(tmp_path):
    class Breaks(Plain):
        def training_step(self, batch, index):
            if index == 4:
                raise KeyError("mine")
            return super().training_step(batch, index)

    with pytest.raises(KeyError, match="mine"):
        fit(Breaks(), tmp_path / "run")
    assert [line["step"] for line in lines(tmp_path / "run")] == [1, 2, 3, 4]
    assert not torch.nn.modules.module._global_forward_hooks


def test_a_failure_of_the_recorder_is_a_warning(tmp_path, monkeypatch):
    torch.manual_seed(0)
    module = Plain()
    other = copy.deepcopy(module)
    # Somebody else's files have come into the folder meanwhile.
    callback = RecorderCallback(tmp_path / "run")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "theirs").write_text("")
    with pytest.warns(UserWarning, match="the training goes on without it.*already holds"):
        fit(module, callback=callback)
    fit(other)
    assert all(torch.equal(value, other.state_dict()[key]) for key, value in module.state_dict().items())
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["theirs"]


def test_wrong_arguments_are_refused_where_they_are_given(tmp_path):
    with pytest.raises(RecorderError, match="every is a whole number"):
        RecorderCallback(tmp_path, every=0)
