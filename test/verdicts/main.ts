/**
 * npm run verdicts: trains the models of the trial, labels them, and counts what is said of which. See scripts/verdicts.mjs, which starts this several times:
 *   main.js part I N FILE [NAME]  makes every Nth model from the Ith on, of those with NAME in theirs, and keeps in FILE what is said of it
 *   main.js page FOLDER FILE …    writes tables.md and said.json into a folder from what was kept
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
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
import { made, trained, type TrainedCase } from './cases';
import { saidOfComparison, type ComparedModel } from './compared';
import { examine, labelOf } from './labels';
import { pageOf, withinNeed, type Judged } from './page';
import { moreOf, probeOf } from './probes';
import { saidInTerminal } from './inTerminal';
import { saidOfFrame, saidOfHistory, saidOfMatrix, saidOfUnits, type Said } from './said';
import { textNamed } from './texts';
import { train, watchOf, type TrainedModel } from './train';

setEnglishSource(() => english);

const pause = () => Promise.resolve();
const otherText = 400;
/** The lag of the formulas in cases.ts. */
const needOfMade = 20;

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
    said.push(...saidOfFrame(last), ...saidWithinNeed(last, source.needs));
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

/** No sentence, but what “falls below a thousandth after N tokens” is read as, of what the lowest layer reads. */
function saidWithinNeed({ header }: Frame, needs: number): Said[] {
  const [lowest] = header.inputs ?? [];
  const falls = lowest.horizon !== null && !lowest.level && lowest.horizon <= needs;
  return falls ? [{ key: withinNeed, text: `after ${lowest.horizon} of ${needs} tokens`, doubt: null }] : [];
}

/** What one process hands to the one that writes the page. */
interface Part {
  readonly judged: readonly Judged[];
  /** By the model's name: its last frame, of those that are compared. */
  readonly frames: ReadonlyMap<string, ComparedModel>;
}

async function judgeTrained(cases: readonly TrainedCase[]): Promise<Part> {
  const judged: Judged[] = [];
  const frames = new Map<string, ComparedModel>();
  for (const trial of cases) {
    const { needs } = textNamed(trial.text);
    const began = performance.now();
    const model = await train(trial, probeOf(textNamed(trial.text)).text, (settings) => lanesOf(settings).lanes[0]);
    const { said, last } = await sayAll(trial, model);
    const findings = examine(trial, model);
    const { isHealthy, ailments, hasLearned, needed } = labelOf(trial, findings);
    const size = Number.isNaN(needed) ? 'not known' : needed.toExponential(0);
    const why = `loss ${findings.loss.toPrecision(3)}${hasLearned ? ', has learned' : ''}; gradient at lag ${needs}: ${size}`;
    judged.push({ name: trial.name, isHealthy, ailments, why, said });
    if (last && compared.flat().includes(trial.name)) frames.set(trial.name, { run: model.run, frame: last });
    process.stdout.write(`${trial.name}: ${((performance.now() - began) / 1000).toFixed(0)} s\n`);
  }
  return { judged, frames };
}

/** What is said of models beside each other, of those of which there are frames. */
function judgeComparisons(frames: ReadonlyMap<string, ComparedModel>): Judged[] {
  return compared.flatMap((names): Judged[] => {
    const models = names.flatMap((name) => frames.get(name) ?? []);
    if (models.length < names.length) return [];
    const said = saidOfComparison(models);
    return [{ name: names.join(' | '), isHealthy: false, ailments: [], why: 'compared', said }];
  });
}

const compared = [
  ['rnn, prose', 'lstm, prose', 'gru, prose'],
  ['lstm, prose', 'attention, prose'],
  ['minGRU, prose', 'mamba, prose', 'attention, prose'],
  ['minGRU, prose', 'minLSTM, prose'],
  ['rnn, recall 10', 'lstm, recall 10', 'gru, recall 10'],
  ['minGRU, recall 10', 'minLSTM, recall 10', 'mamba, recall 10'],
  ['lstm, recall 10', 'attention, recall 10'],
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
      said: [...saidOfFrame(frame), ...saidWithinNeed(frame, needOfMade)],
    });
  }
  return judged;
}

async function main([what, ...args]: readonly string[]): Promise<void> {
  if (what === 'part') {
    const [index, count, file, name = ''] = args;
    const isOwn = (_: unknown, i: number) => i % Number(count) === Number(index);
    const { judged, frames } = await judgeTrained(trained.filter((trial) => trial.name.includes(name)).filter(isOwn));
    const part: Part = { judged: [...(index === '0' ? await judgeMade() : []), ...judged], frames };
    writeFileSync(file, serialize(part));
    return;
  }
  const [folder, ...files] = args;
  const parts = files.map((file) => deserialize(readFileSync(file)) as Part);
  const names = [...made, ...trained].map(({ name }) => name);
  // What was made again takes the place of what was there.
  const byName = new Map(parts.flatMap((part) => part.judged.map((each) => [each.name, each] as const)));
  const judged = names.flatMap((name) => byName.get(name) ?? []);
  const comparisons = judgeComparisons(new Map(parts.flatMap(({ frames }) => [...frames])));
  writeFileSync(join(folder, 'said.json'), JSON.stringify([...judged, ...comparisons], null, 1));
  writeFileSync(join(folder, 'tables.md'), pageOf(judged, comparisons));
}

void main(process.argv.slice(2));
