import assert from 'node:assert/strict';
import { MetricHistory } from '../../../../src/editor/runs/metricHistory';
import { progressColumns, type Progress } from '../../../../src/protocol/run';

const width = progressColumns.length;

/** Rows of the steps from `first` to `last`, the loss of each its step / 100. */
function steps(first: number, last: number): Progress {
  const rows: number[] = [];
  for (let step = first; step <= last; step++) rows.push(step, step / 100, 1, 1, 64, 1000 + step, 0);
  return { rows: Float64Array.from(rows), validation: [] };
}

function stepsOf(history: MetricHistory): number[] {
  const { rows } = history.snapshot();
  return Array.from({ length: rows.length / width }, (_, row) => rows[row * width]);
}

describe('the history of a run’s metrics', () => {
  it('keeps what arrives, in order, and knows the newest', () => {
    const history = new MetricHistory();
    assert.equal(history.last('loss'), null);
    history.append(steps(1, 3));
    history.append(steps(4, 5));
    assert.deepEqual(stepsOf(history), [1, 2, 3, 4, 5]);
    assert.equal(history.last('loss'), 0.05);
    assert.equal(history.last('tokensPerSecond'), 1005);
  });

  it('forgets the steps that a run trains again after going back to a checkpoint, and says so', () => {
    const history = new MetricHistory();
    assert.equal(
      history.append({
        ...steps(1, 10),
        validation: [
          { step: 4, loss: 2 },
          { step: 8, loss: 1 },
        ],
      }),
      false,
    );
    assert.equal(history.append(steps(6, 7)), true);
    assert.deepEqual(stepsOf(history), [1, 2, 3, 4, 5, 6, 7]);
    assert.deepEqual(history.snapshot().validation, [{ step: 4, loss: 2 }]);
  });

  it('stays bounded over a million steps, and keeps the newest whole', () => {
    const history = new MetricHistory(1000);
    for (let first = 1; first <= 1_000_000; first += 500) history.append(steps(first, first + 499));
    const kept = stepsOf(history);
    assert.ok(kept.length <= 1000);
    assert.deepEqual(
      kept.slice(-250),
      Array.from({ length: 250 }, (_, index) => 999_751 + index),
    );
    assert.ok(kept.every((step, index) => index === 0 || step > kept[index - 1]));
    assert.ok(kept[0] < 1000, 'the beginning is still there');
  });

  it('hands out a copy', () => {
    const history = new MetricHistory();
    history.append(steps(1, 2));
    history.snapshot().rows.fill(9);
    assert.deepEqual(stepsOf(history), [1, 2]);
  });
});
