/** What each token of a probe has of the logit of one of them. */
import { contributionsTo } from '../../core/analysis/contributions';
import { additiveFormOf } from '../../core/layers/registry';
import {
  gradientTimesInput,
  integralNodes,
  integratedGradients,
  type Attribution,
} from '../../core/float64/float64Score';
import { topContributions, type HeadContributions } from '../../core/float64/topContributions';
import { byRole, ofRole } from '../../core/model/directionParameters';
import type { GeneralModel, Norm, Weights } from '../../core/model/generalModel';
import { kindOf } from '../../layers/catalog';
import type { KeysOf } from '../../messages';
import { UserError } from '../../userError';
import type { AttributeRequest, AttributionReport } from '../../protocol/engine';
import { workOfStep, type Inspector, type Look } from './inspector';

/** What contributions hold fixed that say nothing else. */
const gatesHeldFixed = 'hover.gatesHeldFixed';

type Found<M extends AttributionReport['method']> = Omit<AttributionReport, 'method' | 'rest'> & {
  readonly method: M;
  readonly rest: number;
};

/** See `TokenReport.contributions`. */
export type Additive = Found<'additive'> & {
  readonly heldFixed: readonly KeysOf<'hover'>[];
  /** Of layers that have them. */
  readonly heads: readonly HeadContributions[];
};

/** Of the integral; each takes as long as the first. */
const maxStretches = 24;
/** Multiply-adds that a hover may wait for. */
const maxQuickWork = 1.2e7;
/** What a hover that claims to be complete may lack. */
const maxQuickGap = 1e-4;

/** What is divided up: the model as it is now, the tokens that the logit depends on, and the logit's place. */
export interface AttributionTask {
  readonly method: 'integratedGradients' | 'gradientTimesInput';
  readonly model: GeneralModel;
  readonly inputs: Int32Array;
  readonly symbol: number;
  readonly step: number;
  /** T, of the whole probe. */
  readonly steps: number;
}

/**
 * Of gated cells whose top layer adds up, and of mixers that do. Null elsewhere.
 * @param step after which `symbol` is predicted
 */
export function additive({ general, trace }: Look, symbol: number, step: number): Additive | null {
  const { layers, output } = general;
  const top = layers.length - 1;
  const ofMixers = isOfMixers(general) ? topContributions(trace, symbol, step) : null;
  const found = isAdditive(general) ? contributionsTo(trace, output.W, symbol, step) : ofMixers;
  if (!found) return null;
  const { parts, carriedIn: rest } = found;
  const taken = layers.slice(ofMixers?.lowest ?? top);
  return {
    method: 'additive',
    parts,
    rest,
    whole: parts.reduce((sum, part) => sum + part, rest),
    heads: ofMixers?.heads ?? [],
    heldFixed: [...new Set(taken.map(({ cell }) => kindOf(cell).heldFixed ?? gatesHeldFixed))],
  };
}

/** Integrated gradients of a stack without gates, where they are complete within the time that a hover may take; else null. */
export async function quickIntegral(
  { general, trace }: Look,
  symbol: number,
  step: number,
): Promise<Found<'integratedGradients'> | null> {
  if (general.layers.some(({ cell }) => additiveFormOf(cell) !== null)) return null;
  const task = taskOf('integratedGradients', general, trace.inputs, symbol, step);
  const affordable = Math.floor(maxQuickWork / (2 * integralNodes * task.inputs.length * workOfStep(general)));
  if (affordable < 1) return null;
  const found = await integratedGradients(
    task.model,
    task.inputs,
    symbol,
    step,
    Math.min(affordable, maxStretches),
    () => Promise.resolve(),
  );
  const gap = found.parts.reduce((sum, part) => sum + part, found.baseline - found.whole);
  if (Math.abs(gap) > maxQuickGap * Math.max(1, Math.abs(found.whole))) return null;
  return { ...reportOf(task, found), method: 'integratedGradients' };
}

/** With the answer itself where the probe has to be read for it anyway, else with what is still to be computed, on parameters of its own. */
export async function prepareAttribution(
  inspector: Inspector,
  { text, token, method }: AttributeRequest,
): Promise<AttributionReport | AttributionTask> {
  const { ids, numbers } = inspector.encode(text);
  if (numbers) throw new UserError('error.numbers.contributions');
  const steps = ids.length - 1;
  if (!Number.isInteger(token) || token < 1 || token > steps)
    throw new UserError('error.inspect.tokenNotPredicted', token, steps);
  if (method === 'additive') {
    const look = await inspector.look(text, token - 1, { vanishing: -3, exploding: 2 });
    const found = additive(look, ids[token], token - 1);
    if (!found) throw noAdditiveForm(look.general);
    const { parts, rest, whole } = found;
    return { method, parts, rest, whole };
  }
  const { general } = inspector.model;
  return taskOf(method, ownCopy(general), Int32Array.from(ids.subarray(0, steps)), ids[token], token - 1);
}

/** @param pause called now and then; throws when it is canceled */
export async function attribute(task: AttributionTask, pause: () => Promise<void>): Promise<AttributionReport> {
  const { method, model, inputs, symbol, step } = task;
  return reportOf(
    task,
    method === 'gradientTimesInput'
      ? gradientTimesInput(model, inputs, symbol, step)
      : await integratedGradients(model, inputs, symbol, step, maxStretches, pause),
  );
}

function reportOf(
  { method, steps }: AttributionTask,
  { parts, whole, baseline }: Attribution,
): Found<AttributionTask['method']> {
  const all = new Float64Array(steps);
  all.set(parts);
  return { method, parts: all, rest: baseline, whole };
}

/** What lies behind the step has no part where nothing is read backward. */
function taskOf(
  method: AttributionTask['method'],
  model: GeneralModel,
  inputs: Int32Array,
  symbol: number,
  step: number,
): AttributionTask {
  const isForward = model.layers.every(({ directions }) =>
    directions.every(({ direction }) => direction === 'forward'),
  );
  return { method, model, inputs: isForward ? inputs.slice(0, step + 1) : inputs, symbol, step, steps: inputs.length };
}

/** Whether what the top layer gives is the sum that the contributions add up to, and neither a norm stands behind it nor is anything added to it. */
function isAdditive({ layers, norm }: GeneralModel): boolean {
  const top = layers[layers.length - 1];
  const isAlone = top.sublayers.every(({ residual, isMixer }) => !residual && !isMixer);
  return norm === null && isAlone && additiveFormOf(top.cell)?.holds(top) === true;
}

/** Whether the top layer is a mixer: it says itself what adds up. */
function isOfMixers({ layers }: GeneralModel): boolean {
  return layers[layers.length - 1].sublayers.every(({ isMixer }) => isMixer);
}

function noAdditiveForm({ layers }: GeneralModel): UserError {
  const why = kindOf(layers[layers.length - 1].cell).notApplicable.contributions;
  return why
    ? new UserError('error.inspect.notAdditiveBecause', { key: why, args: [] })
    : new UserError('error.inspect.notAdditive');
}

/** The model as it is now: training continues meanwhile. */
function ownCopy(model: GeneralModel): GeneralModel {
  const copy = (weights: Weights) => Float64Array.from(weights);
  // A mixer's layer can lack some.
  const copyIfAny = (weights: Weights | undefined) => weights && copy(weights);
  const ownNorm = (norm: Norm): Norm => ({ ...norm, gamma: copy(norm.gamma), beta: copy(norm.beta) });
  return {
    ...model,
    embedding: model.embedding && copy(model.embedding),
    layers: model.layers.map((layer) => ({
      ...layer,
      sublayers: layer.sublayers.map((sublayer) => ({ ...sublayer, norm: sublayer.norm && ownNorm(sublayer.norm) })),
      directions: layer.directions.map((own) => ({
        ...own,
        ...byRole(layer.cell, ({ role }) => copyIfAny(ofRole(own, role)), new Float64Array(0)),
      })),
    })),
    norm: model.norm && ownNorm(model.norm),
    output: { W: copy(model.output.W), b: copy(model.output.b) },
  };
}
