"""What a flow and a recording show in a notebook: data for Backflow's renderer, HTML, text."""

import json
from html.parser import HTMLParser

import numpy as np
import pytest
import torch
from models import CharModel, data, loss_of
from reading import step as read_step
from safetensors.numpy import save_file
from test_flow import Transformer, ids

from backflow_recorder import Recorder, RecorderError, flow, open_recording
from backflow_recorder.analysis import Series
from backflow_recorder.flow_result import Flow
from backflow_recorder.notebook import MAX_NUMBERS, MAX_SERIES

MIME = "application/vnd.backflow.flow+json"


def shown(flow):
    """As a notebook's file keeps it."""
    bundle = flow._repr_mimebundle_()
    return json.loads(json.dumps(bundle[MIME], allow_nan=False)), bundle["text/html"], bundle["text/plain"]


def back(values):
    return np.array([np.nan if one is None else float(one) for one in values])


def made(steps, targets, names=("a",), direction="forward", value=lambda target, t: -0.1 * abs(target - t)):
    found = Flow("Model", steps, list(targets))
    for name in names:
        rows = [[value(target, t) if (t <= target) == (direction == "forward") or t == target else np.nan for t in range(steps)] for target in found.targets]
        found.add(Series(name, name, None, direction, None, "tensor", 4), np.ones(steps), np.array(rows, float))
    return found


class Tags(HTMLParser):
    """All tags closed, in order."""

    VOID = ("br", "line")

    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.text = [], [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_the_numbers_are_those_of_the_flow():
    torch.manual_seed(4)
    found = flow(CharModel(layers=2), torch.tensor(ids())[:, None], targets="all", vocabulary="abcdefghijk")
    said, _, _ = shown(found)
    assert (said["format"], said["version"], said["model"], said["step"]) == ("backflow-flow", 1, "CharModel", None)
    assert said["tokens"] == ["abcdefghijk"[one] for one in ids()[:-1]]
    assert (said["steps"], said["first"], said["targets"]) == (12, 0, list(range(12)))
    assert said["omitted"] == {"steps": 0, "targets": 0, "series": 0}
    assert [one["name"] for one in said["series"]] == ["rnn.l0:h", "rnn.l0:c", "rnn.l1:h", "rnn.l1:c"]
    for one in said["series"]:
        np.testing.assert_allclose(back(one["norm"]), found.norms[one["name"]], rtol=1e-6)
        for row, expected in zip(one["flow"], found[one["name"]]):
            np.testing.assert_allclose(back(row), expected, atol=5e-7)
        assert one["total"] is None


def test_what_is_no_number_is_null_or_named():
    found = made(6, [3], value=lambda target, t: {0: -np.inf, 1: np.inf}.get(t, -1.0))
    (series,) = shown(found)[0]["series"]
    assert series["flow"] == [["-Infinity", "Infinity", -1.0, -1.0, None, None]]


def test_without_tokens_or_vocabulary():
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 5))
    found = flow(model, torch.randn(1, 6, 3), layers=["0"], loss=lambda answer, t: answer[0, t].square().sum())
    assert shown(found)[0]["tokens"] is None
    numbers = flow(Transformer(), ids(), layers=["embedding"])
    assert shown(numbers)[0]["tokens"] == [str(one) for one in ids()[:-1]]
    strange = flow(Transformer(), ids(), layers=["embedding"], vocabulary=["\ud83d"] * 11)
    json.dumps(shown(strange)[0], ensure_ascii=False).encode("utf-8")


def test_an_output_is_small_and_says_what_is_not_in_it():
    said, html, _ = shown(made(400, range(400), names="abc"))
    kept = len(said["targets"])
    assert said["targets"] == list(range(400 - kept, 400)) and said["omitted"] == {"steps": 0, "targets": 400 - kept, "series": 0}
    assert 0.9 * MAX_NUMBERS < 3 * 400 * (kept + 1) <= MAX_NUMBERS
    assert len(html) < 100_000

    long = made(200_000, [150_000])
    said, html, _ = shown(long)
    assert (said["first"] + said["steps"], said["steps"]) == (150_001, MAX_NUMBERS // 2)
    assert said["omitted"]["steps"] == 200_000 - said["steps"] and said["targets"] == [150_000]
    np.testing.assert_allclose(back(said["series"][0]["flow"][0]), long["a"][0, said["first"] : 150_001], atol=1e-6)
    assert len(html) < 100_000

    backward = shown(made(200_000, [150_000], direction="backward"))[0]
    assert backward["first"] < 150_000 < backward["first"] + backward["steps"] - 10_000

    many = made(3, [2], names=[f"layer {i}" for i in range(MAX_SERIES + 5)])
    said, html, _ = shown(many)
    assert len(said["series"]) == MAX_SERIES and said["omitted"]["series"] == 5
    assert "more series are not drawn here" in html


def test_the_html_needs_nothing_else_and_has_a_text_alternative():
    torch.manual_seed(4)
    found = flow(CharModel(layers=2, bidirectional=True), torch.tensor(ids())[:, None], vocabulary=["<b>", "&", " ", "\n", *"abcdefg"])
    _, html, text = shown(found)
    tags = Tags(html)
    assert tags.open == [] and not {"script", "link", "img", "iframe", "style", "b>"} & {tag for tag, _ in tags.seen}
    assert all(not name.startswith("on") and name not in ("href", "src") for _, attributes in tags.seen for name in attributes)
    (picture,) = [attributes for tag, attributes in tags.seen if tag == "svg" and "role" in attributes]
    assert picture["aria-label"] == text
    for name in found.flows:
        assert name in tags.text and name in text
    assert sum(tag == "polyline" for tag, _ in tags.seen) == len(found.series)
    assert "nan" not in html.lower() and "inf" not in html.lower()


def test_the_html_of_flows_that_have_nothing_to_draw():
    for found in (made(5, [0]), made(1, [0]), made(4, [3], value=lambda target, t: -np.inf), Flow("Model", 3, [2])):
        _, html, text = shown(found)
        assert Tags(html).open == [] and text.startswith("Gradient flow of Model")


@pytest.mark.parametrize(("value", "said"), [(np.nan, "not finite"), (np.inf, "not finite"), (-np.inf, "is zero at the target"), (0, "beyond the text")])
def test_why_a_series_has_no_horizon(value, said):
    _, html, text = shown(made(4, [3], value=lambda target, t: value if t == 3 else -1.0))
    assert said in text and said in html and "nothing before" not in text
    assert "nothing before" in shown(made(4, [0]))[2] and "nothing before" in shown(made(4, [2], direction="backward"))[2]


def recorded(folder, matrix=False, steps=5, **model):
    torch.manual_seed(1)
    net = CharModel(**model)
    ids, targets = data(9, 2)
    with Recorder(net, folder, vocabulary="abcdefghijk", every=2, matrix=matrix) as recorder:
        optimizer = torch.optim.SGD(net.parameters(), 0.1)
        for _ in range(steps):
            loss = loss_of(net, ids, targets)
            optimizer.zero_grad()
            loss.backward()
            recorder.step(loss)
            optimizer.step()
    return recorder


@pytest.mark.parametrize("matrix", [False, True])
def test_a_recording_is_read_again(tmp_path, matrix):
    recorder = recorded(tmp_path / "run", matrix, layers=2)
    opened = open_recording(tmp_path / "run")
    assert opened.steps == [1, 2, 4]
    for number in opened.steps:
        tensors, metadata = read_step(tmp_path / "run", number)
        found = opened.flow(number)
        assert found.at_step == number and found.targets[-1] == int(metadata["target"]) == 8
        assert [one.name for one in found.series] == [one["name"] for one in metadata["series"]]
        for one in metadata["series"]:
            np.testing.assert_array_equal(found[one["name"]][-1], tensors[f"{one['name']}:flow"])
            np.testing.assert_array_equal(found.norms[one["name"]], tensors[f"{one['name']}:norm"])
            np.testing.assert_array_equal(found.totals[one["name"]], tensors[f"{one['name']}:total"])
            if matrix:
                order = np.argsort(found.targets)
                np.testing.assert_array_equal(found[one["name"]][order], tensors[f"{one['name']}:matrix"])
    said, html, text = shown(opened)
    assert said["step"] == 4 and said["tokens"] == ["abcdefghijk"[one] for one in data(9, 2)[0][:, 0].tolist()]
    assert said["series"][0]["total"] is not None and "at training step 4" in text and "at training step 4" in html
    # A recorder as the last line of a cell shows its newest step.
    assert recorder._repr_mimebundle_() == opened._repr_mimebundle_()


def test_one_look_that_was_saved_is_the_same_when_it_is_opened(tmp_path):
    found = flow(Transformer(), ids(), layers=["blocks.0", "embedding"], targets="all", vocabulary="abcdefghijk")
    found.save(tmp_path / "look")
    again = open_recording(tmp_path / "look").flow()
    for name in ("blocks.0", "embedding"):
        np.testing.assert_array_equal(again[name], found[name])
    assert shown(again)[0]["series"] == shown(found)[0]["series"]


def test_a_recording_of_which_nothing_is_there_yet(tmp_path):
    recorder = recorded(tmp_path / "run", steps=0)
    assert list(recorder._repr_mimebundle_()) == ["text/plain"]
    (tmp_path / "run").mkdir(exist_ok=True)
    (tmp_path / "run" / "run.json").write_text('{"format": "backflow-recording", "version": 1}')
    opened = open_recording(tmp_path / "run")
    assert opened.steps == [] and list(opened._repr_mimebundle_()) == ["text/plain"]
    with pytest.raises(RecorderError, match="no recorded step yet"):
        opened.flow()


def test_what_is_no_recording_is_refused(tmp_path):
    for content in (None, "no JSON", "[]", '{"format": "other"}', '{"format": "backflow-recording"}'):
        if content is not None:
            (tmp_path / "run.json").write_text(content)
        with pytest.raises(RecorderError, match="is no recording"):
            open_recording(tmp_path)
    (tmp_path / "run.json").write_text('{"format": "backflow-recording", "version": 2}')
    with pytest.raises(RecorderError, match="pip install --upgrade"):
        open_recording(tmp_path)

    recorded(tmp_path / "run")
    opened = open_recording(tmp_path / "run")
    with pytest.raises(RecorderError, match=r"no recorded step 3; recording\.steps lists those from 1 to 4"):
        opened.flow(3)
    (tmp_path / "run" / "steps" / "step-000004.safetensors").write_bytes(b"cut")
    with pytest.raises(RecorderError, match=r"step-000004\.safetensors cannot be read"):
        opened.flow()
    assert "cannot be read" in opened._repr_mimebundle_()["text/plain"]
    tensors, metadata = read_step(tmp_path / "run", 2)
    for changed, words in ({"target": "9"}, "target 9 of 9 steps"), ({"version": "2"}, "pip install --upgrade"), ({"target": None}, "has no gradient flow"):
        metadata_now = {key: value for key, value in {**metadata, **changed, "series": json.dumps(metadata["series"])}.items() if value is not None}
        save_file(tensors, tmp_path / "run" / "steps" / "step-000002.safetensors", metadata_now)
        with pytest.raises(RecorderError, match=words):
            opened.flow(2)
