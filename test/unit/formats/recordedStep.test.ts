/** One step's file of a recording, against docs/recording.md; the files are PyTorch's (test/vectors/recordings.py). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { recordedStep } from '../../../src/formats/recording/stepFile';
import { decodeSafetensors, type Tensor } from '../../../src/formats/safetensors';
import { UserError } from '../../../src/userError';

const folder = 'test/vectors/data/recordings';
const decoded = (name: string, step: number) => {
  const file = `${folder}/${name}/steps/step-${String(step).padStart(6, '0')}.safetensors`;
  return decodeSafetensors(readFileSync(file), file);
};

interface Change {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly tensors?: Readonly<Record<string, Tensor | null>>;
}

function changed({ metadata = {}, tensors = {} }: Change) {
  const whole = decoded('lstm', 6);
  const map = new Map(whole.tensors);
  for (const [name, tensor] of Object.entries(tensors)) {
    if (tensor) map.set(name, tensor);
    else map.delete(name);
  }
  return recordedStep({ ...whole, tensors: map, metadata: { ...whole.metadata, ...metadata } }, 'step.safetensors');
}

const whole = (shape: readonly number[], values: readonly number[]): Tensor => ({
  dtype: 'I64',
  shape,
  data: BigInt64Array.from(values, BigInt),
});

describe('a recorded step', () => {
  it('has the weights, tokens and series that its file has', () => {
    const { tensors } = decoded('lstm', 6);
    const step = changed({});
    assert.deepEqual([step.step, step.steps, step.target], [6, 14, 13]);
    assert.deepEqual(
      Array.from(step.ids ?? []),
      Array.from<number | bigint, number>(tensors.get(':ids')?.data ?? [], Number),
    );
    assert.deepEqual(
      step.series.map(({ name, layer, direction, state }) => [name, layer, direction, state]),
      [0, 1].flatMap((layer) => ['h', 'c'].map((state) => [`rnn.l${layer}:${state}`, layer, 'forward', state])),
    );
    assert.deepEqual(step.series[2].flow, tensors.get('rnn.l1:h:flow')?.data);
    assert.ok([...step.weights.keys()].every((name) => !name.includes(':')));
    assert.equal(step.weights.has('rnn.weight_hh_l1'), true);
    assert.equal(step.initial.size, 0);
  });

  it('has the states at which a carried stream begins, and no target where there is none', () => {
    const carried = decoded('gru', 4);
    const [first] = recordedStep(carried, 'f').initial.get('rnn:h_0') ?? [];
    assert.deepEqual(Array.from(first), Array.from(carried.tensors.get('rnn:h_0')?.data ?? [], Number));
    const attention = recordedStep(decoded('attention', 4), 'f');
    assert.equal(attention.targets?.[1], -1);
    assert.equal(attention.series[0].matrix?.length, 64);
    assert.equal(recordedStep(decoded('features', 4), 'f').ids, null);
  });

  it('ends where a shorter sequence ends', () => {
    const step = changed({ tensors: { ':lengths': whole([1], [9]) }, metadata: { target: '8' } });
    assert.equal(step.steps, 9);
    assert.equal(step.ids?.length, 9);
    assert.ok(
      step.series.every(({ norm, total, flow }) => [norm, total, flow].every((values) => values?.length === 9)),
    );
  });

  it('has no total gradient in one look at a model', () => {
    const [first, second] = changed({ tensors: { 'rnn.l0:h:total': null } }).series;
    assert.equal(first.total, null);
    assert.equal(second.total?.length, 14);
  });

  it('without a target has no flow, and is not broken', () => {
    const { metadata, ...rest } = decoded('lstm', 6);
    const { target: _, ...others } = metadata;
    assert.throws(
      () => recordedStep({ ...rest, metadata: { ...others, series: '[]' } }, 'step.safetensors'),
      /step\.safetensors has no gradient flow: /,
    );
  });

  it('does not mind what it does not know', () => {
    const step = changed({ tensors: { 'rnn:new': whole([1], [1]) }, metadata: { future: 'yes' } });
    assert.equal(step.weights.has('rnn:new'), false);
  });

  const series = (change: Readonly<Record<string, unknown>>) =>
    JSON.stringify([{ name: 'rnn.l0:h', module: 'rnn', role: 'state', width: 6, ...change }]);
  const refused: readonly (readonly [string, Change, RegExp])[] = [
    ['of a newer version', { metadata: { version: '2' } }, /written in version 2 .* reads up to version 1; update/],
    ['of no version', { metadata: { version: 'x' } }, /its version is “NaN”/],
    ['of another kind', { metadata: { format: 'pt' } }, /is not a recorded step/],
    ['without a target', { metadata: { target: '' } }, /its target is “”/],
    ['whose target is behind its end', { metadata: { target: '14' } }, /its target is “14”/],
    ['whose series are no JSON', { metadata: { series: '[{' } }, /its series is “\[{”/],
    ['without series', { metadata: { series: '[]' } }, /its series is “\[]”/],
    ['with a state of another name', { metadata: { series: series({ state: 'z' }) } }, /its series is/],
    ['with a negative layer', { metadata: { series: series({ layer: -1 }) } }, /its series is/],
    ['without a flow', { tensors: { 'rnn.l0:h:flow': null } }, /tensor “rnn.l0:h:flow” is missing/],
    ['with a shorter norm', { tensors: { 'rnn.l1:c:norm': whole([3], [1, 2, 3]) } }, /tensor “rnn.l1:c:norm”/],
    ['with negative tokens', { tensors: { ':ids': whole([14, 1], Array<number>(14).fill(-1)) } }, /tensor “:ids”/],
    ['with tokens for other steps', { tensors: { ':ids': whole([2, 1], [1, 1]) } }, /tensor “:ids”/],
    ['with no stream', { tensors: { ':targets': whole([14, 0], []) } }, /tensor “:targets”/],
    ['with an absurd length', { tensors: { ':lengths': whole([1], [99]) } }, /tensor “:lengths”/],
    ['with a flat state', { tensors: { 'rnn:h_0': whole([6], [1, 2, 3, 4, 5, 6]) } }, /tensor “rnn:h_0”/],
  ];
  for (const [what, change, sentence] of refused)
    it(`${what} is refused with a sentence`, () => {
      assert.throws(
        () => changed(change),
        (thrown) => thrown instanceof UserError && sentence.test(thrown.message),
      );
    });
});
