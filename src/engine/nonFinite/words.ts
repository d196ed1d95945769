/** Sentences that say where a number leaves float32. */
import { isStateName, isUnitMapName, stateNamed, unitMapNamed } from '../../layers/catalog';
import type { Message } from '../../messages';
import type { NonFinite, NumberPlace, RunOverflow, Underflow } from '../../protocol/nonFinite';
import { significant } from '../../terms/numberFormat';
import { oneLine, UserError } from '../../userError';

type Said = Omit<NonFinite, 'sentence'>;

/** @param series the name of what was recorded, of a recording or a graph; null of a layer's quantity */
export function sentenceOf(place: Said, series: string | null = null): Message {
  const { parameter, isFiniteInFloat64 } = place;
  const inFloat64 =
    isFiniteInFloat64 === null ? null : isFiniteInFloat64 ? say('nonFinite.survives') : say('nonFinite.explodes');
  const where = whereOf(place, series);
  const isBroken = parameter !== null && (place.pass === 'forward' || place.quantity !== 'parameter');
  const first = isBroken
    ? where
      ? say('nonFinite.parameterFirst', parameter, where)
      : say('nonFinite.parameter', parameter, shown(place.value))
    : (where ?? say('nonFinite.parameterGradient', parameter ?? '', shown(place.value)));
  // Of weights that are no numbers float32 is not to blame.
  return inFloat64 && !isBroken ? say('nonFinite.both', first, inFloat64) : first;
}

/** Of a run that overflowed: where in its batch. */
export function overflowSentence({ nonFinite, stream }: RunOverflow): Message {
  if (!nonFinite) return say('nonFinite.inSums');
  return stream === null ? nonFinite.sentence : say('nonFinite.inStream', stream, nonFinite.sentence);
}

export function underflowSentence(place: Omit<Underflow, 'sentence'>, series: string | null = null): Message {
  const { before, value, step, token } = place;
  const args = [thingOf(place, series), stepOf(step ?? 0, token), shown(value)] as const;
  return before === null
    ? say('nonFinite.underflowFirst', ...args)
    : say('nonFinite.underflow', ...args, shown(before));
}

/** Null of what belongs to no step. */
function whereOf(place: NumberPlace, series: string | null): Message | null {
  const { step, token, before, value, pass } = place;
  if (step === null) return null;
  const args = [thingOf(place, series), stepOf(step, token), shown(value)] as const;
  if (before === null)
    return pass === 'forward' ? say('nonFinite.forwardFirst', ...args) : say('nonFinite.backwardFirst', ...args);
  return pass === 'forward'
    ? say('nonFinite.forward', ...args, shown(before))
    : say('nonFinite.backward', ...args, shown(before));
}

function stepOf(step: number, token: string | null): Message {
  return token === null ? say('nonFinite.step', step) : say('nonFinite.stepOfToken', step, oneLine(token));
}

/** "forget gate, pre-activation, of layer 2, unit 17". */
function thingOf({ quantity, layer, direction, unit }: NumberPlace, series: string | null): Message {
  const named = series === null ? nameOf(quantity) : say('nonFinite.series', series);
  const inLayer =
    layer === null || series !== null
      ? named
      : say(
          'nonFinite.ofLayer',
          named,
          direction === 'backward' ? say('layer.numberBackward', layer + 1) : say('layer.number', layer + 1),
        );
  return unit === null ? inLayer : say('nonFinite.ofUnit', inLayer, unit);
}

function nameOf(quantity: string): Message {
  const [first, second] = quantity.split('.') as [string, string?];
  if (second === 'preActivation') return say('nonFinite.preActivation', nameOf(first));
  if (second === 'recurrent') return say('nonFinite.recurrent', nameOf(first));
  if (second !== undefined) return say('nonFinite.ofPart', nameOf(second), first);
  if (isStateName(quantity)) return say(unitMapNamed(stateNamed(quantity).unitMap).label);
  if (isUnitMapName(quantity)) return say(unitMapNamed(quantity).label);
  const key = names[quantity];
  return key ? say(key) : say('nonFinite.series', quantity);
}

const names: Readonly<Partial<Record<string, Message['key']>>> = {
  embedding: 'nonFinite.embedding',
  input: 'nonFinite.input',
  norm: 'nonFinite.norm',
  output: 'nonFinite.output',
  logits: 'nonFinite.logits',
  predictions: 'nonFinite.predictions',
  loss: 'nonFinite.loss',
};

/** A number with its size, also where it is none. */
function shown(value: number): string {
  return significant(value, 3);
}

function say(key: Message['key'], ...args: Message['args']): Message {
  // Names and symbols of files are made showable.
  const { args: shownArgs } = new UserError(key, ...args);
  return { key, args: shownArgs };
}
