"""What the models read."""
import numpy as np

# In the order of their code points, so that they are also the sorted symbols of a text that has them all.
SYMBOLS = ['\n', ' ', '!', 'a', 'b', '가', '나', '다', '라', '마', '바', '🙂']
V = len(SYMBOLS)


def ids_of(length, seed):
    """So many ids; from as many as there are symbols on, every symbol is among them."""
    random = np.random.default_rng(seed)
    ids = random.integers(0, V, length)
    if length >= V:
        ids[random.choice(length, V, replace=False)] = np.arange(V)
    return [int(token) for token in ids]
