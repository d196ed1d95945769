/** Checks what the page sends. The page is ours, but what arrives from a web page is data until it has been looked at. */
import { unitQuantities, type UnitMapChoice, type UnitQuantity } from './frame';
import type { ControlAction, FromPage, PanelState } from './panel';
import type { Direction } from './settings';

const actions: ReadonlySet<string> = new Set<ControlAction>(['pause', 'resume', 'step', 'stop']);
const directions: ReadonlySet<string> = new Set<Direction>(['forward', 'backward']);
const quantities: ReadonlySet<string> = new Set<UnitQuantity>(Object.values(unitQuantities).flat());

/** Code units of an error's text that are kept. */
const longestError = 4000;
const longestAddress = 4000;

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
      return message['target'] === 'last' || isIndex(message['target']) ? { type: 'target', target: message['target'] } : undefined;
    case 'unitMap': {
      const choice = parseChoice(message['choice']);
      return choice && { type: 'unitMap', choice };
    }
    case 'drop':
      return isFileAddress(message['uri']) ? { type: 'drop', uri: message['uri'] } : undefined;
    case 'error':
      return typeof message['text'] === 'string' ? { type: 'error', text: message['text'].slice(0, longestError) } : undefined;
    default:
      return undefined;
  }
}

/** The state a page kept, as far as it can be used. */
export function parsePanelState(state: unknown): PanelState {
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : null);
  return isFields(state) ? { runFolder: text(state['runFolder']), document: text(state['document']) } : { runFolder: null, document: null };
}

function parseChoice(choice: unknown): UnitMapChoice | undefined {
  if (!isFields(choice) || !isIndex(choice['layer']) || !isDirection(choice['direction']) || !isQuantity(choice['quantity'])) return undefined;
  return { layer: choice['layer'], direction: choice['direction'], quantity: choice['quantity'] };
}

/** Of a file on the machine where the extension runs; a web page could give anything. */
function isFileAddress(value: unknown): value is string {
  return typeof value === 'string' && value.length <= longestAddress && /^(file|vscode-remote):\/\//.test(value);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

function isIndex(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isAction(value: unknown): value is ControlAction {
  return typeof value === 'string' && actions.has(value);
}

function isDirection(value: unknown): value is Direction {
  return typeof value === 'string' && directions.has(value);
}

function isQuantity(value: unknown): value is UnitQuantity {
  return typeof value === 'string' && quantities.has(value);
}
