"""Scalars by PyTorch's own SummaryWriter, read back by TensorBoard; and an object with log(dict), as a run of W&B or trackio is."""

import numpy as np
import torch
from models import CharModel, data, loss_of
from reading import lines
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.utils.tensorboard import SummaryWriter

from backflow_recorder import Recorder


class Run:
    def __init__(self):
        self.logged = []

    def log(self, values, step=None):
        assert step is None
        self.logged.append(values)


def test_what_is_recorded_is_what_tensorboard_and_a_run_have(tmp_path):
    model, run = CharModel(), Run()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with SummaryWriter(str(tmp_path / "events")) as writer, Recorder(model, tmp_path / "run", every=2, scalars=[writer, run]) as recorder:
        for i in range(4):
            optimizer.zero_grad()
            loss = loss_of(model, *data(seed=i))
            loss.backward()
            recorder.step(loss)
            torch.nn.utils.clip_grad_norm_(model.parameters(), 0.05)
            optimizer.step()
        recorder.close()
    events = EventAccumulator(str(tmp_path / "events"))
    events.Reload()
    found = lines(tmp_path / "run")
    for tag, key, function in (
        ("backflow/log10_gradient_norm", "gradientNorm", np.log10),
        ("backflow/vanished", "vanished", float),
        ("backflow/slope", "slope", float),
    ):
        expected = {line["step"]: function(line[key]) for line in found if line.get(key) is not None}
        assert len(expected) in (3, 4)
        scalars = {event.step: event.value for event in events.Scalars(tag)}
        logged = {values["backflow/step"]: values[tag] for values in run.logged if tag in values}
        for got in (scalars, logged):
            assert got.keys() == expected.keys()
            np.testing.assert_allclose([got[step] for step in expected], list(expected.values()), rtol=1e-5)
