/**
 * A model with random weights that reads random letters: what the controls of the playground ask for. The same settings give the same numbers, and a slider
 * changes what it is about and nothing else, so that the picture moves and does not jump.
 */
import { checkInteger } from '../../core/model/config';
import { Vocabulary } from '../../core/corpus/vocabulary';
import { Random } from '../../core/model/random';
import { checkCell, kindOf, unitMapNamed, unitMapNames } from '../../layers/catalog';
import type { PlaygroundControl } from '../../layers/playground';
import type { Message } from '../../messages';
import { UserError } from '../../userError';
import { playgroundLimits, type PlaygroundResult, type PlaygroundSettings } from '../../protocol/playground';
import type { Thresholds } from '../../terms/regions';
import { createBackend, type Backend } from '../backend';
import { frameOf } from './frame';
import { Inspector, type Look } from './inspector';
import { letters, PlaygroundWeights } from './playgroundModel';

const vocabulary = new Vocabulary(letters, 'codePoint');

export class Playground {
  private readonly weights = new PlaygroundWeights();
  private backend: Promise<Backend> | null = null;
  private sequence = 0;

  /**
   * @param pause called between the parts of the computation; it throws where the answer is no longer wanted
   * Throws a UserError where a setting is out of its limits.
   */
  async run(
    settings: PlaygroundSettings,
    thresholds: Thresholds,
    pause: () => Promise<void> = () => Promise.resolve(),
  ): Promise<PlaygroundResult> {
    check(settings);
    await pause();
    const { spectralNorm, ...model } = this.weights.model(settings);
    await pause();
    const backend = await (this.backend ??= createBackend({ backend: 'wasm', threads: 1 }, 1, 0));
    const inspector = new Inspector({ ...model, isLive: false, vocabulary, backend });
    const look = await inspector.look(textOf(settings), 'last', thresholds, { inputs: true });
    const [{ name: quantity }] = kindOf(settings.cell).unitMaps;
    return {
      frame: frameOf(look, { unitMap: { layer: 0, direction: 'forward', quantity } }, ++this.sequence, 0),
      spectralNorm,
      largestWeight: largestWeightOf(look),
    };
  }
}

/** Of the target's weights in the lowest layer, over all heads. */
function largestWeightOf({ trace: { layers, steps }, target }: Look): number | null {
  const heads = layers[0].values?.heads ?? [];
  const rows = heads.map((weights) => weights.subarray(target * steps, target * steps + target + 1));
  return rows.length > 0 ? Math.max(...rows.map((row) => Math.max(...row))) : null;
}

/** Random letters; of another length the same ones, as far as they go. */
function textOf({ seed, length }: PlaygroundSettings): string {
  const random = Random.forDrawing(seed);
  return Array.from({ length: length + 1 }, () => letters[Math.floor(letters.length * random.uniform())]).join('');
}

function check({ cell, values, layers, hiddenSize, length, seed }: PlaygroundSettings): void {
  const { layers: depths, length: lengths, hiddenSize: sizes } = playgroundLimits;
  for (const control of kindOf(checkCell(cell)).playground.controls) {
    if (Object.hasOwn(values, control.name)) checkControl(control, values[control.name]);
  }
  checkInteger('quantity.layers', layers, depths.min, depths.max);
  if (hiddenSize !== null) checkInteger('quantity.hiddenSize', hiddenSize, sizes.min, sizes.max);
  checkInteger('quantity.length', length, lengths.min, lengths.max);
  checkInteger('quantity.seed', seed, 0, 2 ** 31 - 4);
}

/** Throws a UserError for a value that the control does not give. */
function checkControl(control: PlaygroundControl, value: unknown): void {
  if (control.type === 'choice') {
    if (control.choices.some((choice) => choice.value === value)) return;
    const choices = control.choices.map((choice) => choice.value).join(', ');
    throw new UserError('error.playground.notChoice', nameOf(control), String(value), choices);
  }
  const { min, max } = control;
  if (typeof value === 'number' && value >= min && value <= max) return;
  throw new UserError('error.playground.notInRange', nameOf(control), String(value), min, max);
}

function nameOf(control: PlaygroundControl): Message {
  const map = unitMapNames.find((name) => control.type === 'slider' && name === control.of);
  return { key: control.label, args: map === undefined ? [] : [{ key: unitMapNamed(map).label, args: [] }] };
}
