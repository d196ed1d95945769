import assert from 'node:assert/strict';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { connectInProcess } from '../../src/engine/inProcess';
import { encodeModel, type ModelProto } from '../../src/formats/onnx/messages';
import { decodeOnnx } from '../../src/formats/onnx/onnxFile';
import { RpcError } from '../../src/protocol/rpc';
import { defaultThresholds } from '../../src/protocol/settings';
import { assertNear } from '../reference/compare';
import { removeFolder } from '../support/removeFolder';
import { backflow } from './support/commandLine';

const models = resolve('test/vectors/data/graphModels');
const symbols = Array.from('abcdefghijkl');

interface GraphJson {
  mode: string;
  loss: number | null;
  tokens: string[];
  layers: unknown[];
  series: {
    name: string;
    role: string;
    width: number;
    norm: number[];
    total: number[] | null;
    flow: { target: number; log10: (number | null)[]; horizon: number | null } | null;
  }[];
  seriesMatrix?: (number | null)[][];
  tensors: string[];
  notices: string[];
}

interface Expected {
  ids: number[];
  loss: number;
}

describe('a model in graph mode', () => {
  let folder: string;

  async function expected(name: string): Promise<{ loss: number; text: string }> {
    const { ids, loss } = JSON.parse(await readFile(join(models, `${name}.json`), 'utf8')) as Expected;
    return { loss, text: ids.map((id) => symbols[id]).join('') };
  }

  async function inspect(file: string, text: string, ...options: string[]): Promise<GraphJson> {
    await writeFile(join(folder, 'text.txt'), text);
    const { status, output, errors } = await backflow(
      folder,
      'inspect',
      file,
      '--text',
      'text.txt',
      '--vocab',
      'symbols.json',
      '--json',
      ...options,
    );
    assert.deepEqual([status, errors], [0, '']);
    return JSON.parse(output) as GraphJson;
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'backflow-graph-'));
    await writeFile(join(folder, 'symbols.json'), JSON.stringify(symbols));
  });
  after(() => removeFolder(folder));

  it('prints the object of the contract', async () => {
    const { loss, text } = await expected('gpt');
    const report = await inspect(join(models, 'gpt.onnx'), text, '--matrix', '--target', '5');
    assert.equal(report.mode, 'graph');
    assert.ok(Math.abs((report.loss ?? 0) - loss) < 1e-9 * loss);
    assert.deepEqual(report.tokens, Array.from(text).slice(0, -1));
    assert.deepEqual(report.layers, []);
    const T = text.length - 1;
    for (const { norm, total, flow } of report.series) {
      assert.deepEqual([norm.length, total?.length, flow?.log10.length], [T, T, T]);
      flow?.log10.slice(6).forEach((value) => {
        assert.equal(value, null);
      });
    }
    assert.deepEqual(
      report.series.map(({ role }) => role),
      ['embedding', 'residual', 'residual', 'residual', 'residual', 'residual'],
    );
    const row = report.seriesMatrix?.[5] ?? [];
    const flow = report.series[0].flow?.log10 ?? [];
    assert.equal(row.length, flow.length);
    // Several targets go back together, and products of several rows are summed in another order.
    row.forEach((value, t) => {
      if (value === null || flow[t] === null) assert.equal(value, flow[t]);
      else assertNear(value, flow[t], 1e-12, `the matrix at ${t}`, true);
    });
    assert.ok(report.tensors.length > report.series.length);
    assert.match(report.notices[0], /graph mode/i);
  });

  it('shows the tensors that are asked for, and says which there are where one is not', async () => {
    const { text } = await expected('lstm-step');
    const file = join(models, 'lstm-step.onnx');
    const { tensors } = await inspect(file, text);
    const { series } = await inspect(file, text, '--tensor', tensors[1], tensors[2]);
    assert.deepEqual(
      series.map(({ name }) => name),
      tensors.slice(1, 3),
    );
    const refused = await backflow(
      folder,
      'inspect',
      file,
      '--text',
      'text.txt',
      '--vocab',
      'symbols.json',
      '--tensor',
      'h_t',
    );
    assert.equal(refused.status, 1);
    assert.match(refused.errors, /“h_t”/);
    assert.ok(refused.errors.includes(tensors[0]));
  });

  it('says which steps are ignored', async () => {
    const { text } = await expected('lstm-cells');
    const report = await inspect(join(models, 'lstm-cells.onnx'), `${text}abc`);
    assert.equal(report.tokens.length, 9);
    assert.ok(report.notices.some((notice) => /steps 9 to 11 are ignored/.test(notice)));
  });

  it('is drawn for a person', async () => {
    const { text } = await expected('lstm-step');
    await writeFile(join(folder, 'text.txt'), text);
    const { status, output } = await backflow(
      folder,
      'inspect',
      join(models, 'lstm-step.onnx'),
      '--text',
      'text.txt',
      '--vocab',
      'symbols.json',
      '--matrix',
    );
    assert.equal(status, 0);
    assert.match(output, /h_out/);
    assert.match(output, /one token a call/);
    assert.match(output, /is a state, 6 units/);
  });

  it('shows what can be computed where a node is not known, and names it', async () => {
    const { text } = await expected('gpt');
    const model = decodeOnnx(await readFile(join(models, 'gpt.onnx')), 'gpt.onnx');
    const softmaxes = model.graph.node.filter(({ opType }) => opType === 'Softmax');
    softmaxes[1].opType = 'Sharpmax';
    softmaxes[1].name = 'second attention';
    const file = join(folder, 'unknown.onnx');
    await writeFile(file, encodeModel(model));
    const report = await inspect(file, text);
    assert.equal(report.loss, null);
    assert.ok(report.notices.some((notice) => notice.includes('second attention') && notice.includes('Sharpmax')));
    assert.ok(report.series.length > 0);
    for (const { norm, total, flow } of report.series) {
      assert.ok(norm.every((value) => value > 0));
      assert.deepEqual([total, flow], [null, null]);
    }
  });

  it('generates text, the same with the same seed', async () => {
    const generated = () =>
      backflow(folder, 'sample', join(models, 'gpt.onnx'), '--vocab', 'symbols.json', '--length', '9', '--json');
    const [first, again] = [await generated(), await generated()];
    assert.deepEqual([first.status, first.errors], [0, '']);
    assert.equal(again.output, first.output);
    const { text, notices } = JSON.parse(first.output) as { text: string; notices?: string[] };
    assert.equal(Array.from(text).length, 9);
    assert.equal(notices, undefined);
  });

  it('refuses what needs a stack, with the reason, and a graph without scores', async () => {
    await writeFile(join(folder, 'long.txt'), 'abcd'.repeat(500));
    for (const [command, ...args] of [
      ['export', join(models, 'gpt.onnx'), '--out', 'exported.onnx'],
      ['train', 'long.txt', '--from', join(models, 'gpt.onnx'), '--out', 'run'],
    ]) {
      const { status, errors } = await backflow(folder, command, ...args, '--vocab', 'symbols.json');
      assert.equal(status, 1);
      assert.match(errors, /^backflow: This needs a stack of RNN, LSTM or GRU layers, and the model is none: .*\n$/);
    }
    const model = decodeOnnx(await readFile(join(models, 'gpt.onnx')), 'gpt.onnx');
    const file = join(folder, 'headless.onnx');
    await writeFile(file, encodeModel(withoutText(model)));
    await writeFile(join(folder, 'text.txt'), 'abcd');
    const refused = await backflow(folder, 'inspect', file, '--text', 'text.txt', '--vocab', 'symbols.json');
    assert.equal(refused.status, 1);
    assert.equal(refused.errors.trimEnd().split('\n').length, 1);
  });

  it('can be canceled, answers for a token, and is examined without a text', async () => {
    const { text } = await expected('gpt');
    const connection = connectInProcess();
    const { engine } = connection;
    try {
      const path = join(models, 'gpt.onnx');
      const { graph, refusal } = await engine.call('examine', { path, architecture: { activation: null } });
      assert.ok(graph && refusal);
      const opened = await engine.call('open', {
        path,
        vocabulary: join(folder, 'symbols.json'),
        text,
        architecture: { activation: null },
        allowsGraph: true,
        backend: 'wasm',
        threads: null,
      });
      assert.ok(opened.model.mode === 'graph');
      assert.deepEqual(opened.model.defaultSeries, graph.defaultSeries);
      const request = { text, target: 'last', thresholds: defaultThresholds, series: null } as const;
      // An answer may be on its way when it is canceled: of many calls one is not.
      let codes: (string | null)[] = [];
      while (codes.length < 200 && !codes.includes('canceled')) {
        const controller = new AbortController();
        const whole = { ...request, target: codes.length % 12, total: true, matrix: true };
        const calls = Array.from({ length: 8 }, () => engine.call('inspectGraph', whole, controller.signal));
        controller.abort();
        const outcomes = await Promise.allSettled(calls);
        codes = [
          ...codes,
          ...outcomes.map((one) => (one.status === 'rejected' ? (one.reason as RpcError).code : null)),
        ];
      }
      assert.ok(codes.includes('canceled') && codes.every((code) => code === null || code === 'canceled'));
      const report = await engine.call('inspectGraph', { ...request, total: false, matrix: false });
      const [first, token] = await engine.call('describeGraph', { ...request, tokens: [0, 4] });
      assert.deepEqual([first.loss, first.contributions], [null, null]);
      assert.ok(Math.abs((token.loss ?? 0) - (report.losses?.[3] ?? NaN)) < 1e-12);
      assert.equal(token.series[0].norm, report.series[0].norm[4]);
      assert.ok(token.predictions[0].probability >= token.predictions[1].probability);
      assert.equal(token.contributions?.length, 4);
      await assert.rejects(
        engine.call('inspect', { text, target: 'last', thresholds: defaultThresholds, matrix: false }),
        (error) => error instanceof RpcError && error.code === 'user',
      );
    } finally {
      await connection.close();
    }
  });
});

/** The scores are those of constants: nothing that is given out changes with the text. */
function withoutText(model: ModelProto): ModelProto {
  const [output] = model.graph.output;
  const [table] = model.graph.initializer.filter(({ dims }) => dims.length === 2);
  return {
    ...model,
    graph: {
      ...model.graph,
      node: [
        ...model.graph.node.filter(({ output: given }) => !given.includes(output.name)),
        { opType: 'Identity', input: [table.name ?? ''], output: [output.name], name: 'constant scores' },
      ],
    },
  };
}
