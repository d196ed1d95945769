"""The command line of sweeps."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any, Callable, List, Optional

from ..sentences import RecorderError, refuse, sentence, tell
from .child import TrialFailed
from .folder import SweepFolder, compared_loss
from .grid import OPTIONS, Trial, parse_grid, require_possible
from .own import OwnTrainer
from .picture import axes_of, page
from .trainer import Backflow, CorpusTrainer, probe_of


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:
        raise refuse("sweepUsage", problem=message)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise argparse.ArgumentTypeError(sentence("sweepNumber", value=text))
    return int(text)


def parser() -> argparse.ArgumentParser:
    result = _Parser(
        prog="python -m backflow_recorder.sweep",
        usage="%(prog)s CORPUS --grid KEY=VALUE,… [KEY=VALUE,…] [options]\n"
        "       %(prog)s FILE.py[:FUNCTION] --grid KEY=VALUE,… [KEY=VALUE,…] [options]\n"
        "       %(prog)s FOLDER --html FILE [--axes X,Y]",
        description=sentence("sweepHelp"),
    )
    result.add_argument("corpus", metavar="CORPUS", help=sentence("sweepHelpCorpus"))
    result.add_argument("--grid", nargs="+", action="extend", metavar="KEY=VALUE,…", help=sentence("sweepHelpGrid"))
    result.add_argument("--samples", type=_number, default=1, metavar="N", help=sentence("sweepHelpSamples"))
    result.add_argument("--steps", type=_number, default=1000, metavar="N", help=sentence("sweepHelpSteps"))
    result.add_argument("--out", metavar="FOLDER", help=sentence("sweepHelpOut"))
    result.add_argument("--asha", action="store_true", help=sentence("sweepHelpAsha"))
    result.add_argument("--address", metavar="ADDRESS", help=sentence("sweepHelpAddress"))
    result.add_argument("--concurrent", type=_number, metavar="N", help=sentence("sweepHelpConcurrent"))
    result.add_argument("--html", metavar="FILE", help=sentence("sweepHelpHtml"))
    result.add_argument("--axes", metavar="X,Y", help=sentence("sweepHelpAxes"))
    result.add_argument("--node", metavar="PATH", help=sentence("sweepHelpNode"))
    result.add_argument("--cli", metavar="PATH", help=sentence("sweepHelpCli"))
    return result


def main(arguments: List[str]) -> int:
    try:
        options = parser().parse_args(arguments)
        if options.grid is None:
            if options.html is None:
                raise refuse("sweepUsage", problem=sentence("sweepNoGrid"))
            return _draw(SweepFolder(Path(options.corpus)), options.html, options.axes)
        return _sweep(options)
    except (RecorderError, TrialFailed) as error:
        tell(str(error))
        return 2
    except OSError as error:
        tell(str(error))
        return 1
    except KeyboardInterrupt:
        # What is done is kept; the same command goes on with the rest.
        tell(sentence("sweepInterrupted"))
        return 1


def _sweep(options: argparse.Namespace) -> int:
    own = OwnTrainer.of(options.corpus)
    grid = parse_grid(options.grid, None if own else OPTIONS)
    require_possible(grid, options.samples)
    if options.axes is not None:
        axes_of(grid, options.axes.split(","))
    trainer_in = (lambda folder: own) if own else _corpus_trainer(options)
    from .tuning import check_address, require_ray, run_trials

    require_ray()
    check_address(options.address)
    corpus = os.path.abspath(options.corpus)
    folder = SweepFolder(Path(options.out or f"runs/sweep-{Path(corpus).stem}"))
    folder.begin({"corpus": corpus, "grid": grid, "samples": options.samples, "steps": options.steps}, own.file if own else corpus)
    if options.html is not None:
        # What is wrong with its place is told now, and not after hours of training.
        Path(options.html).parent.mkdir(parents=True, exist_ok=True)
    # Names of trials are by the order of the keys as it was when the sweep began.
    trials = folder.trials()
    tell(sentence("sweepBegins", count=len(trials), folder=folder.path))

    def told(trial: Trial) -> None:
        outcome = folder.outcome(trial)
        # What ASHA has ended has its result when all are.
        tell(f"{trial.name}: {outcome.reason or ('stopped' if outcome.state == 'missing' else outcome.state)}")

    run_trials(folder, trials, trainer_in(folder), options.steps, address=options.address, asha=options.asha, concurrent=options.concurrent, told=told)
    outcomes = folder.outcomes()
    compared = compared_loss(outcomes)
    for outcome in outcomes:
        loss = getattr(outcome, compared)
        horizon = "" if outcome.within is None else f"> {outcome.within}" if outcome.horizon is None else f"{outcome.horizon:g}"
        print("\t".join([outcome.trial.name, outcome.state, horizon, "" if loss is None else f"{loss:.4f}"]))
    if options.html:
        _draw(folder, options.html, options.axes)
    if any(outcome.state == "missing" for outcome in outcomes):
        tell(sentence("sweepInterrupted"))
    return 1 if any(outcome.state in ("failed", "missing") for outcome in outcomes) else 0


def _corpus_trainer(options: argparse.Namespace) -> Callable[[SweepFolder], CorpusTrainer]:
    """What is wrong is told before there is a folder; in it the probe is written."""
    probe = probe_of(options.corpus)
    backflow = Backflow.found(options.node, options.cli)

    def of(folder: SweepFolder) -> CorpusTrainer:
        file = folder.path.resolve() / "probe.txt"
        # Line ends as they are in the corpus.
        file.write_bytes(probe.encode())
        return CorpusTrainer(backflow, os.path.abspath(options.corpus), str(file))

    return of


def _draw(folder: SweepFolder, file: str, axes: Optional[str]) -> int:
    plan = folder.plan()
    chosen = axes_of(plan["grid"], None if axes is None else axes.split(","))
    title = f"{folder.path.resolve().name}: {Path(plan['corpus']).name}"
    content = page(title, plan["grid"], plan["samples"], folder.outcomes(), chosen, is_own=OwnTrainer.is_meant(plan["corpus"]))
    Path(file).write_text(content, encoding="utf-8")
    tell(sentence("sweepDrawn", file=file))
    return 0
