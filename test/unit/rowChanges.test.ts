/** What the tree of runs tells the editor, which forgets every row for a moment when it is told about the whole list. */
import assert from 'node:assert/strict';
import { rowChanges, type Row } from '../../src/editor/runs/rowChanges';

describe('what of a list has changed', () => {
  const [a, b, c] = ['a', 'b', 'c'].map((name) => ({ name }));
  const rows = (...looks: [{ name: string }, string][]): Row<{ name: string }>[] =>
    looks.map(([node, look]) => ({ node, look }));
  const before = rows([a, 'step 1'], [b, 'step 2']);

  it('is nothing where every row looks as before', () =>
    assert.deepEqual(rowChanges(before, rows([a, 'step 1'], [b, 'step 2'])), []));

  it('is the rows that look different, and no other', () => {
    assert.deepEqual(rowChanges(before, rows([a, 'step 1'], [b, 'step 3'])), [b]);
    assert.deepEqual(rowChanges(before, rows([a, 'step 2'], [b, 'step 3'])), [a, b]);
  });

  it('is the list where rows come, go, change places, or are made anew', () => {
    assert.equal(rowChanges(before, rows([c, ''], [a, 'step 1'], [b, 'step 2'])), 'list');
    assert.equal(rowChanges(before, rows([b, 'step 2'])), 'list');
    assert.equal(rowChanges(before, rows([b, 'step 2'], [a, 'step 1'])), 'list');
    assert.equal(rowChanges(before, rows([a, 'step 1'], [{ ...b }, 'step 2'])), 'list');
    assert.equal(rowChanges([], before), 'list');
  });
});
