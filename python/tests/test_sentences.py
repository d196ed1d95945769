"""Every sentence is there in English and Korean, with the same places, and is used."""

import re
from pathlib import Path

from backflow_recorder.sentences import SENTENCES, sentence

ROOT = Path(__file__).parent.parent / "backflow_recorder"
SOURCES = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in ROOT.rglob("*.py")}


def test_both_languages_have_the_same_places():
    for key, (english, korean) in SENTENCES.items():
        assert english and korean and english != korean, key
        assert set(re.findall(r"{(\w+)", english)) == set(re.findall(r"{(\w+)", korean)), key


def test_every_sentence_is_used():
    everything = "".join(text for name, text in SOURCES.items() if name != "sentences.py") + SOURCES["sentences.py"].split("class RecorderError")[1]
    for key in SENTENCES:
        assert f'"{key}"' in everything, key


def test_the_language_is_the_terminals(monkeypatch):
    monkeypatch.setenv("LC_ALL", "ko_KR.UTF-8")
    assert "기록합니다" in sentence("recording", folder="a")
    monkeypatch.setenv("LC_ALL", "C")
    assert sentence("recording", folder="a") == "Recording to a."
