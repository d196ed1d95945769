/** The table of docs/verdicts.md: of each sentence how often it is said of healthy models, and missed in sick ones. */
import english from '../../l10n/bundle.l10n.json';
import terminal from '../../l10n/terminal.json';
import type { Ailment } from './cases';
import type { Said } from './said';

export interface Sentence {
  readonly key: string;
  /** What it would be a symptom of; `none` of one that reassures, and null of one that only tells a number. */
  readonly about: Ailment | 'none' | null;
  /** Of which models it can be said at all: those of which one of these is said. */
  readonly among?: readonly string[];
}

export const withinNeed = 'falls within the lag that its predictions need';

const ofTanh = ['panel.finding.tanhShare'];
const ofRelu = ['panel.finding.deadUnits', 'panel.finding.deadNone'];
const ofDepth = [
  'panel.depth.vanishes',
  'panel.depth.explodes',
  'panel.depth.stays',
  'panel.depth.zero',
  'panel.depth.notFinite',
];
const ofTerminal = ['falls', 'fallsAndRises', 'stays', 'level', 'notFinite', 'zeroAtTarget', 'onlyTarget'].map(
  (name) => `flow.${name}`,
);
const ofMatrix = ['', 'None', 'Zero', 'NotFinite'].map((name) => `panel.matrix.summary${name}`);
const ofTraining = ['panel.overTraining.sentence', 'panel.overTraining.sentenceOnce'];
const ofHeads = ['panel.attention.reads', 'panel.attention.readsEvenly', 'panel.attention.readsItself'];

/** In the order of the page. Sentences about a run's first and last step, a matrix and a comparison tell numbers too. */
export const sentences: readonly Sentence[] = [
  { key: withinNeed, about: 'vanishing' },
  { key: 'panel.verdict.falls', about: null },
  { key: 'panel.verdict.reachesLittle', about: null },
  { key: 'panel.verdict.reachesNone', about: 'vanishing' },
  { key: 'panel.verdict.rises', about: null },
  { key: 'panel.verdict.stays', about: 'none' },
  { key: 'panel.verdict.staysBothWays', about: 'none' },
  { key: 'panel.verdict.level', about: 'none' },
  { key: 'panel.verdict.levelIn', about: 'none' },
  { key: 'panel.verdict.grows', about: 'exploding' },
  { key: 'panel.verdict.notFinite', about: 'notFinite' },
  { key: 'panel.verdict.zero', about: null },
  { key: 'panel.verdict.ownStepOnly', about: null },
  { key: 'tint.vanishingBefore', about: null },
  { key: 'tint.vanishingAt', about: null },
  { key: 'tint.explodingBefore', about: 'exploding' },
  { key: 'tint.explodingAt', about: null },
  { key: 'flow.falls', about: null, among: ofTerminal },
  { key: 'flow.fallsAndRises', about: null, among: ofTerminal },
  { key: 'flow.stays', about: 'none', among: ofTerminal },
  { key: 'flow.level', about: 'none', among: ofTerminal },
  { key: 'flow.explodingAt', about: 'exploding', among: ofTerminal },
  { key: 'flow.onlyTarget', about: null, among: ofTerminal },
  { key: 'flow.zeroAtTarget', about: null, among: ofTerminal },
  { key: 'flow.notFinite', about: 'notFinite', among: ofTerminal },
  { key: 'panel.overTraining.reachAll', about: 'none', among: ofTraining },
  { key: 'panel.overTraining.reachLevel', about: null, among: ofTraining },
  { key: 'panel.overTraining.reachNotFinite', about: null, among: ofTraining },
  { key: 'panel.matrix.summaryNone', about: 'none', among: ofMatrix },
  { key: 'panel.matrix.summaryNotFinite', about: 'notFinite', among: ofMatrix },
  { key: 'panel.depth.vanishes', about: 'depth', among: ofDepth },
  { key: 'panel.depth.explodes', about: null, among: ofDepth },
  { key: 'panel.depth.stays', about: 'none', among: ofDepth },
  { key: 'panel.attention.readsEvenly', about: null, among: ofHeads },
  { key: 'panel.finding.tanhMostlySaturated', about: 'units', among: ofTanh },
  { key: 'panel.finding.deadUnits', about: 'units', among: ofRelu },
  { key: 'panel.finding.deadNone', about: 'none', among: ofRelu },
  { key: 'panel.compare.farthest', about: null },
];

/** A model, or several beside each other, and what is said of it. */
export interface Judged {
  readonly name: string;
  readonly isHealthy: boolean;
  readonly ailments: readonly Ailment[];
  readonly why: string;
  readonly said: readonly Said[];
}

export function tableOf(judged: readonly Judged[]): string {
  const rows = sentences.map(({ key, about, among }) => {
    const models = judged.filter(({ said }) => !among || said.some((each) => among.includes(each.key)));
    const says = ({ said }: Judged) => said.some((each) => each.key === key);
    const of = (some: readonly Judged[]) => `${some.filter(says).length} of ${some.length}`;
    const healthy = models.filter(({ isHealthy }) => isHealthy);
    const sick = models.filter(({ ailments }) =>
      about === null || about === 'none' ? ailments.length > 0 : ailments.includes(about),
    );
    const missed = sick.filter((model) => !says(model)).length;
    const all = judged.flatMap(({ said }) => said).filter((each) => each.key === key);
    const checked = all.filter(({ doubt }) => doubt !== undefined);
    const doubted = checked.filter(({ doubt }) => doubt !== null).length;
    const doubts =
      all.length > 0 && checked.length === 0 ? `no check, said ${all.length}` : `${doubted} of ${checked.length}`;
    const sickCell =
      about === null || about === 'none' ? `said of ${of(sick)}` : `missed in ${missed} of ${sick.length}`;
    return `| ${templateOf(key)} | ${about === null ? 'a number' : about === 'none' ? 'reassures' : about} | ${of(healthy)} | ${sickCell} | ${doubts} |`;
  });
  return [
    '| sentence | about | said of healthy | in sick | more than the numbers show |',
    '| --- | --- | ---: | ---: | ---: |',
    ...rows,
  ].join('\n');
}

export function modelsOf(judged: readonly Judged[]): string {
  const rows = judged.map(({ name, isHealthy, ailments, why }) => {
    const label = isHealthy ? 'healthy' : ailments.length > 0 ? ailments.join(', ') : '–';
    return `| ${name} | ${label} | ${why} |`;
  });
  return ['| model | label | why |', '| --- | --- | --- |', ...rows].join('\n');
}

function templateOf(key: string): string {
  const template = ({ ...english, ...terminal } as Readonly<Record<string, string | undefined>>)[key];
  return template ? `${template.replaceAll('|', '/')} \`${key}\`` : key;
}

export function pageOf(judged: readonly Judged[], comparisons: readonly Judged[]): string {
  return `${tableOf([...judged, ...comparisons])}\n\n${modelsOf(judged)}\n`;
}
