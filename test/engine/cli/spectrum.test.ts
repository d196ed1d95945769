/** `inspect --spectrum`: the object of the contract, in words, and where there is none. */
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { assertNear } from '../../reference/compare';
import { backflow } from '../support/commandLine';
import { HelloFolder } from '../support/helloFolder';

interface Part {
  lyapunov: (number | null)[];
  jacobian: number[][];
}
interface Report {
  tokens: string[];
  notices: string[];
  spectrum:
    (Part & { spectralRadius: Record<string, number>; spectralNorm: Record<string, number>; backward?: Part }) | null;
}

const sampledNotice =
  'These exponents follow 2 random directions, where 130 would be all: on a short text they can be far off. With K = 130 all are followed.';

describe('inspect --spectrum', () => {
  let hello: HelloFolder;
  let folder: string;

  before(async () => {
    hello = await HelloFolder.shared();
    folder = hello.path;
  });

  const train = async (options: string) => {
    const { errors } = await backflow(
      folder,
      `train hello.txt --window 8 --batch 2 --steps 1 --out spectral ${options}`,
    );
    assert.equal(errors, '');
  };
  const spectrumOf = async (count: number) => {
    const { output, errors } = await backflow(folder, `inspect spectral --text probe.txt --spectrum ${count} --json`);
    assert.equal(errors, '');
    return JSON.parse(output) as Report;
  };

  afterEach(() => rm(join(folder, 'spectral'), { recursive: true, force: true }));

  it('orthogonal R times 0.5 of a relu RNN: radius and norm are 0.5, and no step’s singular value is larger', async () => {
    await train(
      '--cell rnn --hidden 6 --activation relu --init orthogonal --gain 0.5 --optimizer sgd --learning-rate 1e-12',
    );
    const { spectrum, tokens, notices } = await spectrumOf(3);
    assert.ok(spectrum);
    assert.deepEqual(notices, []);
    assert.deepEqual(Object.keys(spectrum), ['lyapunov', 'jacobian', 'spectralRadius', 'spectralNorm', 'horizonCause']);
    assertNear(spectrum.spectralRadius['rnn.weight_hh_l0'], 0.5, 1e-6, 'radius');
    assertNear(spectrum.spectralNorm['rnn.weight_hh_l0'], 0.5, 1e-6, 'norm');
    assert.equal(spectrum.lyapunov.length, 3);
    assert.equal(spectrum.jacobian.length, tokens.length);
    for (const values of spectrum.jacobian) {
      assert.equal(values.length, 3);
      for (const value of values) assert.ok(value <= 0.5 + 1e-6, `${value}`);
    }
    for (const value of spectrum.lyapunov) assert.ok(value === null || value <= Math.log(0.5) + 1e-6, `${value}`);
  });

  it('has h and c of an LSTM, each gate’s block, both directions, and no more values than the state has', async () => {
    await train('--cell lstm --hidden 4 --layers 2 --bidirectional');
    const { spectrum, tokens } = await spectrumOf(1000);
    assert.ok(spectrum?.backward);
    for (const { lyapunov, jacobian } of [spectrum, spectrum.backward]) {
      assert.equal(lyapunov.length, 16);
      assert.deepEqual(
        jacobian.map(({ length }) => length),
        tokens.map(() => 16),
      );
      assert.deepEqual(
        lyapunov,
        lyapunov.toSorted((a, b) => (b ?? -Infinity) - (a ?? -Infinity)),
      );
    }
    assert.equal(Object.keys(spectrum.spectralRadius).length, 2 * 2 * 4);
    assert.deepEqual(Object.keys(spectrum.spectralNorm), Object.keys(spectrum.spectralRadius));
    for (const [name, radius] of Object.entries(spectrum.spectralRadius))
      assert.ok(radius <= spectrum.spectralNorm[name] * (1 + 1e-9), name);
  });

  for (const [layers, size] of [
    ['minGRU:5,minLSTM:4', 9],
    ['gru:4,mamba:4', 4 + 8 * 16],
  ] as const)
    it(`of ${layers}`, async () => {
      await train(`--layers ${layers}`);
      const { spectrum } = await spectrumOf(1000);
      assert.equal(spectrum?.lyapunov.length, size);
    });

  it('says what explains the horizon: of minGRU the decay it has chosen, with the horizon that the flow has', async () => {
    await train('--layers minGRU:5');
    const run = (options: string) => backflow(folder, `inspect spectral --text probe.txt --spectrum 2 ${options}`);
    const { layers, spectrum } = JSON.parse((await run('--json')).output) as {
      layers: { states: { flow: { horizon: number; log10: number[]; target: number } }[] }[];
      spectrum: { horizonCause: Record<string, number | string> };
    };
    const { horizon, log10, target } = layers[0].states[0].flow;
    const { cause, layer, horizon: explained, share, log10: left, log10Alone } = spectrum.horizonCause;
    assert.deepEqual([cause, layer, explained], ['decay', 0, horizon]);
    assertNear(Number(share), 1, 1e-9, 'share');
    assertNear(Number(left), log10[target - horizon] - log10[target], 1e-6, 'left', true);
    assertNear(Number(log10Alone), Number(left), 1e-9, 'left by it alone', true);
    assert.match((await run('')).output, /The horizon of layer 1, \d+ tokens, comes from a chosen decay: /);
  });

  it('says where exponents follow some directions only, and where they follow all', async () => {
    await train('--cell rnn --hidden 130');
    for (const [count, isSaid] of [
      [2, true],
      [130, false],
    ] as const) {
      const { notices } = await spectrumOf(count);
      assert.equal(notices.includes(sampledNotice), isSaid, `${count}: ${notices.join(' ')}`);
    }
  });

  it('says in one sentence that attention has none', async () => {
    await train('--layers lstm:8,attention:8 --context 64');
    const { spectrum, notices } = await spectrumOf(2);
    assert.equal(spectrum, null);
    assert.match(notices.at(-1) ?? '', /carries no state from step to step: there is no Jacobian/);
  });

  it('in words, in English and Korean', async () => {
    const english = await backflow(folder, 'inspect hello --text probe.txt --spectrum 2');
    assert.match(english.output, /Carried state of \d+ numbers: exponents \S+, \S+ nats per token\./);
    assert.match(english.output, /Singular values of a step’s Jacobian: largest /);
    assert.match(english.output, /weight_hh_l0\S*: spectral radius \S+, norm \S+/);
    const language = process.env['LC_ALL'];
    process.env['LC_ALL'] = 'ko_KR.UTF-8';
    const korean = await backflow(folder, 'inspect hello --text probe.txt --spectrum 2').finally(() => {
      if (language === undefined) delete process.env['LC_ALL'];
      else process.env['LC_ALL'] = language;
    });
    assert.match(korean.output, /넘기는 상태\(숫자 \d+개\): 지수 /);
    assert.match(korean.output, /스펙트럼 반지름/);
  });

  it('refuses a K that is none', async () => {
    for (const count of ['0', '1.5', 'many', '-1'])
      await hello.refuses(2, /--spectrum/, `inspect hello --text probe.txt --spectrum ${count}`);
  });
});
