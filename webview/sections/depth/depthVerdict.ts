/** The sentence over the depth figure: what is left of the gradient below all layers at the target's own step, and then back in time. */
import type { Frame, InputSummary } from '../../../src/protocol/frame';
import type { Texts } from '../../shared/texts';
import { shareName } from '../../shared/verdict';
import type { DepthGrid } from './depthGrid';

export function depthVerdict({ header }: Frame, { rows, values }: DepthGrid, texts: Texts): string {
  const { inputs = [], target, tokens, thresholds } = header;
  const layers = rows - 1;
  // Of boundary 0 at the target, relative to boundary N there.
  const left = values[layers * tokens.length + target];
  const depth = texts.numbers.integer(layers);
  if (values[target] === Number.NEGATIVE_INFINITY) return texts.get('panel.verdict.zero');
  if (left === Number.NEGATIVE_INFINITY) return texts.get('panel.depth.zero', depth);
  if (!Number.isFinite(left)) return texts.get('panel.depth.notFinite');
  const size = texts.numbers.fromLog10(left);
  const factor = texts.numbers.fromLog10(left / layers);
  const inDepth = texts.get(
    left <= thresholds.vanishing
      ? 'panel.depth.vanishes'
      : left >= thresholds.exploding
        ? 'panel.depth.explodes'
        : 'panel.depth.stays',
    depth,
    size,
    factor,
  );
  if (target === 0) return inDepth;
  return `${inDepth} ${inTime(inputs[0], target, thresholds.vanishing, texts)}`;
}

function inTime({ horizon, level }: InputSummary, target: number, vanishing: number, texts: Texts): string {
  if (level)
    return texts.get('panel.depth.level', texts.numbers.fromLog10(level.log10), texts.numbers.decimals(level.slope, 3));
  const fraction = shareName(vanishing, texts);
  return horizon === null
    ? texts.get('panel.depth.staysInTime', fraction, texts.tokens(target))
    : texts.get('panel.depth.fallsInTime', fraction, texts.tokens(horizon));
}
