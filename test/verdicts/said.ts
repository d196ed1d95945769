/** Everything that the product says of a model, by the code that says it in the page, the terminal and the editor, and what of it the numbers do not bear out. */
import english from '../../l10n/bundle.l10n.json';
import { pageStringsOf, type PageKey } from '../../src/messages';
import type { Frame, FrameHeader } from '../../src/protocol/frame';
import { headWeightsOf, seriesOf, unitMapOf } from '../../src/protocol/frame';
import type { FlowOverTraining } from '../../src/protocol/overTraining';
import type { TargetMatrix } from '../../src/protocol/targetMatrix';
import { isUnboundedBy } from '../../src/layers/catalog';
import { saturatedAbove } from '../../src/terms/saturation';
import { nearestRegions, noteKey, tintOf } from '../../src/editor/probe/tintLevels';
import { flowRows, firstRows, inputRows, type FlowRow } from '../../webview/shared/flowRows';
import { Texts, type Segment } from '../../webview/shared/texts';
import { verdict } from '../../webview/shared/verdict';
import { depthGrid } from '../../webview/sections/depth/depthGrid';
import { depthVerdict } from '../../webview/sections/depth/depthVerdict';
import { headVerdict } from '../../webview/sections/heads/headVerdict';
import { matrixVerdict } from '../../webview/sections/matrix/matrixVerdict';
import { OverTraining } from '../../webview/sections/overTraining/overTraining';
import { overTrainingVerdict } from '../../webview/sections/overTraining/overTrainingVerdict';
import { findingsOf } from '../../webview/sections/why/units/findings';
import { quantityOf, statisticsOf } from '../../webview/sections/why/units/statistics';

export interface Said {
  readonly key: string;
  /** The whole of what was said where the sentence stood. */
  readonly text: string;
  /** What of it is more than the numbers show; null for nothing, undefined where no check looks at this sentence. */
  readonly doubt: Doubt;
}

export type Doubt = string | null | undefined;

/** Texts that remember which sentences they gave. */
class RememberingTexts extends Texts {
  readonly keys: PageKey[] = [];

  override get(key: PageKey, ...args: readonly string[]): string {
    this.keys.push(key);
    return super.get(key, ...args);
  }

  override segments(key: PageKey, ...args: readonly (readonly Segment[])[]): Segment[] {
    this.keys.push(key);
    return super.segments(key, ...args);
  }
}

/** What is said, with each sentence's doubt. @param doubts of the sentences that have a check */
export function saying(
  say: (texts: Texts) => string,
  doubts: (key: string, text: string) => Doubt = () => undefined,
): Said[] {
  const texts = new RememberingTexts(pageStringsOf(english), 'en');
  const text = say(texts);
  return [...new Set(texts.keys)].map((key) => ({ key, text, doubt: doubts(key, text) }));
}

const spoken = (segments: readonly Segment[]) => segments.map(({ text }) => text).join('');

/** Of one frame: the verdict on its states, on what the lowest layer reads, over depth, heads and units, and the notes in the text. */
export function saidOfFrame(frame: Frame): Said[] {
  const { header } = frame;
  const states = header.flows.length > 0 ? [flowRows(frame)] : [];
  const lowest = inputRows(frame).filter(({ isMain }) => isMain);
  const grid = (header.inputs?.length ?? 0) > 3 ? depthGrid(frame) : null;
  return [
    ...[...states, lowest].flatMap((rows) =>
      saying(
        (texts) => spoken(verdict(header, rows, texts)),
        (key, text) => doubtOfFlow(key, text, header, rows),
      ),
    ),
    ...(grid
      ? saying(
          (texts) => depthVerdict(frame, grid, texts),
          (key) => doubtOfDepth(key, frame),
        )
      : []),
    ...saidOfHead(frame),
    ...saidInText(header, firstRows(frame)),
  ];
}

/** Lags from 1 on, in the row's own direction. */
export function byLag({ relative, direction }: FlowRow, target: number): number[] {
  const values = Array.from(
    direction === 'forward' ? relative.slice(0, target).toReversed() : relative.slice(target + 1),
  );
  return values;
}

function doubtOfFlow(key: string, text: string, header: FrameHeader, rows: readonly FlowRow[]): Doubt {
  const { thresholds, target } = header;
  const named = rows.map((row) => ({ row, values: byLag(row, target) }));
  switch (key) {
    case 'panel.verdict.falls':
    case 'panel.verdict.fallsToo': {
      // That something falls is read as: from there on it is below.
      const back = named.filter(({ row: { summary }, values }) => {
        if (summary.horizon === null || summary.level) return false;
        const behind = values.slice(summary.horizon - 1);
        return behind.filter((r) => r > thresholds.vanishing).length > behind.length / 2;
      });
      return back.length > 0 && !text.includes('above that again')
        ? `at most of the farther tokens it is above that (${back.length} rows)`
        : null;
    }
    case 'panel.verdict.level':
    case 'panel.verdict.levelIn': {
      const far = named.flatMap(({ row: { summary }, values }) =>
        summary.level ? values.filter((r) => Math.abs(r - (summary.level?.log10 ?? 0)) > 1).length / values.length : 0,
      );
      const worst = Math.max(...far);
      return worst > 0.25 ? `${(100 * worst).toFixed(0)} % of the tokens are more than a factor of ten from it` : null;
    }
    case 'panel.verdict.notFinite':
      return named.some(({ values }) => values.some(Number.isNaN)) ? null : 'see the numbers';
    case 'panel.verdict.reachesLittle':
      return named.some(({ values }) => (values.at(-1) ?? NaN) > thresholds.vanishing)
        ? 'at the beginning of the text it is above that'
        : null;
    case 'panel.verdict.reachesNone':
      return named.some(({ values }) => (values.at(-1) ?? NaN) > -Infinity)
        ? 'a gradient reaches the beginning of the text'
        : null;
    case 'panel.verdict.rises': {
      const horizon = Math.max(...named.map(({ row }) => row.summary.horizon ?? 0));
      const isAbove = named.some(({ values }) => values.slice(horizon - 1).some((r) => r > thresholds.vanishing));
      return isAbove ? null : 'it is nowhere above that again';
    }
    case 'panel.verdict.zero':
      return named.some(({ values }) => values.some((r) => r > -Infinity)) ? 'somewhere it is not zero' : null;
    case 'panel.verdict.staysBothWays':
    case 'panel.verdict.stays': {
      const isKnown = named.every(({ values }) => values.every((r) => r >= thresholds.vanishing));
      const isBelow = rows.some(({ relative }) => relative.some((r) => r < thresholds.vanishing));
      return isKnown && !isBelow ? null : 'a value is below that, or not a number';
    }
    case 'panel.verdict.grows': {
      const lone = named.filter(({ values }) => {
        const large = values.filter((r) => r >= thresholds.exploding).length;
        return large > 0 && large < 3;
      });
      return lone.length > 0 && named.every(({ values }) => values.filter((r) => r >= thresholds.exploding).length < 3)
        ? 'at one or two tokens alone'
        : null;
    }
    default:
      return undefined;
  }
}

/** From the series that the grid is made of. */
function doubtOfDepth(key: string, frame: Frame): Doubt {
  const { inputs = [], target, thresholds } = frame.header;
  const at = (boundary: number) => seriesOf(frame, 'inputFlow', boundary)?.[target] ?? NaN;
  const left = at(0) - at(inputs.length - 1);
  switch (key) {
    case 'panel.depth.vanishes':
      return left <= thresholds.vanishing ? null : 'more of it is left';
    case 'panel.depth.explodes':
      return left >= thresholds.exploding ? null : 'less of it is left';
    case 'panel.depth.stays':
      return left > thresholds.vanishing && left < thresholds.exploding
        ? null
        : 'it vanishes, explodes or is no number';
    default:
      return undefined;
  }
}

function saidOfHead(frame: Frame): Said[] {
  const weights = headWeightsOf(frame);
  if (!weights) return [];
  const { tokens, target } = frame.header;
  const own = weights.subarray(target * tokens.length, (target + 1) * tokens.length);
  const reached = own.slice(0, target + 1);
  return saying(
    (texts) => headVerdict({ tokens, target, weights: own, name: 'head 1' }, texts),
    (key) => {
      if (key !== 'panel.attention.readsEvenly') return undefined;
      const even = 1 / (target + 1);
      const few = reached.filter((weight) => weight < even / 4).length / reached.length;
      return few > 0.25 ? `${(100 * few).toFixed(0)} % of the tokens have less than a quarter of an even share` : null;
    },
  );
}

/** The notes at the ends of lines; “vanishing before here” is read as: all that stands before. */
function saidInText({ target, thresholds, tokens }: FrameHeader, rows: readonly FlowRow[]): Said[] {
  const largest = Array.from(tokens, (_, t) => Math.max(...rows.map(({ relative }) => orLowest(relative[t]))));
  const tints = largest.map((r) => tintOf(r, thresholds));
  return nearestRegions(tints, target).map((region) => {
    const { kind, from, to } = region;
    const key = noteKey(region);
    const isOfAll = key === 'tint.vanishingBefore' || key === 'tint.explodingBefore';
    const claimed = largest.slice(isOfAll ? 0 : from, to);
    const outside = claimed.filter((r) =>
      kind === 'vanishing' ? r > thresholds.vanishing : r < thresholds.exploding,
    ).length;
    return {
      key,
      text: `${target - to + 1} back`,
      doubt: outside > 0 ? `${outside} of the ${claimed.length} tokens are not` : null,
    };
  });
}

const orLowest = (r: number) => (Number.isNaN(r) ? -Infinity : r);

/** Of one unit map. @param isDeadEverywhere of a unit, on other text */
export function saidOfUnits(
  frame: Frame,
  activation: 'tanh' | 'relu',
  isDeadEverywhere: (unit: number) => boolean,
): Said[] {
  const { header } = frame;
  const { unitMap, layers } = header;
  // As the page has it: tanh is what bounds a unit.
  const isUnbounded = isUnboundedBy(layers[unitMap.layer].cell, activation);
  const relu = isUnbounded && unitMap.quantity === 'hidden';
  const statistics = statisticsOf(unitMapOf(frame), unitMap.units, quantityOf(header), !isUnbounded);
  return saying(
    (texts) => findingsOf(statistics, quantityOf(header), relu, texts).join(' '),
    (key, text) => {
      const ofUnit = (unit: number) => unitMapOf(frame).filter((_, i) => i % unitMap.units === unit);
      const each = Array.from({ length: unitMap.units }, (_, unit) => ofUnit(unit));
      if (key === 'panel.finding.deadNone')
        return each.every((values) => values.some((value) => value !== 0)) ? null : 'a unit is 0 at every step';
      if (key === 'panel.finding.tanhMostlySaturated') {
        const saturated = each.filter(
          // The map is of what goes into tanh.
          (values) => values.filter((a) => Math.abs(Math.tanh(a)) > saturatedAbove).length >= 0.9 * values.length,
        );
        return text.includes(`: ${saturated.length} of ${unitMap.units} `) ? null : `${saturated.length} units are`;
      }
      // Of this text alone it is true.
      if (key !== 'panel.finding.deadUnits') return undefined;
      if (text.includes('of this text')) return null;
      const alive = statistics.isZero.flatMap((isZero, unit) => (isZero && !isDeadEverywhere(unit) ? [unit] : []));
      return alive.length > 0 ? `${alive.length} of them are not 0 on other text` : null;
    },
  );
}

export function saidOfHistory(history: FlowOverTraining, vanishing: number): Said[] {
  const over = new OverTraining();
  over.load(history);
  if (over.rows.length === 0) return [];
  return saying(
    (texts) => overTrainingVerdict(over.rows, vanishing, texts),
    (key) => {
      const ends = [over.rows[0], over.rows[over.rows.length - 1]];
      if (key === 'panel.overTraining.reachNotFinite')
        return ends.some(({ relative }) => !Number.isFinite(relative[0]) || relative.includes(Infinity))
          ? null
          : 'all numbers are finite';
      if (key !== 'panel.overTraining.reachAll') return undefined;
      const claimed = ends.filter(({ horizon }) => Number.isNaN(horizon));
      const wrong = claimed.filter(({ relative }) => relative.some((r) => !(r >= vanishing) || r === Infinity));
      return wrong.length > 0 ? 'at some tokens it is below a thousandth, zero or not finite' : null;
    },
  );
}

export function saidOfMatrix(matrix: TargetMatrix, vanishing: number): Said[] {
  return saying(
    (texts) => matrixVerdict(matrix, vanishing, texts),
    (key, text) => {
      const T = matrix.tokens.length;
      const isUnknown = Array.from({ length: T }, (_, t) => matrix.values[t * T + t]).some((own) => own !== 0);
      const isTold = /exactly zero|not finite/.test(text);
      if (!key.startsWith('panel.matrix.')) return undefined;
      return isUnknown && !isTold ? 'some targets have no gradient of their own' : null;
    },
  );
}
