"""What a Recorder writes of a step, beside torch's autograd on the same model written out naively in float64."""

import copy

import numpy as np
import pytest
import torch
from models import CellModel, CharModel, V, data, loss_of
from naive import norms, step, unroll, weights_of
from reading import lines, run
from reading import step as read_step
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from backflow_recorder import Recorder, RecorderError, open_recording

MODELS = {
    "lstm": dict(kind="LSTM"),
    "lstm batch_first, 2 layers": dict(kind="LSTM", layers=2, batch_first=True),
    "lstm projection, 2 directions, 2 layers": dict(kind="LSTM", layers=2, proj_size=3, bidirectional=True),
    "gru, 2 layers, no bias": dict(kind="GRU", layers=2, bias=False),
    "gru 2 directions": dict(kind="GRU", bidirectional=True),
    "rnn": dict(kind="RNN"),
    "rnn relu, 2 directions, 2 layers": dict(kind="RNN", layers=2, nonlinearity="relu", bidirectional=True),
}


def record(tmp_path, model, loss, **options):
    """One step of a training, recorded. Gives the file's tensors and metadata."""
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    recorder = Recorder(model, tmp_path / "run", **options)
    value = loss()
    value.backward()
    recorder.step(value)
    optimizer.step()
    recorder.close()
    return read_step(tmp_path / "run", 1)


def expect_series(tensors, prefix, losses, states, count, target, directions=1):
    """Totals are of the losses' mean over ``count``, the flow of the target's loss alone."""
    total = norms(torch.stack(losses).sum() / count, states)
    flow = norms(losses[target], states)
    for index, state in states:
        name = f"{prefix}.l{index // directions}{'_reverse' if index % directions else ''}:{state}"
        steps = len(states[index, state])
        np.testing.assert_allclose(tensors[f"{name}:total"][:steps], total[index, state], rtol=1e-8)
        got, expected = 10 ** tensors[f"{name}:flow"][:steps], np.asarray(flow[index, state])
        reached = ~np.isnan(got)
        np.testing.assert_allclose(got[reached], expected[reached], rtol=1e-6)
        assert not expected[~reached].any()
        np.testing.assert_allclose(tensors[f"{name}:norm"][:steps], [float(one.detach().norm()) for one in states[index, state]], rtol=1e-9)


def losses_of(model, output, targets):
    return [nn.functional.cross_entropy(scores[None], target[None]) for scores, target in zip(model.output(output), targets)]


@pytest.mark.parametrize("name", sorted(MODELS))
def test_fused_modules(tmp_path, name):
    torch.manual_seed(1)
    settings = MODELS[name]
    model = CharModel(**settings).double()
    before = copy.deepcopy(model)
    ids, targets = data(batch_first=settings.get("batch_first", False))
    tensors, metadata = record(tmp_path, model, lambda: loss_of(model, ids, targets), matrix=True, streams=2)
    first, wanted = (ids[0], targets[0]) if settings.get("batch_first") else (ids[:, 0], targets[:, 0])
    output, states, _ = unroll(before.rnn, before.embedding(first))
    losses = losses_of(before, output, wanted)
    directions = 2 if settings.get("bidirectional") else 1
    expect_series(tensors, "rnn", losses, states, ids.numel(), len(first) - 1, directions)
    assert metadata["target"] == str(len(first) - 1)
    np.testing.assert_allclose(float(metadata["targets"]), ids.numel(), rtol=1e-6)
    np.testing.assert_array_equal(tensors[":ids"][:, 0], first)
    np.testing.assert_array_equal(tensors[":targets"][:, 0], wanted)
    # The weights are those the step used, not those after it.
    for key, value in before.state_dict().items():
        np.testing.assert_array_equal(tensors[key], value)
    # Every target: the rows of the matrix.
    for target in (0, 5):
        for (index, state), expected in norms(losses[target], states).items():
            label = f"rnn.l{index // directions}{'_reverse' if index % directions else ''}:{state}:matrix"
            got = 10 ** tensors[label][target]
            reached = ~np.isnan(got)
            np.testing.assert_allclose(got[reached], np.asarray(expected)[reached], rtol=1e-6)


def test_the_mean_of_the_targets_gradients_is_the_total(tmp_path):
    # A single unit, whose gradients are numbers; the loss is one whose gradients have one sign, so that norms add up.
    torch.manual_seed(3)
    model = CharModel(kind="RNN", hidden=1, head=False).double()
    with torch.no_grad():
        model.rnn.weight_hh_l0.abs_()
    ids, _ = data()
    tensors, _ = record(tmp_path, model, lambda: model(ids).mean(), matrix=True)
    matrix = 10 ** tensors["rnn.l0:h:matrix"]
    np.testing.assert_allclose(np.nansum(matrix, axis=0), tensors["rnn.l0:h:total"], rtol=1e-10)


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_initial_states_and_losses_of_the_final_states(tmp_path, kind):
    torch.manual_seed(2)
    model = nn.Sequential(getattr(nn, kind)(4, 5, 2)).double()
    x, h_0 = torch.randn(9, 3, 4).double(), torch.randn(2, 3, 5).double()
    hx = (h_0, h_0 * 2) if kind == "LSTM" else h_0
    before = copy.deepcopy(model)
    tensors, metadata = record(tmp_path, model, lambda: (model[0](x, hx)[1][0] if kind == "LSTM" else model[0](x, hx)[1])[-1].pow(2).sum())
    _, states, _ = unroll(before[0], x[:, 0], h_0[:, 0], h_0[:, 0] * 2)
    expected = norms(states[1, "h"][-1].pow(2).sum(), states)
    for (index, state), values in expected.items():
        np.testing.assert_allclose(tensors[f"0.l{index}:{state}:total"], values, rtol=1e-9)
        np.testing.assert_allclose(10 ** tensors[f"0.l{index}:{state}:flow"], values, rtol=1e-9)
    assert metadata["target"] == "8"
    np.testing.assert_array_equal(tensors["0:h_0"][:, 0], h_0[:, 0])


@pytest.mark.parametrize("enforce_sorted", [True, False])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_packed_sequences(tmp_path, enforce_sorted, bidirectional):
    torch.manual_seed(4)
    lengths = torch.tensor([9, 7, 3] if enforce_sorted else [5, 9, 7])

    class Packed(CharModel):
        def forward(self, ids):
            packed = pack_padded_sequence(self.embedding(ids), lengths, enforce_sorted=enforce_sorted)
            return self.output(pad_packed_sequence(self.rnn(packed)[0])[0])

    model = Packed(layers=2, bidirectional=bidirectional).double()
    before = copy.deepcopy(model)
    ids, targets = data(9)
    for stream, length in enumerate(lengths):
        targets[length:, stream] = -100
    tensors, _metadata = record(tmp_path, model, lambda: loss_of(model, ids, targets), streams=3, matrix=True)
    length = int(lengths[0])
    output, states, _ = unroll(before.rnn, before.embedding(ids[:length, 0]))
    expect_series(tensors, "rnn", losses_of(before, output, targets[:length, 0]), states, int(lengths.sum()), length - 1, 2 if bidirectional else 1)
    np.testing.assert_array_equal(tensors[":lengths"], lengths)
    # As long as the others of its batch, and read again as long as it is itself.
    names = [name for name in tensors if name.startswith("rnn.l") and not name.endswith(":matrix")]
    assert {tensors[name].shape for name in names} == {(9,)}
    assert {tensors[f"rnn.l{layer}:{state}:matrix"].shape for layer in (0, 1) for state in "hc"} == {(9, 9)}
    found = open_recording(tmp_path / "run").flow(1)
    assert len(found["rnn.l1:h"][0]) == length and found.ids == ids[:length, 0].tolist()
    np.testing.assert_array_equal(found["rnn.l1:h"][-1], tensors["rnn.l1:h:flow"][:length])
    for stream, own in enumerate(lengths):
        np.testing.assert_array_equal(tensors[":ids"][:own, stream], ids[:own, stream])
        np.testing.assert_array_equal(tensors[":targets"][:, stream], targets[:, stream])
        np.testing.assert_allclose(tensors["rnn:input"][:own, stream], before.embedding(ids[:own, stream]).detach(), rtol=1e-12)


@pytest.mark.parametrize("kind", ["LSTMCell", "GRUCell", "RNNCell"])
def test_cells_in_a_loop(tmp_path, kind):
    torch.manual_seed(6)
    model = CellModel(kind).double()
    before = copy.deepcopy(model)
    ids, targets = data()
    tensors, _metadata = record(tmp_path, model, lambda: loss_of(model, ids, targets), matrix=True)
    w = weights_of(before.cell, None)
    h, c = torch.zeros(6).double(), torch.zeros(6).double()
    states = {(0, "h"): [], **({(0, "c"): []} if kind == "LSTMCell" else {})}
    for x in before.embedding(ids[:, 0]):
        h, c = step(kind[:-4], w, x, h, c)
        states[0, "h"].append(h)
        if (0, "c") in states:
            states[0, "c"].append(c)
    losses = losses_of(before, torch.stack(states[0, "h"]), targets[:, 0])
    expect_series(tensors, "cell", losses, states, ids.numel(), len(ids) - 1)
    for target in range(len(ids)):
        got = 10 ** tensors["cell.l0:h:matrix"][target]
        np.testing.assert_allclose(got[: target + 1], norms(losses[target], states)[0, "h"][: target + 1], rtol=1e-6)
    np.testing.assert_array_equal(tensors[":ids"][:, 0], ids[:, 0])
    np.testing.assert_array_equal(tensors[":targets"][:, 0], targets[:, 0])


def test_a_module_called_piece_by_piece(tmp_path):
    torch.manual_seed(7)
    model = CharModel(layers=2).double()
    before = copy.deepcopy(model)
    ids, targets = data()

    def loss():
        outs, state = [], None
        for piece in model.embedding(ids).split(5):
            out, state = model.rnn(piece, state)
            outs.append(out)
        return nn.functional.cross_entropy(model.output(torch.cat(outs)).reshape(-1, V), targets.reshape(-1))

    tensors, _ = record(tmp_path, model, loss)
    output, states, _ = unroll(before.rnn, before.embedding(ids[:, 0]))
    expect_series(tensors, "rnn", losses_of(before, output, targets[:, 0]), states, ids.numel(), len(ids) - 1)


def test_a_state_changed_between_the_steps_is_refused(tmp_path):
    model = CellModel("GRUCell")

    class Changed(CellModel):
        def forward(self, ids):
            h, outs = torch.zeros(ids.shape[1], 6), []
            for x in self.embedding(ids):
                h = self.cell(x, h) * 0.9
                outs.append(h)
            return self.output(torch.stack(outs))

    model = Changed("GRUCell")
    ids, targets = data()
    with pytest.warns(UserWarning, match="its state is changed"):
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        recorder = Recorder(model, tmp_path / "run")
        loss_of(model, ids, targets).backward()
        recorder.step()
        optimizer.step()
        recorder.close()
    assert len(lines(tmp_path / "run")) == 1


def test_the_closed_form_of_an_orthogonal_linear_recurrence(tmp_path):
    # relu with positive states is linear; a permutation is orthogonal.
    model = nn.Sequential(nn.RNN(2, 4, nonlinearity="relu")).double()
    g = 0.7
    with torch.no_grad():
        model[0].weight_hh_l0.copy_(g * torch.eye(4)[[1, 2, 3, 0]])
        model[0].bias_ih_l0.fill_(2.0)
        model[0].weight_ih_l0.mul_(0.1)
    tensors, _ = record(tmp_path, model, lambda: model[0](torch.randn(60, 1, 2).double())[0][-1].pow(2).sum())
    np.testing.assert_allclose(np.diff(tensors["0.l0:h:flow"]), -np.log10(g), atol=1e-10)
    (line,) = lines(tmp_path / "run")
    np.testing.assert_allclose(line["slope"], np.log10(g), atol=1e-10)
    # 0.7^k < 10^-3 from k = 20 on, of 59 earlier steps.
    assert line["horizon"] == 20
    assert line["vanished"] == 40 / 59
    assert line["exploded"] == 0


def test_run_json_and_metrics(tmp_path):
    model = CharModel(layers=2, batch_first=True)
    optimizer = torch.optim.Adam(model.parameters())
    scalars, written = [], []

    class Writer:
        def add_scalar(self, name, value, step):
            written.append((name, value, step))

    recorder = Recorder(model, tmp_path / "run", vocabulary={"abcdefghijk"[i]: i for i in range(11)}, every=3, scalars=[Writer(), scalars.append])
    expected = []
    for i in range(7):
        ids, targets = data(batch_first=True, seed=i)
        optimizer.zero_grad()
        loss = loss_of(model, ids, targets)
        loss.backward()
        recorder.step(loss)
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        clipped = torch.stack([p.grad.norm() for p in model.parameters()]).norm()
        expected.append((loss.item(), float(norm), float(clipped), float(model.rnn.weight_hh_l0.grad.norm() * norm / clipped)))
        optimizer.step()
    recorder.close()
    found = lines(tmp_path / "run")
    assert [line["step"] for line in found] == list(range(1, 8))
    for line, (loss, norm, clipped, own) in zip(found, expected):
        assert line["loss"] == loss
        np.testing.assert_allclose((line["gradientNorm"], line["clippedNorm"], line["parameterNorms"]["rnn.weight_hh_l0"]), (norm, clipped, own), rtol=1e-5)
        assert line["scale"] is None and line["microBatches"] == 1 and "dropped" not in line
        assert ("horizon" in line) == (line["step"] in (1, 3, 6))
    assert sorted(path.name for path in (tmp_path / "run" / "steps").iterdir()) == [f"step-{i:06d}.safetensors" for i in (1, 3, 6)]
    about = run(tmp_path / "run")
    assert (about["format"], about["version"], about["side"], about["every"]) == ("backflow-recording", 1, "before-clipping", 3)
    assert about["vocabulary"] == list("abcdefghijk")
    assert about["model"]["class"] == "CharModel" and about["model"]["embedding"] == "embedding" and about["model"]["head"] == "output"
    (module,) = about["model"]["modules"]
    assert (module["name"], module["class"], module["num_layers"], module["batch_first"]) == ("rnn", "LSTM", 2, True)
    # Scalars: norms as log10, nothing that is not a number.
    assert [one["backflow/step"] for one in scalars] == list(range(1, 8))
    np.testing.assert_allclose(scalars[2]["backflow/log10_gradient_norm"], np.log10(expected[2][1]), rtol=1e-5)
    assert ("backflow/slope", found[2]["slope"], 3) in written
    assert all(np.isfinite(value) for _, value, _ in written)


def test_wrong_arguments(tmp_path):
    model = CharModel()
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "file").write_text("mine")
    for arguments, options, words in [
        ((model, tmp_path / "used"), {}, "already holds"),
        ((model, tmp_path / "a"), dict(every=0), "every is a whole number"),
        ((model, tmp_path / "a"), dict(side="left"), "side is"),
        ((model, tmp_path / "a"), dict(scalars=[3]), "Scalars go to"),
        (("model", tmp_path / "a"), {}, "The model is a torch.nn.Module"),
    ]:
        with pytest.raises(RecorderError, match=words):
            Recorder(*arguments, **options)
    assert (tmp_path / "used" / "file").read_text() == "mine"
