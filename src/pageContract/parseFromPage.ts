/** Checks what the page sends. The page is ours, but what arrives from a web page is data until it has been looked at. */
import { cellNames, isCellName, isStateName, isUnitMapName, kindOf } from '../layers/catalog';
import { isNormName } from '../layers/norm';
import type { ControlValues } from '../layers/playground';
import type { UnitMapChoice } from '../protocol/frame';
import type { FlowLane } from '../protocol/overTraining';
import {
  exportFormats,
  type ControlAction,
  type ExportFormat,
  type ExportKind,
  type ExportOffer,
  type FromPage,
  type PanelState,
} from './messages';
import type { PlaygroundSettings } from '../protocol/playground';
import { comparedTrials, maxTrials } from './sweep';
import type { Direction } from '../layers/direction';

const actions: ReadonlySet<string> = new Set<ControlAction>(['pause', 'resume', 'step', 'stop']);
const directions: ReadonlySet<string> = new Set<Direction>(['forward', 'backward']);

/** Runs or models that can be compared at once. */
export const maxCompared = 6;

/** Code units of an error's text that are kept. */
const maxErrorLength = 4000;
const maxAddressLength = 4000;
/** Code units of a tensor's name. */
const maxNameLength = 4000;

const formats: ReadonlySet<string> = new Set<ExportFormat>(Object.values(exportFormats).flat());
const maxOffers = 200;
const maxTitleLength = 200;
/** Bytes, or code units, of a file that is saved for the page. */
const maxFileLength = 2 ** 29;

/** Of the playground, all kinds together. */
const controlNames: ReadonlySet<string> = new Set(
  cellNames.flatMap((cell) => kindOf(cell).playground.controls.map(({ name }) => name)),
);
/** Code units of what one of them is set to. */
const maxChoiceLength = 100;

type Fields = Readonly<Record<string, unknown>>;

/** The message with exactly its own fields, or undefined if it is none. */
export function parseFromPage(message: unknown): FromPage | undefined {
  if (!isFields(message)) return undefined;
  switch (message['type']) {
    case 'ready':
      return { type: 'ready' };
    case 'frameDrawn':
      return isIndex(message['sequence']) ? { type: 'frameDrawn', sequence: message['sequence'] } : undefined;
    case 'control':
      return isAction(message['action']) ? { type: 'control', action: message['action'] } : undefined;
    case 'mark':
      return message['step'] === null || isIndex(message['step']) ? { type: 'mark', step: message['step'] } : undefined;
    case 'reveal':
      return isIndex(message['step']) ? { type: 'reveal', step: message['step'] } : undefined;
    case 'target':
      return message['target'] === 'last' || isIndex(message['target'])
        ? { type: 'target', target: message['target'] }
        : undefined;
    case 'total':
      return typeof message['shown'] === 'boolean' ? { type: 'total', shown: message['shown'] } : undefined;
    case 'inputs':
      return typeof message['shown'] === 'boolean' ? { type: 'inputs', shown: message['shown'] } : undefined;
    case 'unitMap': {
      const choice = parseChoice(message['choice']);
      return choice && { type: 'unitMap', choice };
    }
    case 'head': {
      const { choice } = message;
      return isFields(choice) && isIndex(choice['layer']) && isIndex(choice['head'])
        ? { type: 'head', choice: { layer: choice['layer'], head: choice['head'] } }
        : undefined;
    }
    case 'overTraining': {
      const lane = parseLane(message['lane']);
      return lane && { type: 'overTraining', lane };
    }
    case 'travel':
      return isIndex(message['trainingStep']) ? { type: 'travel', trainingStep: message['trainingStep'] } : undefined;
    case 'matrix': {
      const { action, series } = message;
      if (action === 'cancel') return { type: 'matrix', action };
      const isSeries = series === null || (typeof series === 'string' && series.length <= maxNameLength);
      return action === 'compute' && isSeries ? { type: 'matrix', action, series } : undefined;
    }
    case 'spectrum': {
      const { action, target, vanishing } = message;
      if (action === 'cancel') return { type: 'spectrum', action };
      return action === 'compute' && isIndex(target) && isNumber(vanishing)
        ? { type: 'spectrum', action, target, vanishing }
        : undefined;
    }
    case 'chooseTensors':
      return { type: 'chooseTensors' };
    case 'sample':
      return { type: 'sample' };
    case 'playground': {
      const settings = parsePlayground(message['settings']);
      const { id } = message;
      return settings && isIndex(id) ? { type: 'playground', id, settings } : undefined;
    }
    case 'openPlayground':
      return { type: 'openPlayground' };
    case 'comparedDrawn':
      return isIndex(message['run']) && isIndex(message['sequence'])
        ? { type: 'comparedDrawn', run: message['run'], sequence: message['sequence'] }
        : undefined;
    case 'truncations':
      return { type: 'truncations' };
    case 'openTrials':
      return isListOfTrials(message['trials']) ? { type: 'openTrials', trials: message['trials'] } : undefined;
    case 'compareTrials':
      return isListOfTrials(message['trials']) && canBeCompared(message['trials'])
        ? { type: 'compareTrials', trials: message['trials'] }
        : undefined;
    case 'drop':
      return isAddress(message['uri']) ? { type: 'drop', uri: message['uri'] } : undefined;
    case 'offer':
      return parseOffer(message['items']);
    case 'save':
      return parseSave(message);
    case 'error':
      return typeof message['text'] === 'string'
        ? { type: 'error', text: message['text'].slice(0, maxErrorLength) }
        : undefined;
    default:
      return undefined;
  }
}

/** The state a page kept, as far as it can be used. */
export function parsePanelState(state: unknown): PanelState {
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : null);
  return isFields(state)
    ? { runFolder: text(state['runFolder']), document: text(state['document']) }
    : { runFolder: null, document: null };
}

/** A comparison as its page kept it. */
export interface KeptComparison {
  /** At most `maxCompared`. */
  readonly runs: readonly { readonly path: string; readonly change: string | null }[];
  /** The text, as a URI. */
  readonly document: string | null;
}

/** The state a page of a comparison kept, as far as it can be used. */
export function parseCompared(state: unknown): KeptComparison {
  const { compared, changes, document } = isFields(state) ? state : ({} as Fields);
  const [paths, words] = [compared, changes].map((list) => (Array.isArray(list) ? (list as unknown[]) : []));
  const runs = paths.flatMap((path, i) => {
    const change = words[i];
    return typeof path === 'string' && path !== ''
      ? [{ path, change: typeof change === 'string' ? change.slice(0, maxTitleLength) : null }]
      : [];
  });
  return { runs: runs.slice(0, maxCompared), document: typeof document === 'string' ? document : null };
}

function parseLane(lane: unknown): FlowLane | undefined {
  if (!isFields(lane) || !isIndex(lane['layer']) || !isDirection(lane['direction'])) return undefined;
  const state = lane['state'];
  return state === null || isStateName(state)
    ? { layer: lane['layer'], direction: lane['direction'], state }
    : undefined;
}

/** Whether the numbers are within their limits, the engine says. */
function parsePlayground(settings: unknown): PlaygroundSettings | undefined {
  if (!isFields(settings)) return undefined;
  const { cell, values, layers, norm, residual, hiddenSize, length, seed } = settings;
  if (!isCellName(cell) || !isIndex(layers) || !isIndex(length) || !isIndex(seed)) return undefined;
  if ((norm !== null && !isNormName(norm)) || (residual !== null && typeof residual !== 'boolean')) return undefined;
  if (hiddenSize !== null && !isIndex(hiddenSize)) return undefined;
  const checked = parseControlValues(values);
  return checked && { cell, values: checked, layers, norm, residual, hiddenSize, length, seed };
}

/** Of controls that some kind has; what else is among them says nothing. */
function parseControlValues(values: unknown): ControlValues | undefined {
  if (!isFields(values)) return undefined;
  const known = Object.entries(values).filter(([name]) => controlNames.has(name));
  if (!known.every(([, value]) => isNumber(value) || (typeof value === 'string' && value.length <= maxChoiceLength)))
    return undefined;
  return Object.fromEntries(known) as ControlValues;
}

function parseChoice(choice: unknown): UnitMapChoice | undefined {
  if (
    !isFields(choice) ||
    !isIndex(choice['layer']) ||
    !isDirection(choice['direction']) ||
    !isUnitMapName(choice['quantity'])
  )
    return undefined;
  return { layer: choice['layer'], direction: choice['direction'], quantity: choice['quantity'] };
}

/** An absolute one; whether it is that of a file here, the editor says. */
function isAddress(value: unknown): value is string {
  return typeof value === 'string' && value.length <= maxAddressLength && /^[a-z][a-z0-9+.-]+:./i.test(value);
}

function parseOffer(items: unknown): FromPage | undefined {
  if (!Array.isArray(items) || items.length > maxOffers) return undefined;
  const offers: ExportOffer[] = [];
  for (const item of items as unknown[]) {
    if (!isFields(item) || !isFileName(item['id']) || !isExportKind(item['kind']) || typeof item['title'] !== 'string')
      return undefined;
    offers.push({ id: item['id'], kind: item['kind'], title: item['title'].slice(0, maxTitleLength) });
  }
  return { type: 'offer', items: offers };
}

function parseSave({ name, format, data }: Fields): FromPage | undefined {
  if (!isFileName(name) || typeof format !== 'string' || !formats.has(format)) return undefined;
  const isText = typeof data === 'string';
  if ((!isText && !(data instanceof Uint8Array)) || data.length > maxFileLength) return undefined;
  return { type: 'save', name, format: format as ExportFormat, data };
}

/** Part of a file's name that means nothing else on any system. */
function isFileName(value: unknown): value is string {
  return typeof value === 'string' && /^[a-z0-9][a-z0-9-]{0,63}$/.test(value);
}

function isExportKind(value: unknown): value is ExportKind {
  return typeof value === 'string' && Object.hasOwn(exportFormats, value);
}

function isListOfTrials(value: unknown): value is number[] {
  return Array.isArray(value) && value.length <= maxTrials && value.every(isIndex);
}

function canBeCompared(trials: readonly number[]): boolean {
  const { least, most } = comparedTrials;
  return trials.length >= least && trials.length <= most && new Set(trials).size === trials.length;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

function isIndex(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isAction(value: unknown): value is ControlAction {
  return typeof value === 'string' && actions.has(value);
}

function isDirection(value: unknown): value is Direction {
  return typeof value === 'string' && directions.has(value);
}
