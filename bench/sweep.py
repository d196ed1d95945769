"""What the sweep command costs beside its trials: the same trials by Ray and by hand, as many at once, in turns.

    python bench/sweep.py [--trials 100] [--seconds 20] [--rounds 4] [--concurrent 2] [--node node] [--cli dist/cli.js]

The Python that runs it has Ray (pip install "ray[tune]" numpy), on Linux. By hand means: the very same commands of the trainer, `train` and then `inspect`,
from a loop that only starts them and waits. How many steps take so many seconds of one core is measured first. The trials are dealt out over the rounds (100 in 4
rounds: 25 a round and side), and which side is first changes from round to round, so that what else the machine does meets both.

Printed is the clock's time of each side from its beginning to its end, Ray's start and end included, and the processor time of all that it has started: of the
trainers (Node.js), and of everything else, which is Python and Ray. On a machine that does other things too the clock says little. The processor's time says
what scheduling takes from the trials, wherever it runs; what it leaves idle between them only the clock can say. The bar is 10 %.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "python"))

from backflow_recorder.sweep.folder import SweepFolder  # noqa: E402
from backflow_recorder.sweep.grid import parse_grid, trials_of  # noqa: E402
from backflow_recorder.sweep.trainer import REPORTS, Backflow, probe_of  # noqa: E402

CORPUS = ROOT / "media/samples/tale.txt"
GRID = ["kind=lstm", "hidden=64", "window=64"]
# Seconds between two looks at the processes: what one does after the last look is not counted, on either side.
LOOK = 0.2
TICK = os.sysconf("SC_CLK_TCK")

parser = argparse.ArgumentParser()
for name, kind, value in (("trials", int, 100), ("seconds", float, 20), ("rounds", int, 4), ("concurrent", int, 2), ("node", str, None), ("cli", str, None)):
    parser.add_argument(f"--{name}", type=kind, default=value)
options = parser.parse_args()
backflow = Backflow.found(options.node, options.cli)


class Family:
    """Processor seconds of every process below this one while it is watched: of the trainers, and of all others."""

    def __init__(self):
        self._own = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()

    def seconds(self):
        trainers = sum(seconds for is_trainer, seconds in self._own.values() if is_trainer)
        return trainers, sum(seconds for _, seconds in self._own.values()) - trainers

    def _watch(self):
        while not self._over.wait(LOOK):
            self._look()

    def _look(self):
        rows = {}
        for entry in os.scandir("/proc"):
            if entry.name.isdigit():
                try:
                    # The name, in parentheses, can hold anything; behind it stand state, parent, and as 12th and 13th the ticks in user and system mode.
                    rest = Path(entry.path, "stat").read_text().rsplit(")", 1)[1].split()
                    rows[int(entry.name)] = (int(rest[1]), rest[19], (int(rest[11]) + int(rest[12])) / TICK)
                except (OSError, IndexError):
                    continue
        for pid, (_, began, seconds) in rows.items():
            if not self._is_below(pid, rows):
                continue
            known = self._own.get((pid, began))
            # What was forked becomes another program later.
            self._own[pid, began] = (known is not None and known[0] or self._is_trainer(pid), seconds)

    @staticmethod
    def _is_below(pid, rows):
        while pid in rows:
            pid = rows[pid][0]
            if pid == os.getpid():
                return True
        return False

    @staticmethod
    def _is_trainer(pid):
        try:
            return backflow.cli.encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[:2]
        except OSError:
            return False


def commands(trial, run, steps, probe):
    every = str(max(1, steps // REPORTS))
    yield ["train", str(CORPUS), "--out", str(run), "--threads", "1", "--checkpoint-every", every, *trial.arguments(), "--steps", str(steps), "--json"]
    yield ["inspect", str(run), "--text", str(probe), "--matrix", "--json"]


def called(words):
    subprocess.run([backflow.node, backflow.cli, *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)


def by_hand(folder, trials, steps):
    probe = folder / "probe.txt"
    probe.write_text(probe_of(str(CORPUS)), encoding="utf-8")

    def one(trial):
        for words in commands(trial, folder / trial.name, steps, probe):
            called(words)

    with ThreadPoolExecutor(options.concurrent) as pool:
        list(pool.map(one, trials))


def by_ray(folder, trials, steps):
    words = [str(CORPUS), "--grid", *GRID, "--samples", len(trials), "--steps", steps, "--out", folder / "sweep", "--concurrent", options.concurrent]
    places = ["--node", backflow.node, "--cli", backflow.cli]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "python")}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([sys.executable, "-m", "backflow_recorder.sweep", *map(str, words), *places], env=environment, check=True, **quiet)
    assert {one.state for one in SweepFolder(folder / "sweep").outcomes()} == {"done"}


def seconds_of(steps, folder):
    """Of the processor, for a whole trial of so many steps."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    by_hand(folder, trials_of(parse_grid(GRID), 1), steps)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def steps_for(seconds, folder):
    few, many = 200, 1000
    (folder / "few").mkdir()
    (folder / "many").mkdir()
    start, end = seconds_of(few, folder / "few"), seconds_of(many, folder / "many")
    return max(few, round(few + (seconds - start) * (many - few) / (end - start)))


def share(part, whole):
    return f"{part / whole:+.1%}"


sides = {"hand": by_hand, "ray": by_ray}
found = {name: [] for name in sides}
with tempfile.TemporaryDirectory() as temporary:
    steps = steps_for(options.seconds, Path(temporary))
    trials = trials_of(parse_grid(GRID), max(1, options.trials // options.rounds))
    sizes = f"{options.rounds} rounds of {len(trials)} trials a side, {options.concurrent} at once"
    print(f"{sizes}: {' '.join(GRID)}, {steps} steps, about {options.seconds:g} s each", flush=True)
    for turn in range(options.rounds):
        for name in sorted(sides, reverse=turn % 2 == 1):
            folder = Path(temporary) / f"{turn}-{name}"
            folder.mkdir()
            began = time.perf_counter()
            with Family() as family:
                sides[name](folder, trials, steps)
            found[name].append((time.perf_counter() - began, *family.seconds()))
            clock, trainers, others = found[name][-1]
            print(f"round {turn + 1} {name:4}: {clock:7.1f} s, processor {trainers:7.1f} s trainers, {others:6.1f} s else", flush=True)
ratios = [ray[0] / hand[0] - 1 for ray, hand in zip(found["ray"], found["hand"])]
print(f"clock: {statistics.median(ratios):+.1%} (median of {len(ratios)} rounds; {min(ratios):+.1%} to {max(ratios):+.1%})")
ray, hand = ([sum(column) for column in zip(*found[name])] for name in ("ray", "hand"))
print(f"processor: {share(ray[1] + ray[2] - hand[1] - hand[2], hand[1] + hand[2])} in all; trainers {share(ray[1] - hand[1], hand[1])}")
each = options.rounds * len(trials)
print(f"beside the trainers: {(ray[2] - hand[2]) / each:.2f} s a trial, {share(ray[2] - hand[2], hand[1])} of a trial of {hand[1] / each:.1f} s")
