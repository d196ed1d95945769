/** The page's texts in the reader's language, and numbers written its way. */
import { stateNamed } from '../../src/layers/catalog';
import { englishPageStrings, type PageStringKey, type PageStrings } from '../../src/pageContract/pageStrings';
import type { FlowRow } from './flowRows';
import { NumberFormat } from './format';

export interface Segment {
  readonly text: string;
  /** What a number speaks of; null for ordinary text. */
  readonly tone: 'vanishing' | 'exploding' | null;
}

export class Texts {
  readonly numbers: NumberFormat;

  constructor(
    private readonly strings: PageStrings,
    readonly language: string,
  ) {
    this.numbers = new NumberFormat(language);
  }

  get(key: PageStringKey, ...args: readonly string[]): string {
    return this.strings[key].replace(/\{(\d)\}/g, (place, index: string) => args[Number(index)] ?? place);
  }

  /** The template as pieces, so that what is filled in can be emphasized and nothing is parsed as markup. */
  segments(key: PageStringKey, ...args: readonly (readonly Segment[])[]): Segment[] {
    return this.strings[key]
      .split(/(\{\d\})/)
      .flatMap((piece) => {
        const place = /^\{(\d)\}$/.exec(piece);
        return (place && args[Number(place[1])]) ?? [{ text: piece, tone: null }];
      })
      .filter((segment) => segment.text !== '');
  }

  tokens(count: number): string {
    return count === 1 ? this.get('oneToken') : this.get('manyTokens', this.numbers.integer(count));
  }

  /** A size relative to the target's own step, from its log₁₀. */
  relative(log10: number): string {
    if (Number.isNaN(log10)) return this.get('readoutUnreachable');
    if (Number.isFinite(log10)) return this.numbers.fromLog10(log10);
    return this.get(log10 < 0 ? 'readoutZero' : 'readoutNotFinite');
  }

  layer(layer: number, direction: 'forward' | 'backward'): string {
    return this.get(direction === 'forward' ? 'layer' : 'layerBackward', String(layer + 1));
  }

  /** A row's name in a margin: “layer 2”, of several states “layer 2, c” or “cell c”. */
  row({ layer, direction, state, naming }: Pick<FlowRow, 'layer' | 'direction' | 'state' | 'naming'>): string {
    const name = this.layer(layer, direction);
    if (naming === 'layer') return name;
    const { symbol } = stateNamed(state);
    return naming === 'state' ? this.get('rowState', this.get(`${state}Short`), symbol) : this.get('rowStateOf', name, symbol);
  }

  /** A row's name in a sentence: “layer 2”, of several states “the cell state of layer 2” or “the cell state”. */
  rowInSentence({ layer, direction, state, naming }: FlowRow): string {
    const name = this.layer(layer, direction);
    if (naming === 'layer') return name;
    const label = this.get(stateNamed(state).unitMap);
    return naming === 'state' ? this.get('theState', label) : this.get('theStateOf', label, name);
  }
}

/** From the JSON the editor put into the document; English where a text is missing, or all of it is. */
export function loadTexts(): Texts {
  const element = document.getElementById('strings');
  const given: unknown = element ? JSON.parse(element.textContent) : {};
  const strings: Record<PageStringKey, string> = { ...englishPageStrings };
  if (typeof given === 'object' && given !== null) {
    for (const key of Object.keys(strings) as PageStringKey[]) {
      const text: unknown = (given as Record<string, unknown>)[key];
      if (typeof text === 'string') strings[key] = text;
    }
  }
  return new Texts(strings, document.documentElement.lang || 'en');
}
