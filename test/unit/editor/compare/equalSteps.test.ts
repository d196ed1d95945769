/** Runs that train side by side are shown at equal steps, however fast each is. */
import { strict as assert } from 'node:assert';
import { framesToShow, KeptFrames, type PacedRun } from '../../../../src/editor/compare/equalSteps';
import type { Frame } from '../../../../src/protocol/frame';
import { isCommonStep } from '../../../../src/terms/commonSteps';
import type { SpectrumSample } from '../../../../src/protocol/overTraining';
import { syntheticFrame } from '../../../webview/synthetic';

const frameAt = (trainingStep: number, target = 9): Frame =>
  syntheticFrame({ slopes: [-0.1], tokens: 10, target, hiddenSize: 2, trainingStep });

function withSpectrum(frame: Frame, step: number): Frame {
  const spectrum: SpectrumSample = { step, exponent: -step, radius: null, norm: null, saturated: null };
  return { ...frame, header: { ...frame.header, spectrum } };
}

function run(steps: readonly number[], others: Partial<PacedRun> = {}): PacedRun {
  const frames = new KeptFrames();
  for (const step of steps) frames.accept(frameAt(step));
  return { frames, hasTrained: true, hasEnded: false, ...others };
}

const shown = (...runs: PacedRun[]) => framesToShow(runs).map((frame) => frame?.header.trainingStep ?? null);

describe('the steps at which compared runs are looked at', () => {
  it('are sixteen in every doubling, so that a quick run meets those of a slow one', () => {
    for (const from of [32, 64, 1024, 65_536]) {
      const steps = Array.from({ length: from }, (_, i) => from + i).filter(isCommonStep);
      assert.equal(steps.length, 16);
    }
    assert.ok([0, 1, 2, 31, 32, 34, 128, 136].every(isCommonStep));
    assert.ok(![33, 66, 132, 188].some(isCommonStep));
  });
});

describe('what of compared runs is shown', () => {
  it('is the last step that all have come to; newer figures of the quicker ones wait', () => {
    const runs = [run([16, 20, 24, 28]), run([16, 20]), run([16, 20, 24])];
    assert.deepEqual(shown(...runs), [20, 20, 20]);
    runs[1].frames.accept(frameAt(24));
    assert.deepEqual(shown(...runs), [24, 24, 24]);
    assert.deepEqual(runs[0].frames.steps, [24, 28], 'what will not be shown any more is forgotten');
  });

  it('is the newest of each while there is no such step, as after a change of the target', () => {
    const runs = [run([16, 20]), run([16, 20])];
    runs[0].frames.accept(frameAt(23, 5));
    runs[1].frames.accept(frameAt(21, 5));
    assert.deepEqual(shown(...runs), [23, 21]);
    runs[1].frames.accept(frameAt(23, 5));
    assert.deepEqual(shown(...runs), [23, 23]);
  });

  it('of a model that is not trained is what there is, whatever the others do', () => {
    assert.deepEqual(
      shown(run([2000], { hasTrained: false, hasEnded: true }), run([16, 20]), run([16])),
      [2000, 16, 16],
    );
  });

  it('of a run that has finished first waits too, but not of one that ended before the others were seen', () => {
    assert.deepEqual(shown(run([16, 20, 2000], { hasEnded: true }), run([16, 20])), [20, 20]);
    assert.deepEqual(shown(run([3], { hasEnded: true }), run([16, 20]), run([20])), [3, 20, 20]);
    const all = [16, 2000];
    assert.deepEqual(shown(run(all, { hasEnded: true }), run(all, { hasEnded: true })), [2000, 2000]);
  });

  it('of a run that went back to a checkpoint forgets what came after', () => {
    const back = run([16, 20, 24]);
    back.frames.accept(frameAt(16));
    assert.deepEqual(back.frames.steps, [16]);
  });

  it('keeps spectra that came with frames that are not shown, of one text, and none from after a step that the run went back to', () => {
    const frames = new KeptFrames();
    const stepsOfSpectra = () => frames.spectra.map(({ step }) => step);
    frames.accept(withSpectrum(frameAt(18), 16));
    frames.accept(frameAt(20));
    const before = frames.spectra;
    frames.accept(frameAt(22, 5));
    assert.equal(frames.spectra, before, 'of another target they are the same');
    frames.accept(withSpectrum(frameAt(26), 24));
    assert.equal(frames.take(26)?.header.trainingStep, 26);
    assert.deepEqual(stepsOfSpectra(), [16, 24]);
    frames.accept(frameAt(16));
    assert.deepEqual(stepsOfSpectra(), [16]);
    frames.accept(syntheticFrame({ slopes: [-0.1], tokens: 12, hiddenSize: 2, trainingStep: 18 }));
    assert.deepEqual(stepsOfSpectra(), []);
  });

  it('is nothing where nothing has come', () => {
    assert.deepEqual(shown(run([]), run([16])), [null, 16]);
  });
});
