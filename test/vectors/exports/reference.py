"""What a model gives in float64: losses, the gradient by the embedding's output, and the norms of those by its series."""
import torch

from models import MODELS, made
from texts import ids_of


def zero_or_log10(norm):
    return float(torch.log10(norm)) if norm > 0 else -9999.0


def reference(name):
    ids = ids_of(MODELS[name][2], MODELS[name][1])
    return {'ids': ids, **of_model(made(name).double(), ids)}


def of_model(model, ids):
    """ids: one more than there are steps. Gradients are those of the mean loss; `last` is of the last step's loss alone, as logarithms."""
    inputs, targets = torch.tensor([ids[:-1]]), torch.tensor(ids[1:])
    x = model.embed(inputs).detach().requires_grad_()
    trace = {}
    scores = model.after(x, trace)[0]
    expected = model.after(x, None)[0]
    assert float((scores - expected).detach().abs().max()) < 1e-13
    losses = torch.nn.functional.cross_entropy(scores, targets, reduction='none')
    flat = [tensor for series in trace.values() for tensor in series]
    wholes = [x, *flat]
    total = torch.autograd.grad(losses.mean(), wholes, retain_graph=True)
    last = torch.autograd.grad(losses[-1], wholes, allow_unused=True)
    by = dict(zip(map(id, wholes), zip(total, last)))
    series = {}
    for key, tensors in trace.items():
        rows = []
        for which in (0, 1):
            found = [by[id(tensor)][which] for tensor in tensors]
            found = [torch.zeros_like(tensor) if part is None else part for part, tensor in zip(found, tensors)]
            # One tensor of all steps, or one for each.
            rows.append(found[0][0].reshape(len(ids) - 1, -1) if len(found) == 1 else torch.stack([part[0].reshape(-1) for part in found]))
        series[key] = {'totals': rows[0].norm(dim=1).tolist(), 'last': [zero_or_log10(norm) for norm in rows[1].norm(dim=1)]}
    return {
        'loss': float(losses.detach().mean()),
        'losses': losses.detach().tolist(),
        'embedding': total[0][0].reshape(-1).tolist(),
        'embedding_totals': total[0][0].norm(dim=1).tolist(),
        'embedding_last': [zero_or_log10(norm) for norm in last[0][0].norm(dim=1)],
        'series': series,
    }
