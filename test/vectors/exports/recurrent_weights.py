"""One set of weights for Keras, JAX and Paddle.

Gates are kept in Keras' order: i f c o (LSTM), z r h (GRU); W [E, G·H] and R [H, G·H] are multiplied from the right, as Keras and JAX do.
"""
import numpy as np

from texts import V

E = 5
H = 6

GATES = {'rnn': 1, 'lstm': 4, 'gru': 3}
SEEDS = {'rnn': 71, 'lstm': 72, 'gru': 73}
# Tokens of the text; one more than there are steps.
LENGTH = 13


def draw(kind):
    random = np.random.default_rng(SEEDS[kind])
    some = lambda *shape: (np.round(random.uniform(-0.6, 0.6, shape) * 1024) / 1024).astype(np.float32)
    G = GATES[kind]
    return {'embedding': some(V, E), 'W': some(E, G * H), 'R': some(H, G * H), 'b': some(2, G * H) if kind == 'gru' else some(G * H), 'output': some(H, V), 'output_b': some(V)}
