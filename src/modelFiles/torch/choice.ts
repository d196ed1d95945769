/** The one reading of a file's tensors, or the question which one it is. */
import { UserError } from '../../userError';
import { answerOf, isSaidUnused, type TensorAnswers } from './answers';
import { namesInPairs, twoDirections } from './directionPairs';
import { outputsOf, readingsOf, rolesOf, type Reading } from './readings';
import {
  byNumbers,
  chainName,
  inputSizeOf,
  outputSizeOf,
  placesOfCopies,
  type Chain,
  type RecurrentModule,
} from './recurrentModules';
import { normalizationAmong } from './rest';
import { unreadable, type WeightTensor } from './weightTensors';

interface Given {
  /** At least one. */
  readonly chains: readonly Chain[];
  /** All but the recurrent ones, each once. */
  readonly tensors: readonly WeightTensor[];
  readonly answers: TensorAnswers;
  /** As a person gave them. */
  readonly said: string;
  /** Whether the file has a vocabulary of that size. */
  readonly hasVocabulary: (size: number) => boolean;
  readonly file: string;
}

/** Throws a UserError that names the candidates where there are several, and what is in the way where there is none. */
export function chosenReading({ chains, tensors, answers, said, hasVocabulary, file }: Given): Reading {
  const considered = tensors.filter(({ names }) => !names.every((name) => isSaidUnused(name, answers)));
  const fitting = readingsOf(chains, considered, answers);
  if (fitting.length === 0) throw noneOf(chains, considered, saysRoles(answers) ? said : '', file);
  const withVocabulary = fitting.filter(({ output }) => hasVocabulary(output.shape[0]));
  const all = withCertainNorms(withVocabulary.length > 0 ? withVocabulary : fitting, answers);
  const likely = all.filter(({ isUnlikely }) => !isUnlikely);
  const considerable = likely.length > 0 ? likely : all;
  const clear = inTheirRow(considerable.filter(({ inTheWay }) => inTheWay.length === 0));
  const [only] = clear;
  if (clear.length === 1 && !only.isOpen && !only.isUnlikely) return only;
  throw clear.length > 0 ? questionOf(clear, file) : refusalOf(considerable, file);
}

/** A normalization decides nothing: where only some readings have one place for it, it has none in any. */
function withCertainNorms(readings: readonly Reading[], answers: TensorAnswers): readonly Reading[] {
  const isCertain = answers.norm !== undefined || readings.every(({ norm, isUnlikely }) => norm !== null || isUnlikely);
  return isCertain
    ? readings
    : readings.map((reading) => ({
        ...reading,
        norm: null,
        inTheWay: [...reading.inTheWay, ...(reading.norm?.tensors ?? [])],
      }));
}

/** Where structure leaves several orders of the modules, that by the numbers in their names. */
function inTheirRow(readings: readonly Reading[]): readonly Reading[] {
  const names = new Set(readings.map(({ chain }) => chainName(chain)));
  if (names.size < 2) return readings;
  const [{ chain }] = readings;
  // One module has no row: which of two is read from the end, no number says.
  const numbered = chain.length > 1 ? byNumbers(chain) : null;
  const own = numbered ? readings.filter(({ chain }) => chainName(chain) === chainName(numbered)) : [];
  return own.length > 0 ? own : readings;
}

function questionOf(unordered: readonly Reading[], file: string): UserError {
  const readings = Array.from(unordered).sort((a, b) => nameScore(b) - nameScore(a));
  const [{ chain }] = readings;
  const isOneRow = new Set(readings.map((reading) => chainName(reading.chain))).size === 1;
  // What is taken for two directions may as well be a model and its copy.
  const apart = chain.flatMap((module) => module.pair ?? [module]);
  const choices = [...(isOneRow ? [] : choicesOfCopies(apart)), ...choicesOf(readings)].slice(0, maxChoices);
  return new UserError('error.torch.ambiguous', file, choices.slice(0, 4).join(' / ')).needing('tensors', choices);
}

/** More are nothing to choose from; and any other answer can be given. */
const maxChoices = 24;

/** Names do not decide, but the reading that they speak for is named first. */
function nameScore({ embedding, output }: Reading): number {
  const isEmbedding = (tensor: WeightTensor | null) => (tensor && embeddingWords.test(tensor.names[0]) ? 1 : 0);
  return embedding === output ? 0 : isEmbedding(embedding) - isEmbedding(output);
}

const embeddingWords = /(?<!un)emb|encod|wte|lookup|\binp/i;

/** Each leaves out one of the copies of a module. */
export function choicesOfCopies(modules: readonly RecurrentModule[]): string[] {
  return placesOfCopies(modules).map((place) => answerOf('unused', place));
}

/** Of each reading what tells it from the others; of a single one all of it. */
function choicesOf(readings: readonly Reading[]): string[] {
  const roles = readings.map(rolesOf);
  // What nothing in the file says is said in any case.
  const isGuess = readings.some(({ chain }) => chain.some((module) => module.isGuess));
  const differing = (['layers', 'embedding', 'output', 'bias'] as const).filter((role) =>
    role === 'layers' && isGuess
      ? true
      : readings.length === 1
        ? role !== 'layers'
        : new Set(roles.map((own) => own[role])).size > 1,
  );
  const choicesBy = (told: typeof differing) =>
    Array.from(new Set(roles.map((own) => told.map((role) => answerOf(role, own[role])).join(','))));
  const choices = choicesBy(differing);
  // Of too many at once one role is asked, and the others then.
  return choices.length > maxChoices ? choicesBy(differing.slice(0, 1)) : choices;
}

function refusalOf(readings: readonly Reading[], file: string): UserError {
  const least = Math.min(...readings.map(({ inTheWay }) => inTheWay.length));
  const best = readings.filter(({ inTheWay }) => inTheWay.length === least);
  // Of as many, what is beside an embedding and an output says more than what would be beside a chance.
  const named = best.find(({ embedding, output }) => embedding !== null && embedding !== output) ?? best[0];
  const { inTheWay } = named;
  const names = inTheWay.map((tensor) => tensor.names[0]);
  const normalization = normalizationAmong(inTheWay);
  const error = normalization
    ? new UserError('error.torch.normalization', file, normalization.module, normalization.size, normalization.kinds)
    : new UserError('error.torch.tensorsInTheWay', file, names.slice(0, 8).join(', '));
  return error.needing('tensors', withoutWhatIsInTheWay([named, ...best]));
}

/** For each reading the answer that makes it possible. */
function withoutWhatIsInTheWay(readings: readonly Reading[]): string[] {
  const answers = readings.map(({ inTheWay }) =>
    inTheWay.map((tensor) => answerOf('unused', tensor.names[0])).join(','),
  );
  return Array.from(new Set(answers)).slice(0, maxChoices);
}

/** Whether anything is said that decides which readings fit; what options layers have does not. */
function saysRoles(answers: TensorAnswers): boolean {
  return answers.unused.length > 0 || Object.keys(answers).some((name) => name !== 'unused' && name !== 'options');
}

/** Why no reading fits. @param said the answers, where they decide */
function noneOf(chains: readonly Chain[], tensors: readonly WeightTensor[], said: string, file: string): UserError {
  if (said !== '') return new UserError('error.torch.answersDoNotFit', file, said);
  const [chain] = chains;
  const pairs = namesInPairs(chain);
  // Of two that are alike it may be a model and its copy.
  if (pairs.length > 0 && chain.some(({ isGuess }) => isGuess)) return severalModules(file, chain);
  if (pairs.length > 0) return twoDirections(file, pairs);
  const outputs = chains.flatMap((each) => outputsOf(each, tensors));
  const [I, width] = [inputSizeOf(chain), outputSizeOf(chain[chain.length - 1])];
  if (outputs.length === 0) {
    const unread = tensors.find(({ data, shape }) => !data && shape.length === 2 && shape[1] === width);
    if (unread) return unreadable(unread, file);
    const matrices = tensors
      .filter(({ shape }) => shape.length === 2)
      .map(({ names, shape }) => `${names[0]} [${shape.join(', ')}]`);
    return new UserError('error.torch.oneOutputLayer', file, width, matrices.slice(0, 8).join(', ') || '–');
  }
  const strange = tensors.find(({ data, shape }) => !data && shape.length === 0);
  if (strange) return unreadable(strange, file);
  return new UserError('error.torch.noEmbedding', file, outputs[0].shape[0], I);
}

/** Of modules for which there is no order, nor another reading. */
export function severalModules(file: string, modules: readonly RecurrentModule[]): UserError {
  const apart = modules.flatMap((module) => module.pair ?? [module]);
  const names = apart.map(({ name }) => name).sort();
  const choices = choicesOfCopies(apart);
  return new UserError('error.torch.severalModules', file, names.slice(0, 8).join(', ')).needing('tensors', choices);
}
