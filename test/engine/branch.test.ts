/** A run that is branched off from a checkpoint of another: the same bits where nothing is changed, and what is changed where something is. */
import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RpcError } from '../../src/protocol/rpc';
import type { BranchRequest } from '../../src/protocol/engine';
import type { RunDescription } from '../../src/protocol/run';
import type { TrainingSettings } from '../../src/protocol/settings';
import { requestFor, startEngine, temporaryFolder } from './support/engineProcess';

const text = 'the quick brown fox jumps over the lazy dog. pack my box with five dozen liquor jugs. '.repeat(20);
const training: Partial<TrainingSettings> = { steps: 8, checkpointEvery: 4, keptCheckpoints: 9, validateEvery: 1000 };

describe('a branch of a run', () => {
  const folder = temporaryFolder();
  const origin = join(folder.path, 'origin');
  let originFiles: readonly string[];
  let branches = 0;
  const everything = (path: string) => (readdirSync(path, { recursive: true }) as string[]).sort();
  const bytesAt = (run: string, step: number, ending: string) =>
    readFileSync(join(run, 'checkpoints', `step-${step}.${ending}`));

  /** Runs it to its end. */
  async function branch(
    change: Partial<BranchRequest>,
  ): Promise<{ readonly description: RunDescription; readonly steps: readonly number[] }> {
    const engine = startEngine();
    try {
      const steps: number[] = [];
      engine.calls.on('progress', ({ rows }) => {
        for (let row = 0; row < rows.length; row += 7) steps.push(rows[row]);
      });
      const finished = engine.next('finished');
      const description = await engine.calls.call('branchRun', {
        ...{ run: origin, step: 4, training: {}, weights: null, fresh: null },
        folder: join(folder.path, `branch-${++branches}`),
        ...change,
      });
      await finished;
      return { description, steps };
    } finally {
      engine.child.kill('SIGKILL');
      await engine.exited;
    }
  }

  before(async () => {
    const engine = startEngine();
    const finished = engine.next('finished');
    await engine.calls.call('train', requestFor(text, origin, training, { cell: 'rnn' }));
    await finished;
    engine.child.kill('SIGKILL');
    await engine.exited;
    originFiles = everything(origin);
  });
  after(() => folder.remove());
  afterEach(() => {
    assert.deepEqual(everything(origin), originFiles, 'the other run is only read');
  });

  it('goes on with the same bits where nothing is changed', async () => {
    const { description, steps } = await branch({});
    assert.deepEqual(steps, [5, 6, 7, 8]);
    assert.equal(description.name, 'branch-1');
    for (const ending of ['onnx', 'safetensors'])
      assert.deepEqual(bytesAt(description.folder, 8, ending), bytesAt(origin, 8, ending), ending);
    const { training: written } = JSON.parse(readFileSync(join(description.folder, 'run.json'), 'utf8')) as {
      training: TrainingSettings;
    };
    assert.deepEqual(written, description.training);
  });

  for (const [name, change] of Object.entries({
    'Pascanu’s regularizer': { training: { omega: 1 } },
    flossing: { training: { flossing: 0.1, flossingEvery: 1 } },
    'a cap of the spectral radius': { training: { radiusCap: 0.2 } },
    'an orthogonal restart': { weights: 'restartR' },
    'another window': { training: { window: 32 } },
  } satisfies Readonly<Record<string, Partial<BranchRequest>>>))
    it(`goes on from the same step with ${name}, and learns something else`, async () => {
      const { description, steps } = await branch(change);
      assert.deepEqual(steps, [5, 6, 7, 8]);
      assert.notDeepEqual(bytesAt(description.folder, 8, 'onnx'), bytesAt(origin, 8, 'onnx'));
      for (const [setting, value] of Object.entries('training' in change ? change.training : {}))
        assert.equal(description.training[setting as keyof TrainingSettings], value);
    });

  it('begins anew from the same seed where layers get something around them', async () => {
    const around = { embeddingSize: 16, norm: null, residual: null } as const;
    const plain = await branch({ fresh: around });
    const normed = await branch({ fresh: { ...around, norm: 'layerNorm' } });
    for (const { steps, description } of [plain, normed]) {
      assert.deepEqual(steps, [1, 2, 3, 4, 5, 6, 7, 8]);
      assert.equal(description.model.embeddingSize, 16);
    }
    const { model } = normed.description;
    assert.ok('norm' in model && model.norm === 'layerNorm');
    assert.equal(model.parameterCount - plain.description.model.parameterCount, 2 * 16);
  });

  it('refuses, before anything is written, a checkpoint that is gone and a change that changes nothing', async () => {
    const before = everything(folder.path);
    await assert.rejects(branch({ step: 3 }), /has no checkpoint of step 3/);
    await assert.rejects(branch({ weights: 'raiseForgetBias' }), /No layer of this model has what/);
    await assert.rejects(branch({ training: { window: 100_000 } }), /too short|window/);
    await assert.rejects(branch({ training: { dropout: 0.2 } }), /has only one\. Choose at least 2 layers/);
    assert.deepEqual(everything(folder.path), before);
  });

  it('says of a checkpoint that is broken which file it is; of the newest it takes the one before', async () => {
    const run = join(folder.path, 'broken');
    cpSync(origin, run, { recursive: true });
    const state = join(run, 'checkpoints', 'step-8.safetensors');
    writeFileSync(state, readFileSync(state).subarray(0, 100));
    await assert.rejects(
      branch({ run, step: 8 }),
      (thrown) =>
        thrown instanceof RpcError &&
        thrown.sentence.args.some((arg) => typeof arg === 'string' && arg.endsWith('step-8.safetensors')),
    );
    const { steps } = await branch({ run, step: null });
    assert.equal(steps[0], 5);
  });
});
