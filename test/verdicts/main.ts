/** npm run verdicts: trains the models of the trial, labels them, and counts what is said of which. See scripts/verdicts.mjs. */
import { writeFileSync } from 'node:fs';
import { setEnglishSource } from '../../src/messages';
import english from '../../l10n/bundle.l10n.json';
import { makeFrame } from '../../src/engine/inspect/frame';
import { Playground } from '../../src/engine/inspect/playground';
import { makeReport } from '../../src/engine/inspect/report';
import { makeTargetMatrix } from '../../src/engine/inspect/targetMatrix';
import { kindOf, unitMapNamesOf } from '../../src/layers/catalog';
import type { Frame } from '../../src/protocol/frame';
import { defaultPlayground } from '../../src/protocol/playground';
import { defaultThresholds, layersOf } from '../../src/protocol/settings';
import { lanesOf } from '../../webview/sections/overTraining/lanes';
import { made, trained, type Ailment, type TrainedCase } from './cases';
import { saidOfComparison, type ComparedModel } from './compared';
import { examine, labelOf, type Findings } from './labels';
import { moreOf, probeOf } from './probes';
import { saidInTerminal } from './inTerminal';
import { saidOfFrame, saidOfHistory, saidOfMatrix, saidOfUnits, type Said } from './said';
import { textNamed } from './texts';
import { train, watchOf, type TrainedModel } from './train';

setEnglishSource(() => english);

export interface Judged {
  readonly name: string;
  readonly isHealthy: boolean;
  readonly ailments: readonly Ailment[];
  readonly why: string;
  readonly said: readonly Said[];
}

const pause = () => Promise.resolve();
const otherText = 400;

async function sayAll(trial: TrainedCase, model: TrainedModel): Promise<{ said: Said[]; last: Frame | null }> {
  const { inspector, run, summary, history } = model;
  const source = textNamed(trial.text);
  const probe = probeOf(source);
  const said: Said[] = saidOfHistory(history, defaultThresholds.vanishing);
  let last: Frame | null = null;
  const stack = layersOf(run.model);
  const top = stack.length - 1;
  for (const target of probe.targets) {
    const withHeads = kindOf(stack[0].cell).unitMaps.length === 0 || stack[0].cell === 'attention';
    const watch = { ...watchOf(run.model, probe.text, target), ...(withHeads && { head: { layer: 0, head: 0 } }) };
    last = await makeFrame(inspector, watch, 1, summary.step);
    said.push(...saidOfFrame(last));
    const report = await makeReport(
      inspector,
      { text: probe.text, target, thresholds: defaultThresholds, matrix: false },
      pause,
    );
    said.push(...saidInTerminal(report));
  }
  const { cell, activation } = stack[top];
  for (const quantity of unitMapNamesOf(cell)) {
    const watch = {
      ...watchOf(run.model, probe.text, 'last'),
      unitMap: { layer: top, direction: 'forward', quantity } as const,
    };
    const frame = await makeFrame(inspector, watch, 1, summary.step);
    const more = await makeFrame(inspector, { ...watch, text: moreOf(source, otherText) }, 1, summary.step).catch(
      () => null,
    );
    const isDead = (unit: number) => {
      if (!more) return true;
      const { units, offset } = more.header.unitMap;
      return more.header.tokens.every((_, t) => more.data[offset + t * units + unit] === 0);
    };
    said.push(...saidOfUnits(frame, activation, isDead));
  }
  said.push(
    ...saidOfMatrix(await makeTargetMatrix(inspector, probe.text, summary.step, pause), defaultThresholds.vanishing),
  );
  return { said, last };
}

async function judgeTrained(cases: readonly TrainedCase[]): Promise<Judged[]> {
  const found: { trial: TrainedCase; findings: Findings; said: Said[]; steps: number }[] = [];
  const frames = new Map<string, ComparedModel>();
  for (const trial of cases) {
    const probe = probeOf(textNamed(trial.text));
    const began = performance.now();
    const model = await train(trial, probe.text, (settings) => lanesOf(settings).lanes[0]);
    const t1 = performance.now();
    const { said, last } = await sayAll(trial, model);
    const t2 = performance.now();
    const findings = examine(trial, model);
    process.stderr.write(`${(t1 - began).toFixed(0)} ${(t2 - t1).toFixed(0)} ${(performance.now() - t2).toFixed(0)}\n`);
    if (last) frames.set(trial.name, { run: model.run, frame: last });
    found.push({ trial, findings, said, steps: model.run.training.steps ?? 0 });
    process.stderr.write(`${trial.name}: ${((performance.now() - began) / 1000).toFixed(1)} s\n`);
  }
  const judged = found.map(({ trial, findings, said, steps }): Judged => {
    const group = found.filter((each) => each.trial.text === trial.text && each.steps === steps);
    const best = Math.min(...group.map((each) => each.findings.loss).filter((loss) => !Number.isNaN(loss)));
    const { isHealthy, ailments, hasLearned, needed } = labelOf(trial, findings, best);
    const why = `loss ${findings.loss.toFixed(2)}${hasLearned ? ', has learned' : ''}, gradient at lag ${textNamed(trial.text).needs} ${needed.toExponential(0)}`;
    return { name: trial.name, isHealthy, ailments, why, said };
  });
  for (const names of compared) {
    const models = names.flatMap((name) => frames.get(name) ?? []);
    if (models.length < 2) continue;
    judged.push({
      name: `compared: ${names.join(' | ')}`,
      isHealthy: false,
      ailments: [],
      why: 'a comparison',
      said: saidOfComparison(models),
    });
  }
  return judged;
}

const compared = [
  ['rnn, prose', 'lstm, prose', 'gru, prose'],
  ['lstm, prose', 'attention, prose'],
  ['minGRU, prose', 'mamba, prose', 'attention, prose'],
  ['minGRU, prose', 'minLSTM, prose'],
  ['rnn, recall 20', 'lstm, recall 20', 'gru, recall 20'],
  ['minGRU, recall 20', 'minLSTM, recall 20', 'mamba, recall 20'],
  ['lstm, recall 20', 'attention, recall 20'],
  ['rnn, prose', 'lstm, a weight is not a number'],
];

async function judgeMade(): Promise<Judged[]> {
  const playground = new Playground();
  const judged: Judged[] = [];
  for (const { name, cell, values, layers = 1, length = 64, residual, ailment, because } of made) {
    const settings = { ...defaultPlayground, cell, values, layers, length, residual: residual ?? null };
    const { frame } = await playground.run(settings, defaultThresholds);
    judged.push({
      name,
      isHealthy: ailment === null,
      ailments: ailment === null ? [] : [ailment],
      why: because,
      said: saidOfFrame(frame),
    });
  }
  return judged;
}

async function main([out, only]: readonly string[]): Promise<void> {
  const cases = trained.filter(({ name }) => only === undefined || name.includes(only));
  const judged = [...(only === undefined ? await judgeMade() : []), ...(await judgeTrained(cases))];
  writeFileSync(out, JSON.stringify(judged, null, 1));
}

void main(process.argv.slice(2));
