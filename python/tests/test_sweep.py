"""Sweeps without Ray: the grid, the folder, horizons, the picture, and wrong input in one sentence."""

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as xml
from pathlib import Path

import pytest

from backflow_recorder.sentences import RecorderError
from backflow_recorder.sweep.command import main
from backflow_recorder.sweep.folder import Outcome, SweepFolder
from backflow_recorder.sweep.grid import parse_grid, trials_of
from backflow_recorder.sweep.picture import axes_of, page, places
from backflow_recorder.sweep.trainer import Backflow, CorpusTrainer, first_sequences, last_metrics, median_horizon

GRID = {"kind": ["rnn", "lstm"], "gain": ["0.8", "1"], "window": ["32", "128"]}


def test_a_grid_is_every_combination_with_every_seed():
    assert parse_grid(["kind=rnn,lstm", "gain=0.8,1", "window=32,128"]) == GRID
    assert parse_grid(["kind=rnn, lstm ", "gain= 0.8,1", "window=32,128"]) == GRID
    trials = trials_of(GRID, 3)
    assert len(trials) == 24 and len({trial.name for trial in trials}) == 24
    # The whole grid once before anything is repeated.
    assert [trial.seed for trial in trials] == [1] * 8 + [2] * 8 + [3] * 8
    assert trials[-1].arguments() == ["--cell", "lstm", "--init-scale", "1", "--window", "128", "--init", "orthogonal", "--seed", "3"]
    assert trials_of({"init": ["xavier"], "gain": ["2"]}, 1)[0].arguments() == ["--init", "xavier", "--init-scale", "2", "--seed", "1"]


@pytest.mark.parametrize("words", [["kind"], ["kind="], ["kind=a,,b"], ["nonsense=1"], ["kind=a", "kind=b"], ["kind=a,a"], ["=1"]])
def test_a_grid_that_is_none_is_refused(words):
    with pytest.raises(RecorderError):
        parse_grid(words)


def test_settings_of_a_function_have_any_name_and_are_numbers_where_they_can_be():
    grid = parse_grid(["lr=1e-3", "hidden=16", "tied=true", "kind=gru"], None)
    assert trials_of(grid, 1)[0].settings() == {"lr": 0.001, "hidden": 16, "tied": True, "kind": "gru", "seed": 1}
    for word in ("seed=1", "steps=2", "learning-rate=1"):
        with pytest.raises(RecorderError):
            parse_grid([word], None)


def test_a_horizon_is_the_median_over_the_targets_of_the_second_half():
    # Row τ falls by a factor of ten a step for lags up to τ; a thousandth is passed, not reached, at lag 4.
    falling = [[float(t - target) if t <= target else None for t in range(20)] for target in range(20)]
    assert median_horizon(falling) == {"horizon": 4.0, "within": 10}
    level = [[0.0 if t <= target else None for t in range(20)] for target in range(20)]
    assert median_horizon(level) == {"horizon": None, "within": 10}
    # Exactly zero has vanished.
    zero = [[0.0 if t == target else None for t in range(20)] for target in range(20)]
    assert median_horizon(zero)["horizon"] == 1.0


def test_the_folder_knows_its_sweep_and_refuses_another(tmp_path):
    folder = SweepFolder(tmp_path / "sweep")
    corpus = tmp_path / "a.txt"
    corpus.write_text("some text")
    plan = {"corpus": "a.txt", "grid": GRID, "samples": 1, "steps": 10}
    folder.begin(plan, corpus)
    folder.begin(plan, corpus)
    trials = folder.trials()
    folder.finish(trials[0], {"state": "done", "step": 10, "loss": 2.0, "validationLoss": 2.5, "horizon": None, "within": 128})
    assert folder.outcome(trials[0]) == Outcome(trials[0], "done", 10, 2.0, 2.5, None, 128, None)
    # A file that was cut is a trial that is missing.
    folder.of(trials[1]).mkdir()
    (folder.of(trials[1]) / "result.json").write_text('{"state": "do')
    assert [one.state for one in folder.outcomes()] == ["done"] + ["missing"] * 7
    for other in ({**plan, "steps": 11}, {**plan, "grid": {"kind": ["rnn"]}}):
        with pytest.raises(RecorderError, match="another sweep"):
            folder.begin(other, corpus)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "theirs").write_text("")
    with pytest.raises(RecorderError, match="other files"):
        SweepFolder(tmp_path / "full").begin(plan, corpus)
    corpus.write_text("another text")
    with pytest.raises(RecorderError, match="has changed since the sweep"):
        folder.begin(plan, corpus)


@pytest.mark.parametrize(
    "change, said",
    [
        ({"version": 2}, "has format version 2, and this package reads version 1"),
        ({"version": "1"}, "holds no sweep"),
        ({"grid": {}}, "holds no sweep"),
        ({"grid": {"kind": []}}, "holds no sweep"),
        ({"samples": 0}, "holds no sweep"),
        ({"corpus": None}, "holds no sweep"),
        ({"samples": 10**9}, "is the most"),
    ],
)
def test_a_plan_that_cannot_be_read_is_refused_in_one_sentence(tmp_path, capsys, monkeypatch, change, said):
    monkeypatch.setenv("LC_ALL", "C")
    plan = {"format": "backflow-sweep", "version": 1, "corpus": "a.txt", "grid": GRID, "samples": 1, "steps": 10}
    (tmp_path / "sweep.json").write_text(json.dumps({**plan, **change}))
    assert main([str(tmp_path), "--html", str(tmp_path / "page.html")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line and not (tmp_path / "page.html").exists()


def test_what_losses_are_in_stands_over_them():
    trials = trials_of({"kind": ["rnn"], "gain": ["1"]}, 1)

    def heads(validation_loss, objective=None, **options):
        text = page("", {"kind": ["rnn"], "gain": ["1"]}, 1, [Outcome(trials[0], "done", 10, 2.0, validation_loss, 3.0, 9, None, objective)], ("kind", "gain"), **options)
        return text.split("<figcaption>")[2].split("</figcaption>")[0]

    assert heads(1.5, "next") == "Validation loss in nats per token"
    assert heads(None, "next") == "Loss in nats per token"
    assert heads(1.5, "squaredError") == "Validation loss, mean squared error"
    assert heads(None, is_own=True) == "Loss"


def test_colors_tell_losses_below_zero_apart():
    grid = {"kind": ["rnn", "lstm", "gru"], "gain": ["1"]}
    outcomes = [Outcome(trial, "done", 10, loss) for trial, loss in zip(trials_of(grid, 1), (-3.0, -1.0, 2.0))]
    text = page("", grid, 1, outcomes, ("kind", "gain"), is_own=True).split("<figcaption>Loss")[1]
    fills = [part.split('"')[0] for part in text.split('fill="rgb')[1:]]
    assert len(set(fills)) == 3


def test_of_numbers_the_first_sequences_are_looked_at(tmp_path):
    corpus = tmp_path / "numbers.txt"
    corpus.write_bytes(("\ufeff# a comment\r\n" + "".join(f"0.{i},0 0.5,1 = 0.5\r\n" for i in range(1, 9))).encode())
    assert first_sequences(str(corpus)) == [2, 3, 4, 5, 6]
    corpus.write_text("1 = 1\n\n# two\n  # three\n2 = 2")
    assert first_sequences(str(corpus)) == [1, 5]


def test_a_picture_has_a_cell_for_every_pair_and_shows_what_is_missing():
    trials = trials_of(GRID, 2)
    outcomes = [Outcome(trial, "missing") for trial in trials]
    # Of (rnn, 0.8) all four trials: horizons 10, 20, 40 and one beyond 128; (lstm, 1) diverged.
    own = [i for i, trial in enumerate(trials) if trial.values["kind"] == "rnn" and trial.values["gain"] == "0.8"]
    for i, horizon in zip(own, (10.0, 20.0, 40.0, None)):
        outcomes[i] = Outcome(trials[i], "done", 10, 2.0, 1.5, horizon, 128)
    lost = next(i for i, trial in enumerate(trials) if trial.values["kind"] == "lstm" and trial.values["gain"] == "1")
    outcomes[lost] = Outcome(trials[lost], "diverged", 3, None)
    text = page("a <sweep>", GRID, 2, outcomes, axes_of(GRID, ["gain", "kind"]))
    figures = [xml.fromstring(part.split("</figure>")[0] + "</figure>") for part in ("<figure>" + part for part in text.split("<figure>")[1:])]
    told = [[title.text for title in figure.iter("title")] for figure in figures]
    assert told[0] == ["gain 0.8, kind rnn: 30 (4/4)", "gain 0.8, kind lstm: none (0/4)", "gain 1, kind rnn: none (0/4)", "gain 1, kind lstm: none (0/4)"]
    assert told[1][0] == "gain 0.8, kind rnn: 1.5 (4/4)"
    assert text.count('fill="url(#missing)"') == 6
    assert "4 done, 0 stopped early, 1 diverged, 0 failed, 11 missing" in text and "a &lt;sweep&gt;" in text


def test_a_cell_says_no_more_than_is_known():
    """Of horizons beyond the text, and of trials that were stopped beside others that are done."""
    trials = trials_of({"kind": ["rnn"], "gain": ["1"]}, 3)

    def cell(*results):
        outcomes = [Outcome(trial, state, 10, 2.0, None, horizon, within) for trial, (state, horizon, within) in zip(trials, results)]
        text = page("", {"kind": ["rnn"], "gain": ["1"]}, 3, outcomes, ("kind", "gain"))
        return text.split("<title>kind rnn, gain 1: ")[1].split("</title>")[0].replace("&gt;", ">")

    assert cell(("done", None, 128), ("done", 10.0, 128), ("done", None, 128)) == "> 128 (3/3)"
    # Half of 20 and something above 128.
    assert cell(("done", None, 128), ("done", 20.0, 128)) == "> 74 (2/2)"
    assert cell(("done", None, 5), ("done", 10.0, 128), ("done", 20.0, 128)) == "≥ 10 (3/3)"
    assert cell(("done", 10.0, 128), ("stopped", 90.0, 128), ("failed", None, None)) == "10 (1/3)"
    assert cell(("stopped", 90.0, 128), ("failed", None, None)) == "90 (0/2)"


def test_validation_losses_and_training_losses_are_never_in_one_picture():
    trials = trials_of({"kind": ["rnn", "lstm"], "gain": ["1"]}, 1)

    def figure(*losses):
        outcomes = [Outcome(trial, "done", 10, *own) for trial, own in zip(trials, losses)]
        text = page("", {"kind": ["rnn", "lstm"], "gain": ["1"]}, 1, outcomes, ("kind", "gain"))
        return re.findall("<(?:figcaption|title)>([^<]*)<", text.split("<figure>")[2])

    assert figure((1.0, 2.0), (1.5, 2.5)) == ["Validation loss in nats per token", "kind rnn, gain 1: 2 (1/1)", "kind lstm, gain 1: 2.5 (1/1)"]
    # One that was stopped before its first validation has none to compare.
    assert figure((1.0, 2.0), (1.5, None)) == ["Validation loss in nats per token", "kind rnn, gain 1: 2 (1/1)", "kind lstm, gain 1: none (1/1)"]
    assert figure((1.0, None), (1.5, None)) == ["Loss in nats per token", "kind rnn, gain 1: 1 (1/1)", "kind lstm, gain 1: 1.5 (1/1)"]


def test_the_horizon_on_numbers_is_the_median_over_the_first_sequences(tmp_path):
    """Of a command line that tells the line it was asked for: log10 norms of the input gradient, by step, of the last one."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run/run.json").write_text('{"model": {"objective": "squaredError"}}')
    (tmp_path / "cli.py").write_text(
        "import json, sys\n"
        "assert '--matrix' not in sys.argv\n"
        "line = int(sys.argv[sys.argv.index('--line') + 1])\n"
        "flows = json.load(open(sys.argv[0] + '.json'))\n"
        "print(json.dumps({'inputs': [{'flow': flows[str(line)]}]}))\n"
    )

    def found(*flows):
        told = {line: {"target": len(log10) - 1, "log10": log10} for line, log10 in zip((3, 5, 6, 7, 8), flows)}
        (tmp_path / "cli.py.json").write_text(json.dumps(told))
        return CorpusTrainer(Backflow(sys.executable, str(tmp_path / "cli.py")), str(corpus), "").horizon(tmp_path / "run")

    corpus = tmp_path / "sums.txt"
    corpus.write_bytes("\ufeff# a comment\n\n".encode() + b"1 2 = 3\r\n  # another\n" + b"1 2 = 3\n" * 9)
    assert first_sequences(str(corpus)) == [3, 5, 6, 7, 8]
    # By lag: below a thousandth at 2, 4, nowhere, 3, and where the target itself has none nothing can be said.
    falls = [[-4.0, -1.0, 0.0], [-9.0, -4.0, -2.5, -2.0, -1.0, 0.0], [-1.0, -1.0, -1.0, 0.0], [-5.0, -2.0, -1.0, 0.0], [-1.0, None]]
    assert found(*falls) == {"horizon": 3.5, "within": 2}
    assert found(*[[-1.0, 0.0]] * 5) == {"horizon": None, "within": 1}
    # No step stands before the only one.
    assert found(*[[0.0]] * 5) == {}


def test_axes_are_logarithmic_where_they_are_positive_numbers():
    assert places(["1", "10", "100"], 300) == pytest.approx([0, 100, 200, 300])
    # Of 16, 32 and 128 the middles are 2^4.5 and 2^6, the ends as far outside: 2^3.5 and 2^8.
    assert places(["16", "32", "128"], 450) == pytest.approx([0, 100, 250, 450])
    assert places(["rnn", "lstm"], 300) == [0, 150, 300]
    assert places(["0", "1", "2"], 300) == [0, 100, 200, 300]
    assert axes_of(GRID, None) == ("kind", "gain") and axes_of({"kind": ["rnn"]}, None) == ("kind", "seed")
    with pytest.raises(RecorderError):
        axes_of(GRID, ["kind", "nonsense"])


def test_wrong_input_is_one_sentence(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("LC_ALL", "C")
    corpus = tmp_path / "corpus.txt"
    corpus.write_text("some text")
    empty, cli = tmp_path / "empty.txt", tmp_path / "cli.js"
    empty.write_text("")
    cli.write_text("")
    cases = {
        "the problem: --grid is missing": [corpus],
        "the problem: the following arguments are required": [],
        "knows no color": [corpus, "--grid", "color=1"],
        "is no UTF-8 text": [empty, "--grid", "kind=rnn"],
        "a whole number from 1": [corpus, "--grid", "kind=rnn", "--samples", "0"],
        "Node.js (/none) was not found": [corpus, "--grid", "kind=rnn", "--node", "/none"],
        "command line (/none) was not found": [corpus, "--grid", "kind=rnn", "--node", sys.executable, "--cli", "/none"],
        "--axes names two of kind, seed": [corpus, "--grid", "kind=rnn", "--axes", "kind"],
        "holds no sweep": [tmp_path, "--html", tmp_path / "page.html"],
        "The grid makes 20000 trials, and 10000 is the most": [corpus, "--grid", "kind=rnn,lstm", "--samples", "10000"],
        "a name of 320 characters, and 255 is the most": [corpus, "--grid", f"kind={'a' * 303}"],
        "a whole number from 1 is needed, not ²": [corpus, "--grid", "kind=rnn", "--samples", "²"],
    }
    for expected, words in cases.items():
        assert main([str(word) for word in words]) == 2
        (said,) = capsys.readouterr().err.splitlines()
        assert expected in said, said
    # Without Ray, as it is here or made so.
    monkeypatch.setitem(sys.modules, "ray", None)
    assert main([str(corpus), "--grid", "kind=rnn", "--node", sys.executable, "--cli", str(cli), "--out", str(tmp_path / "sweep")]) == 2
    assert 'pip install "ray[tune]"' in capsys.readouterr().err
    assert not (tmp_path / "sweep").exists() and not (tmp_path / "page.html").exists()


def test_a_sweep_that_is_there_is_drawn_without_pytorch_ray_and_node(tmp_path):
    (tmp_path / "a.txt").write_text("some text")
    SweepFolder(tmp_path / "sweep").begin({"corpus": "a.txt", "grid": GRID, "samples": 1, "steps": 10}, tmp_path / "a.txt")
    code = "import sys; sys.modules['torch'] = sys.modules['ray'] = None; from backflow_recorder.sweep.command import main; sys.exit(main(sys.argv[1:]))"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent), "PATH": "", "LC_ALL": "C.UTF-8"}
    words = [sys.executable, "-c", code, str(tmp_path / "sweep"), "--html", str(tmp_path / "page.html")]
    ended = subprocess.run(words, env=environment, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert "8 missing" in (tmp_path / "page.html").read_text()
    assert json.loads((tmp_path / "sweep/sweep.json").read_text())["format"] == "backflow-sweep"


def test_the_last_metrics_of_a_run_that_was_cut_off(tmp_path):
    assert last_metrics(tmp_path) == {"loss": None, "validationLoss": None}
    whole = '{"step": 1, "loss": 3.5}\n{"step": 1, "validationLoss": 3}\n{"step": 2, "loss": 2}\n{"step": 3, "loss": null}\n'
    (tmp_path / "metrics.jsonl").write_text('{"st\n' + whole + '{"step": 4, "los')
    assert last_metrics(tmp_path) == {"loss": 2.0, "validationLoss": 3.0}


def test_a_sweep_is_continued_whatever_the_order_of_its_keys(tmp_path, monkeypatch):
    import backflow_recorder.sweep.tuning as tuning

    (tmp_path / "corpus.txt").write_text("some text")
    (tmp_path / "cli.js").write_text("")
    asked = []
    monkeypatch.setattr(tuning, "require_ray", lambda: None)
    monkeypatch.setattr(tuning, "run_trials", lambda folder, trials, *args, **options: asked.append([trial.name for trial in trials]))
    for words in (["kind=rnn,gru", "gain=1,2"], ["gain=1,2", "kind=rnn,gru"]):
        main([str(tmp_path / "corpus.txt"), "--grid", *words, "--out", str(tmp_path / "sweep"), "--node", sys.executable, "--cli", str(tmp_path / "cli.js")])
    assert asked[0] == asked[1] == [trial.name for trial in SweepFolder(tmp_path / "sweep").trials()]
