"""Lyapunov exponents of an LSTM over a text it has read: a loop of torch.func.jacrev and torch.linalg.qr, as they are computed without Backflow."""
import time

import torch


class Exponents:
    """Every step is the whole text: a Jacobian of (h, c) and a QR for each of its tokens, float64. Needs PyTorch 2."""

    optimizer_name = None

    def __init__(self, column, hidden, window, vocabulary, count):
        torch.manual_seed(1)
        cell = torch.nn.LSTMCell(vocabulary, hidden, dtype=torch.float64)
        W, R, b = cell.weight_ih.detach(), cell.weight_hh.detach(), (cell.bias_ih + cell.bias_hh).detach()
        self.x = torch.eye(vocabulary, dtype=torch.float64)[torch.randint(vocabulary, (window,))]
        self.size, self.count = 2 * hidden, count

        def step(state, x):
            h, c = state[:hidden], state[hidden:]
            i, f, g, o = (W @ x + R @ h + b).chunk(4)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            return torch.cat([torch.sigmoid(o) * torch.tanh(c), c])

        self.states = [torch.zeros(self.size, dtype=torch.float64)]
        for x in self.x:
            self.states.append(step(self.states[-1], x))
        self.jacobian = torch.func.jacrev(step)

    def exponents(self):
        Q = torch.eye(self.size, self.count, dtype=torch.float64)
        growth = torch.zeros(self.count, dtype=torch.float64)
        for state, x in zip(self.states, self.x):
            Q, R = torch.linalg.qr(self.jacobian(state, x) @ Q)
            growth += R.diagonal().abs().log()
        return growth / len(self.x)

    def run(self, steps):
        start, processor = time.perf_counter(), time.process_time()
        for _ in range(steps):
            self.exponents()
        return {'seconds': time.perf_counter() - start, 'processor': time.process_time() - processor}
