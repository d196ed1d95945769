"""JAX by jax2onnx: a scan over time, and flax.nnx's cells."""
import warnings

import numpy as np

import saving
from recurrent_weights import H, draw


def scanned(kind):
    import jax
    import jax.numpy as jnp
    w = {key: jnp.asarray(value) for key, value in draw(kind).items()}

    def rnn(h, x):
        h = jnp.tanh(x @ w['W'] + h @ w['R'] + w['b'])
        return h, h

    def gru(h, x):
        from_x, from_h = jnp.split(x @ w['W'] + w['b'][0], 3, 1), jnp.split(h @ w['R'] + w['b'][1], 3, 1)
        z, r = jax.nn.sigmoid(from_x[0] + from_h[0]), jax.nn.sigmoid(from_x[1] + from_h[1])
        h = z * h + (1 - z) * jnp.tanh(from_x[2] + r * from_h[2])
        return h, h

    def lstm(state, x):
        h, c = state
        i, f, g, o = jnp.split(x @ w['W'] + h @ w['R'] + w['b'], 4, 1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    def model(ids):
        """ids [batch, time] → scores [batch, time, V]."""
        x = jnp.take(w['embedding'], ids, axis=0)
        zero = jnp.zeros((ids.shape[0], H), x.dtype)
        cell, state = {'rnn': (rnn, zero), 'gru': (gru, zero), 'lstm': (lstm, (zero, zero))}[kind]
        _, states = jax.lax.scan(cell, state, jnp.swapaxes(x, 0, 1))
        return jnp.swapaxes(states, 0, 1) @ w['output'] + w['output_b']
    return model


def main():
    import jax
    import onnx
    from jax2onnx import to_onnx
    for kind in ('rnn', 'gru', 'lstm'):
        for way, shape in (('', jax.export.symbolic_shape('batch, time')), ('-fixed', (1, 12))):
            file = saving.path(f'plain-{kind}.jax2onnx{way}')
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter('ignore')
                    model = to_onnx(scanned(kind), [jax.ShapeDtypeStruct(shape, np.int32)], opset=21)
                onnx.save(model, file)
                saving.bare(file)
                break
            except Exception as error:
                print(f'{kind}{way}: {type(error).__name__}: {str(error).strip().splitlines()[-1][:400]}')
