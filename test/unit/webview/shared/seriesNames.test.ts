import assert from 'node:assert/strict';
import { namedSeries, shortNames } from '../../../../webview/shared/seriesNames';

describe('the names of a graph’s tensors', () => {
  it('are the last parts that tell them apart, without what an exporter puts behind', () => {
    assert.deepEqual(shortNames(['/emb/Gather_output_0', '/cell/Add_1_output_0', '/cell/Mul_2_output_0']), [
      'Gather',
      'Add_1',
      'Mul_2',
    ]);
    assert.deepEqual(shortNames(['/layers.0/attn/Add_output_0', '/layers.1/attn/Add_output_0', '/layers.1/mlp/Add']), [
      'layers.0/attn/Add',
      'layers.1/attn/Add',
      'mlp/Add',
    ]);
    assert.deepEqual(shortNames(['/a/LSTM:hidden', '/b/LSTM:hidden', '/b/LSTM:cell']), [
      'a/LSTM:hidden',
      'b/LSTM:hidden',
      'LSTM:cell',
    ]);
  });

  it('lose their middle where they are long, or their beginning where only that tells them apart', () => {
    assert.deepEqual(shortNames(['a_very_long_name_of_a_tensor_1']), ['a_very_lo…a_tensor_1']);
    const two = shortNames(['block_of_many_1_with_a_long_end', 'block_of_many_2_with_a_long_end']);
    assert.deepEqual(two, ['…y_1_with_a_long_end', '…y_2_with_a_long_end']);
    for (const name of two) assert.ok(name.length <= 20);
  });

  it('stay what they are where nothing is left of them', () => {
    assert.deepEqual(shortNames(['/', 'x', '_output_0']), ['/', 'x', '_output_0']);
  });

  it('give way to a role that only one tensor has', () => {
    const series = (['embedding', 'state', 'state', 'tensor'] as const).map((role, i) => ({
      name: `/t${i}`,
      role,
      width: 4,
      isReversed: false,
    }));
    assert.deepEqual(
      namedSeries(series).map(({ isOnlyOfRole }) => isOnlyOfRole),
      [true, false, false, false],
    );
  });
});
