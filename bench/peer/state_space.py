"""Mamba of `transformers` (5.24), on the sequential path that it takes without the kernels for graphics cards. Shapes: inputs T x B x V, one-hot."""
from torch import nn


class Sequential(nn.Module):
    """The library's own block, norms and head; every window begins with states of zero, since its training cannot carry them."""

    def __init__(self, _cell, vocabulary, hidden, layers):
        super().__init__()
        # Only this column needs the library.
        from transformers import MambaConfig, MambaForCausalLM

        sizes = {'vocab_size': vocabulary, 'hidden_size': hidden, 'num_hidden_layers': layers, 'state_size': 16}
        self.model = MambaForCausalLM(MambaConfig(**sizes, use_cache=False, use_associative_scan=False)).train()

    def forward(self, inputs):
        """Logits, T x B x V."""
        return self.model(inputs.argmax(-1).T).logits.transpose(0, 1)

    def after_backward(self):
        return None
