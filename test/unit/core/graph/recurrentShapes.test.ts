/** Recurrent nodes whose inputs are not of the shapes that ONNX's text gives them: PyTorch 2.15 writes some, for an LSTM with a projection. */
import assert from 'node:assert/strict';
import { floats } from '../../../../src/core/graph/tensor';
import { graph, modelOf, node, runModel } from './support';

describe('graph mode: recurrent nodes of impossible shapes', () => {
  const [T, I, H] = [3, 2, 4];
  const all = {
    X: floats([T, 1, I]),
    W: floats([1, 4 * H, I]),
    R: floats([1, 4 * H, H]),
    B: floats([1, 8 * H]),
    h: floats([1, 1, H]),
    c: floats([1, 1, H]),
    P: floats([1, 3 * H]),
  };
  const failureOf = (changed: Partial<typeof all>) => {
    const names = ['X', 'W', 'R', 'B', '', 'h', 'c', 'P'];
    const lstm = node('LSTM', names, ['Y'], { hidden_size: H });
    return runModel(modelOf(graph([lstm], Object.keys(all), ['Y'])), { ...all, ...changed }).failures.at(0)?.message;
  };

  it('are not computed, and say which input is wrong', () => {
    assert.equal(failureOf({}), undefined);
    assert.match(
      failureOf({ c: floats([1, 1, 7]) }) ?? '',
      /has a first state of the shape \[1, 1, 7\], not \[1, 1, 4\]/,
    );
    assert.match(failureOf({ B: floats([1, 4 * H]) }) ?? '', /has a bias of the shape \[1, 16\], not \[1, 32\]/);
    assert.match(failureOf({ P: floats([1, 4 * H]) }) ?? '', /has peepholes of the shape \[1, 16\], not \[1, 12\]/);
  });
});
