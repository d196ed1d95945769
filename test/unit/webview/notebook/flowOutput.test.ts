/** A notebook's output as it is read and drawn: the stored numbers, and whatever a file can hold in their place. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { seriesOf } from '../../../../src/protocol/frame';
import { outputFrame } from '../../../../webview/notebook/outputFrame';
import { OutputProblem, readFlowOutput } from '../../../../webview/notebook/flowOutput';
import { flowRows } from '../../../../webview/shared/flowRows';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
interface Notebook {
  cells: { outputs?: { data?: Record<string, Json> }[] }[];
}

const notebook = JSON.parse(readFileSync('test/vectors/data/notebooks/flow.ipynb', 'utf8')) as Notebook;
const stored = notebook.cells
  .flatMap(({ outputs }) => outputs ?? [])
  .flatMap(({ data }) => data?.['application/vnd.backflow.flow+json'] ?? []) as {
  targets: number[];
  steps: number;
  series: { name: string; horizon: number | null; flow: (number | string | null)[][]; norm: number[] }[];
}[];

const numberOf = (value: number | string | null): number => (value === null ? NaN : Number(value));

describe('a notebook’s output', () => {
  it('is a frame of the stored numbers, with the horizons that the kernel found', () => {
    assert.equal(stored.length, 3);
    for (const one of stored) {
      const output = readFlowOutput(one);
      one.targets.forEach((target, i) => {
        const frame = outputFrame(output, i);
        assert.equal(frame.header.target, target);
        assert.equal(frame.header.tokens.length, one.steps);
        one.series.forEach(({ flow, norm, horizon }, layer) => {
          assert.deepEqual(
            Array.from(seriesOf(frame, 'flow', layer)!),
            flow[i].map((value) => Math.fround(numberOf(value))),
          );
          assert.deepEqual(Array.from(seriesOf(frame, 'norm', layer)!), norm.map(Math.fround));
          if (i === one.targets.length - 1) assert.equal(frame.header.flows[layer].horizon, horizon);
        });
        assert.equal(flowRows(frame).length, one.series.length);
      });
    }
    assert.ok(flowRows(outputFrame(readFlowOutput(stored[2]), 0), 'total').length > 0);
  });

  it('counts targets from the beginning of the text, of which the first steps can be missing', () => {
    const [one] = stored;
    const output = readFlowOutput({ ...one, first: 100, targets: [100 + one.targets[0]] });
    assert.deepEqual(output.targets, one.targets);
  });

  it('is refused by a sentence, or read, whatever stands in the place of any of its values', () => {
    const others: (Json | undefined)[] = [
      undefined, null, true, -1, 0.5, 1e300, 2 ** 53, '', 'NaN', 'Infinity', '<b>', [], [[]], {}, { length: 3 },
    ]; // prettier-ignore
    const small: Json = JSON.parse(
      JSON.stringify({ ...stored[1], targets: [0, 2], steps: 3, tokens: ['a', 'b', 'c'] }),
    ) as Json;
    const fields = small as Record<string, Json> & { series: { norm: Json[]; flow: Json[] }[] };
    fields.series = fields.series.slice(0, 2).map((each) => ({
      ...each,
      norm: [1, 2, 3],
      flow: [
        [-3, null, null],
        [-5, '-Infinity', -2],
      ],
    }));
    readFlowOutput(small);
    let refused = 0;
    const places = placesIn(small);
    for (const place of places)
      for (const other of others) {
        const changed = withValue(small, place, other);
        try {
          const output = readFlowOutput(changed);
          output.targets.forEach((_, i) => flowRows(outputFrame(output, i)));
        } catch (thrown) {
          assert.ok(thrown instanceof OutputProblem, `${place.join('.')}: ${JSON.stringify(other)}: ${String(thrown)}`);
          refused++;
        }
      }
    assert.ok(refused > places.length, `${refused} of ${places.length * others.length} refused`);
  });
});

/** The path to every value, the whole first. */
function placesIn(value: Json, at: string[] = []): string[][] {
  const inner = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return [at, ...inner.flatMap(([key, each]) => placesIn(each, [...at, key]))];
}

function withValue(value: Json, [key, ...rest]: string[], other: Json | undefined): unknown {
  if ((key as string | undefined) === undefined) return other;
  const copy = structuredClone(value) as Record<string, Json>;
  const inner = withValue(copy[key], rest, other);
  return Object.assign(copy, { [key]: inner });
}
