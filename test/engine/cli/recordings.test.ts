/** `backflow inspect` of recordings that PyTorch has written (test/vectors/recordings.py). */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { decodeSafetensors } from '../../../src/formats/safetensors';
import { backflow } from '../support/commandLine';

const vectors = resolve('test/vectors/data/recordings');

interface Flow {
  readonly target: number;
  readonly log10: readonly (number | null)[];
  readonly horizon: number | null;
}

interface Report {
  readonly mode: string;
  readonly recording: Readonly<Record<string, unknown>>;
  readonly loss: number;
  readonly tokens: readonly string[] | null;
  readonly layers: readonly {
    layer: number;
    direction: string;
    states: readonly { name: string; norm: number[]; flow: Flow }[];
  }[];
  readonly parameterNorms: Readonly<Record<string, number>>;
  readonly series: readonly {
    name: string;
    role: string;
    width: number;
    norm: number[];
    total: number[];
    flow: Flow | null;
  }[];
  readonly seriesMatrix?: readonly (readonly (number | null)[])[];
  readonly matrix?: readonly (readonly (number | null)[])[];
  readonly agreement: { readonly series: number; readonly difference: number; readonly agrees: boolean } | null;
  readonly notices: readonly string[];
}

/** Of PyTorch, in float64. */
const losses = JSON.parse(readFileSync(join(vectors, 'expected.json'), 'utf8')) as Record<
  string,
  Record<string, number>
>;

function recorded(name: string, step: number, tensor: string): number[] {
  const bytes = readFileSync(join(vectors, name, 'steps', `step-${String(step).padStart(6, '0')}.safetensors`));
  return Array.from(decodeSafetensors(bytes).tensors.get(tensor)?.data ?? [], Number);
}

async function inspected(line: string): Promise<Report> {
  const { status, output, errors } = await backflow(vectors, `inspect ${line} --json`);
  assert.deepEqual([status, errors], [0, '']);
  assert.equal(output.trimEnd().split('\n').length, 1);
  return JSON.parse(output) as Report;
}

/** Logarithms as JSON has them, relative to the target's own step. */
function relative({ log10, target }: Flow): (number | null)[] {
  return log10.map((value) => (value === null ? null : value - (log10[target] ?? NaN)));
}

describe('the command line, with a recording', () => {
  for (const [name, step] of [
    ['lstm', 6],
    ['lstm', 2],
    ['gru', 4],
    ['relu', 2],
  ] as const)
    it(`${name} at step ${step}: the model read again has PyTorch’s loss, states and flows`, async () => {
      const report = await inspected(`${name} --step ${step}`);
      assert.equal(report.mode, 'recording');
      assert.ok(Math.abs(report.loss - losses[name][step]) < 1e-12 * report.loss, `loss ${report.loss}`);
      assert.equal(report.agreement?.agrees, true);
      assert.deepEqual(report.notices, []);
      for (const { layer, states } of report.layers)
        for (const { name: state, norm, flow } of states) {
          const own = `rnn.l${layer}:${state}`;
          recorded(name, step, `${own}:norm`).forEach((value, t) => {
            assert.ok(Math.abs(norm[t] - value) < 1e-6 * value, `${own} norm ${t}`);
          });
          const theirs = recorded(name, step, `${own}:flow`);
          relative(flow).forEach((value, t) => {
            if (Number.isNaN(theirs[t])) assert.equal(value, null, `${own} flow ${t}`);
            else assert.ok(Math.abs((value ?? NaN) - (theirs[t] - theirs[flow.target])) < 1e-6, `${own} flow ${t}`);
          });
        }
    });

  it('has the object of the contract, with the norms on both sides of clipping', async () => {
    const report = await inspected('lstm');
    assert.deepEqual(Object.keys(report), [
      'mode',
      'recording',
      'loss',
      'tokens',
      'layers',
      'parameters',
      'output',
      'embedding',
      'regions',
      'inputs',
      'parameterNorms',
      'nonFinite',
      'underflow',
      'series',
      'agreement',
      'notices',
    ]);
    const lines = readFileSync(join(vectors, 'lstm/metrics.jsonl'), 'utf8').trimEnd().split('\n');
    const last = JSON.parse(lines[5]) as Record<string, unknown>;
    const { loss, gradientNorm, clippedNorm, scale } = last;
    assert.deepEqual(report.recording, {
      step: 6,
      steps: [2, 4, 6],
      side: 'before-clipping',
      loss,
      gradientNorm,
      clippedNorm,
      scale,
    });
    assert.equal(report.tokens?.length, 14);
    assert.ok(Object.hasOwn(report.parameterNorms, 'rnn.weight_hh_l1'));
    assert.deepEqual(
      report.series.map(({ name, total }) => [name, total]),
      report.series.map(({ name }) => [name, recorded('lstm', 6, `${name}:total`)]),
    );
  });

  it('shows what the recorder measured where the weights alone are another model, and says so', async () => {
    const report = await inspected('normed');
    assert.deepEqual(report.layers, []);
    assert.equal(report.agreement?.agrees, false);
    assert.match(
      report.notices[0],
      /^What is shown is what the recorder measured\. .* differs at step \d by .*such as a norm, dropout or a computation in half precision\.$/,
    );
    for (const { name, flow } of report.series) assert.deepEqual(flow?.log10, recorded('normed', 2, `${name}:flow`));
  });

  it('names what cannot be read again: a projection, no tokens, other targets', async () => {
    const [projected, features, attention] = [
      await inspected('projected'),
      await inspected('features'),
      await inspected('attention'),
    ];
    assert.match(projected.notices[0], /LSTM with a projection/);
    assert.match(features.notices[0], /no tokens/);
    assert.equal(features.tokens, null);
    assert.match(attention.notices[0], /not the next token at every step/);
    assert.deepEqual(
      attention.series.map(({ name, role, width }) => [name, role, width]),
      [
        ['blocks.0', 'tensor', 6],
        ['blocks.1', 'tensor', 6],
      ],
    );
    // What is not finite has no number in JSON.
    assert.equal(attention.recording['clippedNorm'], null);
  });

  it('has another target where there is a matrix, or the model', async () => {
    const { seriesMatrix, series } = await inspected('attention --target 4 --matrix');
    const matrix = recorded('attention', 4, 'blocks.0:matrix');
    const row = matrix.slice(4 * 8, 5 * 8).map((value) => (Number.isNaN(value) ? null : value));
    assert.deepEqual(series[0].flow?.log10, row);
    assert.deepEqual(seriesMatrix?.[4], row);
    assert.equal((await inspected('lstm --target 3')).layers[0].states[0].flow.target, 3);
    const { status, errors } = await backflow(vectors, 'inspect features --target 2');
    assert.deepEqual(
      [status, errors.trimEnd()],
      [1, 'backflow: The recorder traced back step 4 only, so nothing is known of step 2; leave out the target.'],
    );
  });

  it('reads another text with the recorded model', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'backflow-text-'));
    try {
      writeFileSync(join(folder, 'text.txt'), 'abc deg');
      const { output } = await backflow(vectors, 'inspect lstm --json --text', join(folder, 'text.txt'));
      const report = JSON.parse(output) as Report;
      assert.deepEqual(report.tokens, Array.from('abc de'));
      assert.deepEqual(report.series, []);
      const refused = await backflow(vectors, 'inspect gru --text', join(folder, 'text.txt'));
      assert.match(refused.errors, /^backflow: The recording in .* has no vocabulary, .*--vocab\.\n$/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('draws a step for a person, in English and in Korean', async () => {
    const english = await backflow(vectors, 'inspect lstm');
    assert.match(english.output, /^Recording of Language at step 6 \(3 recorded steps so far\)\.\n/);
    assert.match(
      english.output,
      /4 series agree with what the recorder measured, to \d\.\d·10⁻[⁰¹²³⁴-⁹]+ in log₁₀\.\n/,
    );
    assert.match(
      english.output,
      /\nNorm of the gradient over all parameters: 0\.\d+ before clipping, 0\.300 after\.\n/,
    );
    const before = process.env['LC_ALL'];
    process.env['LC_ALL'] = 'ko_KR.UTF-8';
    try {
      const korean = await backflow(vectors, 'inspect features');
      assert.match(korean.output, /^Features의 기록, 4단계 \(지금까지 2단계가 기록됨\)\.\n/);
      assert.match(korean.output, /\n기울기를 클리핑 후에 읽었습니다\.\n/);
    } finally {
      if (before === undefined) delete process.env['LC_ALL'];
      else process.env['LC_ALL'] = before;
    }
  });

  it('takes the newest step that is whole, and says what is not', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'backflow-broken-'));
    try {
      cpSync(join(vectors, 'lstm'), folder, { recursive: true });
      truncateSync(join(folder, 'steps/step-000006.safetensors'), 2000);
      const { status, output } = await backflow(folder, 'inspect . --json');
      assert.equal(status, 0);
      const report = JSON.parse(output) as Report;
      assert.equal(report.recording['step'], 4);
      assert.match(report.notices[0], /^1 step is newer and cannot be read: .*step-000006.safetensors is cut short/);
      const named = await backflow(folder, 'inspect . --step 6');
      assert.match(named.errors, /^backflow: .*step-000006.safetensors is cut short.*\n$/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('refuses what is not for it with one sentence', async () => {
    const refusals: readonly (readonly [string, number, RegExp])[] = [
      ['inspect lstm --step 5', 1, /has no step 5; it has 2, 4, 6/],
      ['inspect lstm --tensor x', 2, /--tensor is for models in graph mode/],
      ['inspect lstm --target 14', 1, /14/],
      ['sample lstm', 1, /is a recording of a training in PyTorch/],
      ['export lstm --out x.onnx', 1, /is a recording of a training in PyTorch/],
      ['inspect nothing --step 5 --text expected.json', 2, /--step is for recordings/],
      ['inspect nothing', 2, /--text/],
    ];
    for (const [line, expected, sentence] of refusals) {
      const { status, errors, output } = await backflow(vectors, line);
      assert.match(errors, sentence, line);
      assert.deepEqual([status, errors.trimEnd().split('\n').length, output], [expected, 1, ''], line);
    }
  });
});
