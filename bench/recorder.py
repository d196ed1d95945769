"""What the recorder for PyTorch costs: the same training with it and without, in turns, in one process.

    python bench/recorder.py [--steps 300] [--rounds 3] [--every 100] [--hidden 512] [--layers 2] [--batch 32] [--window 64]

Times are the clock's and the processor's, of the whole process: what the recorder does beside the training counts. The bar is 2 % at every=100.
Last comes the processor time of the recorder's own calls and of its own thread, beside that of the plain training: on a machine that does other things too
the difference of two whole trainings says little, and this the same as on a quiet one, but for what the threads cost each other by being there.
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "python"))

import torch
from torch import nn

from backflow_recorder import Recorder
from backflow_recorder.recording import Recording

parser = argparse.ArgumentParser()
for name, value in dict(steps=300, rounds=3, every=100, hidden=512, layers=2, batch=32, window=64, symbols=65, threads=0).items():
    parser.add_argument(f"--{name}", type=int, default=value)
options = parser.parse_args()
if options.threads:
    torch.set_num_threads(options.threads)


def counted(name):
    """Adds up the thread's processor time in a method of Recording, and how often it was called."""
    original = getattr(Recording, name)
    seen = []

    def wrapper(*args, **kwargs):
        began = time.thread_time()
        try:
            return original(*args, **kwargs)
        finally:
            seen.append(time.thread_time() - began)

    setattr(Recording, name, wrapper)
    return seen


in_loop = [counted(name) for name in ("take", "see_clipped", "commit")]
beside = counted("_write_lines")


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(options.symbols, options.hidden)
        self.rnn = nn.LSTM(options.hidden, options.hidden, options.layers, batch_first=True)
        self.output = nn.Linear(options.hidden, options.symbols)

    def forward(self, ids):
        return self.output(self.rnn(self.embedding(ids))[0])


def epoch(folder):
    """One epoch, with a recorder if there is a folder. Seconds of the clock and of the processor, from the first step to the recording's end."""
    torch.manual_seed(1)
    model = Model()
    optimizer = torch.optim.Adam(model.parameters())
    text = torch.randint(options.symbols, (options.batch, options.window + 1))
    began = time.perf_counter(), time.process_time()
    recorder = Recorder(model, folder, every=options.every) if folder else None
    for _ in range(options.steps):
        optimizer.zero_grad(set_to_none=True)
        loss = nn.functional.cross_entropy(model(text[:, :-1]).flatten(0, 1), text[:, 1:].flatten())
        loss.backward()
        if recorder:
            recorder.step(loss)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    if recorder:
        recorder.close()
    return time.perf_counter() - began[0], time.process_time() - began[1]


plain, recorded = [], []
with tempfile.TemporaryDirectory() as temporary:
    for turn in range(options.rounds):
        # Which is first changes from round to round.
        for with_recorder in (turn % 2 == 0, turn % 2 == 1):
            seconds = epoch(f"{temporary}/{turn}" if with_recorder else None)
            (recorded if with_recorder else plain).append(seconds)
            print(f"round {turn + 1} {'recorded' if with_recorder else 'plain   '}: {seconds[0]:7.2f} s, processor {seconds[1]:7.2f} s", flush=True)
size = f"LSTM H {options.hidden} L {options.layers} B {options.batch} T {options.window}, every={options.every}, {options.steps} steps"
print(f"PyTorch {torch.__version__}, {size}")
for which, name in ((0, "clock"), (1, "processor")):
    ratios = [after[which] / before[which] - 1 for before, after in zip(plain, recorded)]
    print(f"{name}: {statistics.median(ratios):+.2%} (median of {len(ratios)} rounds; {min(ratios):+.2%} to {max(ratios):+.2%})")
steps = options.steps * options.rounds
loop, files = sum(map(sum, in_loop)), options.rounds * (options.steps // options.every + (options.every > 1))
step = statistics.median(seconds[1] for seconds in plain) / options.steps
print(f"own processor time: in the loop {loop / steps * 1e3:.2f} ms a step, beside it {sum(beside) / files * 1e3:.0f} ms a recorded step; a plain step {step * 1e3:.0f} ms")
print(f"own processor time at every={options.every}: {(loop / steps + sum(beside) / files / options.every) / step:.2%} of the plain training's")
