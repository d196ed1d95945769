"""A notebook with outputs of the recorder, made by a real kernel: data/notebooks/flow.ipynb.

Needs, beside what the other vectors need, ipykernel and nbclient, and the recorder: PYTHONPATH=python python3 test/vectors/notebooks.py
"""

from pathlib import Path

import nbformat
from nbclient import NotebookClient

CELLS = [
    "# How far back does the gradient of this model reach?\nA small character model, before and after a little training.",
    '''import tempfile

import torch
from torch import nn

import backflow_recorder
from backflow_recorder import flow, open_recording

torch.manual_seed(3)
text = "The night was dark, no father was there. The child was wet with dew." * 8
symbols = sorted(set(text))
ids = torch.tensor([symbols.index(one) for one in text])


class CharModel(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(len(symbols), 16)
        self.lstm = nn.LSTM(16, 32, 2, batch_first=True)
        self.output = nn.Linear(32, len(symbols))

    def forward(self, ids):
        return self.output(self.lstm(self.embedding(ids))[0])


model = CharModel()''',
    "flow(model, ids[:65], vocabulary=symbols)",
    '''folder = tempfile.mkdtemp()
optimizer = torch.optim.Adam(model.parameters(), 0.01)
with backflow_recorder.Recorder(model, folder, vocabulary=symbols, every=40) as recorder:
    for step in range(120):
        at = torch.randint(len(ids) - 49, (8,)).tolist()
        batch = torch.stack([ids[a : a + 49] for a in at])
        loss = nn.functional.cross_entropy(model(batch[:, :-1]).transpose(1, 2), batch[:, 1:])
        optimizer.zero_grad()
        loss.backward()
        recorder.step(loss)
        optimizer.step()''',
    'flow(model, ids[:41], targets="all", vocabulary=symbols)',
    "open_recording(folder)",
]


def main():
    here = Path(__file__).parent
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_markdown_cell(CELLS[0], id="title"), *(nbformat.v4.new_code_cell(one, id=f"cell-{i}") for i, one in enumerate(CELLS[1:]))]
    NotebookClient(notebook, timeout=600, record_timing=False, kernel_name="python3").execute()
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output["output_type"] == "execute_result", output
    notebook.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}, "language_info": {"name": "python"}}
    target = here / "data" / "notebooks" / "flow.ipynb"
    target.parent.mkdir(exist_ok=True)
    nbformat.write(notebook, target)


if __name__ == "__main__":
    main()
