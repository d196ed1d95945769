"""Batches of sequences of many lengths, packed as PyTorch's recurrences read them: nothing is computed for padding."""
import torch
from torch.nn.utils.rnn import pack_padded_sequence


class PackedSequences:
    """Random tokens in sequences of the given lengths, one batch after another, again and again."""

    def __init__(self, lengths, batch, vocabulary):
        self.batches = [self.packed(lengths[first:first + batch], vocabulary) for first in range(0, len(lengths), batch)]
        self.one_hot = torch.eye(vocabulary)
        self.position = 0

    @staticmethod
    def packed(lengths, vocabulary):
        """Token ids, packed, and the targets in the same order."""
        inputs, targets = torch.randint(vocabulary, (2, max(lengths), len(lengths)))
        pack = lambda ids: pack_padded_sequence(ids, torch.tensor(lengths), enforce_sorted=False)
        return pack(inputs), pack(targets).data

    def next(self):
        """One-hot inputs of a batch, packed, and its targets."""
        ids, targets = self.batches[self.position]
        self.position = (self.position + 1) % len(self.batches)
        return ids._replace(data=self.one_hot[ids.data]), targets
