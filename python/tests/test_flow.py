"""flow beside autograd: any module with a time axis, and recurrent ones on cells written out."""

import copy
import inspect

import numpy as np
import pytest
import torch
from models import CellModel, CharModel, V, data
from naive import norms, unroll
from reading import step as read_step
from torch import nn

from backflow_recorder import RecorderError, flow


class Block(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.attention = nn.MultiheadAttention(width, 2, batch_first=True)
        self.mlp = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.GELU())

    def forward(self, x):
        mask = torch.triu(torch.ones(x.shape[1], x.shape[1], dtype=torch.bool), 1)
        x = x + self.attention(x, x, x, attn_mask=mask, need_weights=False)[0]
        return x + self.mlp(x)


class Transformer(nn.Module):
    def __init__(self, lstm=False):
        super().__init__()
        self.embedding = nn.Embedding(V, 8)
        self.blocks = nn.ModuleList([Block(), Block()])
        self.lstm = nn.LSTM(8, 8, 2, batch_first=True) if lstm else None
        self.dropout = nn.Dropout(0.5)
        self.output = nn.Linear(8, V)

    def forward(self, ids):
        x = self.dropout(self.embedding(ids))
        x = self.blocks[0](x)
        if self.lstm is not None:
            x = self.lstm(x)[0]
        return self.output(self.blocks[1](x))


def ids(steps=13):
    return data(steps, 1)[0][:, 0].tolist()


def losses(scores, labels):
    return [nn.functional.cross_entropy(row[None], torch.tensor([label])) for row, label in zip(scores, labels)]


def test_attention_blocks():
    torch.manual_seed(0)
    model, text = Transformer(), ids()
    found = flow(model, text, layers=[model.blocks[0], "embedding"], targets="all")
    plain = copy.deepcopy(model).double().eval()
    x = plain.embedding(torch.tensor([text[:-1]]))
    first = plain.blocks[0](x)
    of = losses(plain.output(plain.blocks[1](first))[0], text[1:])
    for target in range(12):
        for name, tensor in (("blocks.0", first), ("embedding", x)):
            (gradient,) = torch.autograd.grad(of[target], tensor, retain_graph=True)
            expected = gradient[0].norm(dim=-1).numpy()
            np.testing.assert_allclose(10 ** found[name][target][: target + 1], expected[: target + 1], rtol=1e-10)
            assert np.isnan(found[name][target][target + 1 :]).all()


def test_an_lstm_among_attention_blocks_has_its_recurrent_path():
    torch.manual_seed(0)
    model, text = Transformer(lstm=True), ids()
    found = flow(model, text, layers=["lstm", "blocks.0"], targets=[11, 4])
    plain = copy.deepcopy(model).double().eval()
    first = plain.blocks[0](plain.embedding(torch.tensor([text[:-1]])))
    output, states, _ = unroll(plain.lstm, first[0])
    of = losses(plain.output(plain.blocks[1](output[None]))[0], text[1:])
    for row, target in enumerate((11, 4)):
        for (index, state), expected in norms(of[target], states).items():
            got = 10 ** found[f"lstm.l{index}:{state}"][row]
            np.testing.assert_allclose(got[: target + 1], expected[: target + 1], rtol=1e-9)
        (gradient,) = torch.autograd.grad(of[target], first, retain_graph=True)
        np.testing.assert_allclose(10 ** found["blocks.0"][row][: target + 1], gradient[0].norm(dim=-1)[: target + 1], rtol=1e-9)


@pytest.mark.parametrize("settings", [dict(kind="GRU", bidirectional=True, layers=2), dict(kind="LSTM", proj_size=3), dict(kind="RNN")])
def test_recurrent_models(settings):
    torch.manual_seed(1)
    model, text = CharModel(**settings), torch.tensor(ids())[:, None]
    found = flow(model, text)
    plain = copy.deepcopy(model).double()
    output, states, _ = unroll(plain.rnn, plain.embedding(text[:-1, 0]))
    directions = 2 if settings.get("bidirectional") else 1
    for (index, state), expected in norms(losses(plain.output(output), text[1:, 0].tolist())[-1], states).items():
        got = 10 ** found[f"rnn.l{index // directions}{'_reverse' if index % directions else ''}:{state}"][0]
        reached = ~np.isnan(got)
        np.testing.assert_allclose(got[reached], np.asarray(expected)[reached], rtol=1e-9)


class Begun(CharModel):
    """Its layer begins with states that are given by name."""

    def forward(self, ids):
        states = torch.ones(1, 1, 6, dtype=self.output.weight.dtype)
        return self.output(self.rnn(input=self.embedding(ids), hx=(states, states))[0])


class Doubled(nn.LSTM):
    def forward(self, x, hx=None):
        output, states = super().forward(x, hx)
        return output * 2, states


def test_arguments_given_by_name_are_seen_or_refused():
    torch.manual_seed(5)
    model, text = Begun(batch_first=True), ids()
    if "with_kwargs" not in inspect.signature(model.register_forward_hook).parameters:
        with pytest.raises(RecorderError, match="rnn"):
            flow(model, text)
        return
    found = flow(model, text)
    plain = copy.deepcopy(model).double()
    one = [torch.ones(6, dtype=torch.float64)]
    output, states, _ = unroll(plain.rnn, plain.embedding(torch.tensor(text[:-1])), one, one)
    wanted = norms(losses(plain.output(output), text[1:])[-1], states)
    for state in ("h", "c"):
        assert np.allclose(found[f"rnn.l0:{state}"][0], np.log10(wanted[0, state]), rtol=0, atol=1e-9)


def test_a_module_that_computes_something_else_is_refused():
    model = CharModel()
    model.rnn = Doubled(4, 6)
    with pytest.raises(RecorderError, match=r"rnn.*differ"):
        flow(model, torch.tensor(ids())[:, None])


def test_cells_and_losses_of_ones_own():
    torch.manual_seed(2)
    model, text = CellModel("LSTMCell"), torch.tensor(ids())[:, None]
    found = flow(model, text, loss=lambda answer, step: answer[step].pow(2).sum(), targets=[12])
    plain = copy.deepcopy(model).double()
    state, states = None, []
    for x in plain.embedding(text):
        state = plain.cell(x, state)
        states.append(state)
    value = plain.output(states[-1][0]).pow(2).sum()
    expected = [float(g.norm()) for g in torch.autograd.grad(value, [h for h, _ in states])]
    np.testing.assert_allclose(10 ** found["cell.l0:h"][0], expected, rtol=1e-9)


def test_the_users_model_is_as_before_also_after_an_exception():
    torch.manual_seed(3)
    model = Transformer()
    model.blocks[1].eval()
    for parameter in model.blocks[0].parameters():
        parameter.requires_grad_(False)
    model.output.weight.grad = torch.ones_like(model.output.weight)
    modes = [(module.training, dict(module._forward_hooks)) for module in model.modules()]
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    random = torch.get_rng_state()

    def check():
        assert [(module.training, dict(module._forward_hooks)) for module in model.modules()] == modes
        assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())
        assert torch.equal(torch.get_rng_state(), random)
        assert torch.equal(model.output.weight.grad, torch.ones_like(model.output.weight)) and model.output.bias.grad is None
        assert [parameter.requires_grad for parameter in model.blocks[0].parameters()] == [False] * len(list(model.blocks[0].parameters()))

    with torch.no_grad():
        assert np.isfinite(flow(model, ids(), layers=["blocks.0"])["blocks.0"]).all()
    check()
    with pytest.raises(ZeroDivisionError):
        flow(model, ids(), layers=["blocks.0"], loss=lambda answer, step: 1 / 0)
    check()


def test_what_it_is_not_given_is_refused():
    model = Transformer()
    for arguments, options, words in [
        ((model, [[1, 2], [3, 4]]), {}, "ids are the tokens of one text"),
        ((model, "a text"), {}, "as numbers, not str"),
        ((model, [[1, 2], [3]]), {}, "as numbers, not list"),
        ((model, ids()), dict(targets=[True]), "step numbers from 0 to 11"),
        ((model, ids()), dict(layers=["nothing"]), "names no module"),
        ((model, ids()), dict(targets=[12]), "step numbers from 0 to 11"),
        ((nn.Sequential(nn.Embedding(V, 4), nn.Flatten(), nn.Linear(48, 7)), ids()), dict(layers=["0"]), "no scores of 12 steps"),
        ((nn.Sequential(nn.Embedding(V, 4), nn.Flatten(), nn.Linear(48, 7)), ids(12)), dict(layers=["2"], loss=lambda a, t: a.sum()), "has no time axis"),
    ]:
        with pytest.raises(RecorderError, match=words):
            flow(*arguments, **options)


def test_a_target_may_be_a_number_of_numpy():
    assert flow(Transformer(), ids(), targets=np.int64(3)).targets == flow(Transformer(), ids(), targets=np.array([3])).targets == [3]


def test_a_model_of_fixed_precision_is_looked_at_in_its_own():
    class Fixed(Transformer):
        def forward(self, ids):
            return self.output(self.blocks[1](self.blocks[0](self.embedding(ids).float())))

    with pytest.warns(UserWarning, match="does not run in float64"):
        assert np.isfinite(flow(Fixed(), ids(), layers=["embedding"])["embedding"]).all()


def test_it_saves_itself(tmp_path):
    torch.manual_seed(4)
    model = CharModel(layers=2)
    found = flow(model, torch.tensor(ids())[:, None], targets="all", vocabulary="abcdefghijk")
    found.save(tmp_path / "look")
    tensors, metadata = read_step(tmp_path / "look", 1)
    assert metadata["target"] == "11"
    np.testing.assert_array_equal(tensors["rnn.l1:h:flow"], found["rnn.l1:h"][-1])
    np.testing.assert_array_equal(tensors["rnn.l1:h:matrix"], found["rnn.l1:h"])
    np.testing.assert_array_equal(tensors[":ids"][:, 0], ids()[:-1])
