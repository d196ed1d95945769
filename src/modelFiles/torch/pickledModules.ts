/**
 * What modules that were pickled whole, or scripted, say beside their tensors: their class and settings. A state dict has none of it, and there it has to be assumed
 * or asked; here it is known that something stands between the layers, or that a norm has another ε.
 */
import { namedEntries, PickleObject, type PickleValue } from '../../formats/pickle/values';
import { UserError } from '../../userError';
import { answerOf, isSaidUnused, type TensorAnswers } from './answers';
import type { ModuleFacts, SilentModule } from './moduleFacts';
import { nameIn } from './weightTensors';

/** Those of PyTorch, also behind what a scripted file puts before and into their names. */
const ofTorch = /(?:^|\.)torch\.nn\.modules\.(\w+)\..*?(\w+)$/;
/** Files of PyTorch's modules that change nothing where a text is read: dropout, containers, losses. */
const harmlessFiles = ['dropout', 'container', 'loss', 'flatten'];
/** Log-probabilities of log-probabilities are the same; a softmax beside the scores is for drawing from them. */
const harmlessClasses = ['Identity', 'LogSoftmax', 'Softmax'];
/** By the words that people call such classes of their own. */
const harmlessWords = /dropout|identity|loss|criterion|metric|accuracy|perplexity/i;

/** @param modules by their names, in a file's own order  @param tensors names of all tensors */
export function factsOf(modules: ReadonlyMap<string, PickleObject>, tensors: ReadonlySet<string>): ModuleFacts {
  const silent: SilentModule[] = [];
  const epsilons = new Map<string, number>();
  const maxNorms = new Map<string, number>();
  const ownClasses = new Map<string, string>();
  const approximations = new Set<string>();
  const names = Array.from(tensors);
  for (const [name, module] of modules) {
    const { fullName } = module.made;
    const match = ofTorch.exec(fullName);
    const className = match ? match[2] : (fullName.split('.').at(-1) ?? fullName);
    const settings = namedEntries(module.state);
    const inside = nameIn(name, '');
    if (names.some((tensor) => tensor.startsWith(inside))) {
      if (
        !match &&
        className !== '' &&
        names.some((tensor) => tensor.startsWith(inside) && !tensor.slice(inside.length).includes('.'))
      )
        ownClasses.set(name, className);
      const epsilon = settings?.get('eps');
      if (className === 'LayerNorm' && typeof epsilon === 'number') epsilons.set(name, epsilon);
      const maxNorm = settings?.get('max_norm');
      if (match && className === 'Embedding' && typeof maxNorm === 'number') maxNorms.set(name, maxNorm);
      continue;
    }
    if (isGelu(className)) approximations.add(approximationOf(className, settings?.get('approximate')));
    if (!isContainer(settings) && !isHarmless(match?.[1] ?? null, className, fullName))
      silent.push({ name, className });
  }
  const [approximation] = approximations;
  const [epsilon] = epsilons.values();
  return {
    areKnown: modules.size > 0,
    silent,
    epsilons,
    maxNorms,
    ownClasses,
    config: {
      ...(approximations.size === 1 && { gelu: approximation }),
      ...(new Set(epsilons.values()).size === 1 && { layer_norm_epsilon: epsilon }),
    },
  };
}

/** Of a scripted module, which has no table of its parameters and modules; they are its attributes. */
export function isScripted(value: PickleValue): boolean {
  return value instanceof PickleObject && /^__torch__(\.|$)/.test(value.made.module);
}

function isContainer(settings: ReadonlyMap<string, PickleValue> | null): boolean {
  const modules = namedEntries(settings?.get('_modules') ?? null);
  return (modules?.size ?? 0) > 0 || Array.from(settings?.values() ?? []).some(isScripted);
}

function isHarmless(torchFile: string | null, className: string, fullName: string): boolean {
  return torchFile === null
    ? harmlessWords.test(className) || fullName.startsWith('torchmetrics.')
    : harmlessFiles.includes(torchFile) || harmlessClasses.includes(className);
}

function isGelu(className: string): boolean {
  return /gelu/i.test(className);
}

/** `nn.GELU` says it; classes of people's own (`NewGELU`) and of libraries that are called otherwise are the approximation. */
function approximationOf(className: string, said: PickleValue | undefined): 'exact' | 'tanh' {
  if (className === 'GELU') return said === 'tanh' ? 'tanh' : 'exact';
  return className === 'GELUActivation' ? 'exact' : 'tanh';
}

/** Throws a UserError for an embedding that changes its rows when it is read. */
export function checkMaxNorms({ maxNorms }: ModuleFacts, file: string): void {
  for (const [name, maxNorm] of maxNorms)
    throw new UserError('error.torch.variant', file, nameIn(name, 'max_norm'), String(maxNorm), 'None');
}

/** Throws a UserError that names modules without tensors which may take part in the computation. @param known the class of those that do, and are computed */
export function checkSilent(
  silent: readonly SilentModule[],
  answers: TensorAnswers,
  file: string,
  known: RegExp | null = null,
): void {
  const left = silent.filter(({ name, className }) => !known?.test(className) && !isSaidUnused(name, answers));
  if (left.length === 0) return;
  const shown = left.slice(0, 8).map(({ name, className }) => `${name} (${className})`);
  throw new UserError('error.torch.modulesInTheWay', file, shown.join(', ')).needing('tensors', [
    left.map(({ name }) => answerOf('unused', name)).join(','),
  ]);
}
