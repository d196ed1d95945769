/** What can be tried against gradients that vanish or explode, for a run as its run.json describes it: each remedy is one change. */
import { isCellName, kindOf, type CellName } from '../../layers/catalog';
import { recurrentWeights } from '../../layers/parameters';
import type { KeysOf, Message } from '../../messages';
import type { BranchRequest } from '../../protocol/engine';

export const remedyNames = [
  'clipNorm',
  'truncation',
  'window',
  'omega',
  'flossing',
  'radiusCap',
  'restartR',
  'raiseForgetBias',
  'layerNorm',
  'residual',
] as const;
export type RemedyName = (typeof remedyNames)[number];

const sentences: Readonly<
  Record<RemedyName, { readonly name: KeysOf<'remedy.name'>; readonly detail: KeysOf<'remedy.detail'> }>
> = {
  clipNorm: { name: 'remedy.name.clipNorm', detail: 'remedy.detail.clipNorm' },
  truncation: { name: 'remedy.name.truncation', detail: 'remedy.detail.truncation' },
  window: { name: 'remedy.name.window', detail: 'remedy.detail.window' },
  omega: { name: 'remedy.name.omega', detail: 'remedy.detail.omega' },
  flossing: { name: 'remedy.name.flossing', detail: 'remedy.detail.flossing' },
  radiusCap: { name: 'remedy.name.radiusCap', detail: 'remedy.detail.radiusCap' },
  restartR: { name: 'remedy.name.restartR', detail: 'remedy.detail.restartR' },
  raiseForgetBias: { name: 'remedy.name.raiseForgetBias', detail: 'remedy.detail.raiseForgetBias' },
  layerNorm: { name: 'remedy.name.layerNorm', detail: 'remedy.detail.layerNorm' },
  residual: { name: 'remedy.name.residual', detail: 'remedy.detail.residual' },
};

/** What a run does differently. */
export type Change = Pick<BranchRequest, 'training' | 'weights' | 'fresh'>;

export interface Remedy {
  readonly name: RemedyName;
  readonly label: Message;
  readonly detail: KeysOf<'remedy.detail'>;
  /** The run as it is: but for a beginning anew, which both then have. */
  readonly asItIs: Change;
  readonly changed: Change;
}

/** What of a run's settings the remedies depend on. */
export interface RunFacts {
  readonly layers: readonly LayerFacts[];
  /** Null where tokens are read one-hot, and of numbers. */
  readonly embeddingSize: number | null;
  /** It reads numbers, which have no embedding. */
  readonly isOfNumbers: boolean;
  readonly mode: 'stream' | 'sequences';
  readonly window: number;
  readonly truncation: number | null;
  readonly clipNorm: number | null;
  readonly omega: number | null;
  readonly flossing: number | null;
  readonly radiusCap: number | null;
  /** In all; null until it is stopped. */
  readonly steps: number | null;
  readonly corpusName: string;
}

interface LayerFacts {
  readonly cell: CellName;
  readonly hiddenSize: number;
  /** D·H. */
  readonly outputSize: number;
  readonly norm: string;
  readonly residual: boolean;
}

/** By how much a clipping norm that is there is lowered. */
const lowered = 4;
/** Those that docs/remedies.md has measured. */
const weights = { omega: 1, flossing: 0.1 } as const;
const radiusCap = 1;

const none: Change = { training: {}, weights: null, fresh: null };

/** Those that the run does not have yet and that its layers can have, in the order of `remedyNames`. */
export function remediesFor(run: RunFacts): Remedy[] {
  const { layers, mode, window, truncation, clipNorm } = run;
  const all = (is: (cell: CellName) => boolean) => layers.every(({ cell }) => is(cell));
  const some = (is: (cell: CellName) => boolean) => layers.some(({ cell }) => is(cell));
  const remedies: Remedy[] = [];
  const add = (name: RemedyName, args: Message['args'], change: Partial<Change>, asItIs: Change = none) =>
    remedies.push({
      name,
      label: { key: sentences[name].name, args },
      detail: sentences[name].detail,
      asItIs,
      changed: { ...asItIs, ...change },
    });
  const norm = clipNorm === null ? 1 : clipNorm / lowered;
  add('clipNorm', [norm], { training: { clipNorm: norm } });
  if (truncation !== null) add('truncation', [], { training: { truncation: null } });
  if (mode === 'stream') add('window', [2 * window], { training: { window: 2 * window } });
  if (run.omega === null && all((cell) => !kindOf(cell).notApplicable.omega))
    add('omega', [weights.omega], { training: { omega: weights.omega } });
  if (run.flossing === null && all((cell) => !kindOf(cell).notApplicable.flossing))
    add('flossing', [weights.flossing], { training: { flossing: weights.flossing } });
  const hasMatrix = some((cell) => kindOf(cell).parameters.some(({ role }) => role === recurrentWeights.role));
  if (hasMatrix && (run.radiusCap ?? Infinity) > radiusCap) add('radiusCap', [radiusCap], { training: { radiusCap } });
  if (hasMatrix) add('restartR', [], { weights: 'restartR' });
  if (some((cell) => kindOf(cell).forgetGate !== null)) add('raiseForgetBias', [], { weights: 'raiseForgetBias' });
  addFresh(run, add);
  return remedies;
}

/** What stands around layers needs new weights, and an embedding: then both begin anew, with one. Not of kinds that have it anyway, nor of numbers. */
function addFresh(
  { layers, embeddingSize, isOfNumbers }: RunFacts,
  add: (name: RemedyName, args: Message['args'], change: Partial<Change>, asItIs: Change) => unknown,
): void {
  if (isOfNumbers || layers.some(({ cell }) => kindOf(cell).mixer)) return;
  const [{ outputSize }] = layers;
  const fresh = { embeddingSize: embeddingSize ?? outputSize, norm: null, residual: null } as const;
  const asItIs: Change = { ...none, fresh };
  if (layers.every(({ norm }) => norm === 'none'))
    add('layerNorm', [], { fresh: { ...fresh, norm: 'layerNorm' } }, asItIs);
  const fits = fresh.embeddingSize === outputSize && layers.every((layer) => layer.outputSize === outputSize);
  if (fits && layers.every(({ residual }) => !residual))
    add('residual', [], { fresh: { ...fresh, residual: true } }, asItIs);
}

/** What the text of a run.json says, as far as it is needed here; the engine checks all of it. Undefined where it holds no run. */
export function factsOf(text: string): RunFacts | undefined {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    return undefined;
  }
  const [model, training] = [field(file, 'model'), field(file, 'training')];
  const listed = field(model, 'layers');
  const layers = (Array.isArray(listed) ? listed : [model]).map(layerIn);
  const isWhole = layers.length > 0 && layers.every((layer) => layer !== undefined);
  const window = numberIn(training, 'window');
  if (!isWhole || window === null) return undefined;
  const name = field(field(file, 'corpus'), 'name');
  return {
    layers,
    embeddingSize: numberIn(model, 'embeddingSize'),
    isOfNumbers: numberIn(model, 'features') !== null,
    mode: field(training, 'mode') === 'sequences' ? 'sequences' : 'stream',
    window,
    truncation: numberIn(training, 'truncation'),
    clipNorm: numberIn(training, 'clipNorm'),
    omega: numberIn(training, 'omega'),
    flossing: numberIn(training, 'flossing'),
    radiusCap: numberIn(training, 'radiusCap'),
    steps: numberIn(training, 'steps'),
    corpusName: typeof name === 'string' ? name : '',
  };
}

function layerIn(value: unknown): LayerFacts | undefined {
  const cell = field(value, 'cell');
  const hiddenSize = numberIn(value, 'hiddenSize');
  const norm = field(value, 'norm');
  if (!isCellName(cell) || hiddenSize === null) return undefined;
  return {
    cell,
    hiddenSize,
    outputSize: field(value, 'bidirectional') === true ? 2 * hiddenSize : hiddenSize,
    norm: typeof norm === 'string' ? norm : 'none',
    residual: field(value, 'residual') === true,
  };
}

function numberIn(value: unknown, key: string): number | null {
  const found = field(value, key);
  return typeof found === 'number' ? found : null;
}

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}
