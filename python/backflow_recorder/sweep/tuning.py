"""The trials of a sweep by Ray Tune: on this machine with nothing set up, or on a cluster."""

from __future__ import annotations

import contextlib
import io
import os
import socket
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Protocol, Sequence, Set

from ..sentences import refuse
from .child import TrialFailed, wait_for_earlier
from .folder import SweepFolder
from .grid import Trial
from .reasons import reason_of_ray

# A worker that is lost so often has another reason than bad luck.
RESTARTS = 3
STARTS = 3
# Seconds until a machine that is there has answered.
CONNECTING = 20.0
# ASHA first looks after this fraction of the steps, and keeps this fraction of the trials each time.
FIRST_LOOK, KEPT = 1 / 9, 1 / 3


class Trainer(Protocol):
    """What trains a trial, in Ray's worker. ``train`` gives what is written as its result, and raises TrialFailed; ``known`` the same of one that was ended."""

    def train(self, trial: Trial, folder: Path, steps: int, report: Callable[[int, float], None]) -> Dict[str, Any]: ...

    def known(self, folder: Path) -> Dict[str, Any]: ...


def require_ray() -> Any:
    try:
        import ray
        from ray import tune
    except ImportError:
        raise refuse("adapter", adapter="backflow_recorder.sweep", package='"ray[tune]"') from None
    return ray, tune


def check_address(address: Optional[str]) -> None:
    """Raises RecorderError where nothing listens at a cluster's address: Ray itself would try for a minute."""
    host, _, port = (address or "").split("://")[-1].rpartition(":")
    if not host or not port.isdigit():
        # "auto", or a name of Ray's: it says itself what is wrong with it.
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECTING).close()
    except (OSError, OverflowError):
        raise refuse("rayNowhere", address=address) from None


def run_trials(
    folder: SweepFolder,
    trials: Sequence[Trial],
    trainer: Trainer,
    steps: int,
    *,
    address: Optional[str] = None,
    asha: bool = False,
    concurrent: Optional[int] = None,
    told: Callable[[Trial], None] = lambda trial: None,
) -> None:
    """Runs those that have no result yet. The folder has to be seen by every machine of a cluster, as Ray's own storage has to."""
    ray, tune = require_ray()
    waiting = [trial for trial in trials if folder.outcome(trial).state == "missing"]
    if not waiting:
        return
    # Trials are processes of one thread; what Ray says of itself is kept from the terminal.
    os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
    ended: Set[str] = set()

    def see_ended(trial: Trial, is_given_up: bool) -> None:
        ended.add(trial.name)
        # Of what Ray has given up there is more to tell when all are through.
        if not is_given_up:
            told(trial)

    _start(ray, address)
    try:
        scheduler = None
        if asha:
            first = max(1, round(steps * FIRST_LOOK))
            scheduler = tune.schedulers.ASHAScheduler(
                time_attr="step", metric="loss", mode="min", max_t=steps, grace_period=first, reduction_factor=round(1 / KEPT)
            )
        tuner = tune.Tuner(
            tune.with_resources(_trainable(folder, trainer, steps), {"cpu": 1}),
            param_space={"trial": tune.grid_search([trial.described() for trial in waiting])},
            # A new actor takes two seconds of a core, so it is used again; not where ASHA stops trials, since one that has been stopped still ends its trainer.
            tune_config=tune.TuneConfig(
                scheduler=scheduler, max_concurrent_trials=concurrent, reuse_actors=not asha, trial_dirname_creator=lambda trial: trial.config["trial"]["name"]
            ),
            run_config=tune.RunConfig(
                name=f"ray-{len(list(folder.path.glob('ray-*'))) + 1}",
                storage_path=str(folder.path.resolve()),
                failure_config=tune.FailureConfig(max_failures=RESTARTS),
                verbose=0,
                callbacks=[_callback(tune, see_ended)],
            ),
        )
        # Some of what Ray prints it prints at any level.
        with contextlib.redirect_stdout(io.StringIO()):
            results = tuner.fit()
        reasons = {_name_of(result): reason_of_ray(result.error, RESTARTS + 1) for result in results if result.error is not None}
    finally:
        ray.shutdown()
    # Ctrl+C ends Tune as if it were done; what was cut short then is for the next call.
    for trial in waiting:
        if folder.outcome(trial).state == "missing" and (trial.name in ended or trial.name in reasons):
            _finish_stopped(folder, trial, trainer, reasons.get(trial.name))
            if trial.name in reasons:
                told(trial)


def _name_of(result: Any) -> str:
    """Of a trial that has never reported Ray gives no settings; its folder of Ray's is called by its name."""
    return result.config["trial"]["name"] if result.config else Path(result.path).name


def _start(ray: Any, address: Optional[str]) -> None:
    # Without an address Ray would join a cluster that happens to run on this machine.
    where = {"address": address} if address else {"address": "local", "include_dashboard": False}
    for attempt in range(STARTS):
        try:
            ray.init(log_to_driver=False, logging_level="ERROR", ignore_reinit_error=True, **where)
            return
        except Exception as error:
            ray.shutdown()
            # Ray gives itself half a minute, whatever the machine does besides; what it has loaded by then is faster the next time.
            if "timed out during startup" in str(error) and attempt < STARTS - 1:
                continue
            # Its kinds of failure are many: no such address, another version there.
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            # Ray does not send its token to an address that it is given, unless it is told to: whoever listens there would have it.
            raise (refuse("rayRefused", address=address, reason=reason) if address else refuse("rayStart", reason=reason)) from None


def _callback(tune: Any, see_ended: Callable[[Trial, bool], None]) -> Any:
    class Callback(tune.Callback):
        """Of each trial that has ended."""

        def on_trial_complete(self, iteration: int, trials: List[Any], trial: Any, **info: Any) -> None:
            see_ended(Trial(**trial.config["trial"]), False)

        def on_trial_error(self, iteration: int, trials: List[Any], trial: Any, **info: Any) -> None:
            see_ended(Trial(**trial.config["trial"]), True)

    return Callback()


def _trainable(folder: SweepFolder, trainer: Trainer, steps: int) -> Callable[[Mapping[str, Any]], None]:
    """Only scalars go by Ray; runs lie in the trials' folders, where a trial that is started again finds its checkpoint."""
    path = folder.path.resolve()

    def trial_of(config: Dict[str, Any]) -> None:
        from ray import tune

        own, trial = SweepFolder(path), Trial(**config["trial"])
        try:
            result = trainer.train(trial, own.of(trial), steps, lambda step, loss: tune.report({"step": step, "loss": loss}))
        except TrialFailed as error:
            # What the trainer refuses it refuses again.
            result = {"state": "failed", "reason": str(error)}
        own.finish(trial, result)

    return trial_of


def _finish_stopped(folder: SweepFolder, trial: Trial, trainer: Trainer, reason: Optional[str]) -> None:
    """Of a trial that Ray has ended."""
    result: Dict[str, Any] = {"state": "failed" if reason else "stopped", "reason": reason}
    try:
        wait_for_earlier(folder.of(trial))
        result.update(trainer.known(folder.of(trial)))
    except TrialFailed as error:
        result.update(state="failed", reason=str(error))
    folder.finish(trial, result)
