/** What the units' statistics come to, in sentences. */
import type { Texts } from '../../../shared/texts';
import { isGate, isShare, mostly, type Quantity, type UnitStatistics } from './statistics';

/** Most units that are listed by their number. */
const maxListed = 24;

const wordsOfGates = {
  shares: 'panel.finding.gateShares',
  mostlyLow: 'panel.finding.gateMostlyShut',
  mostlyHigh: 'panel.finding.gateMostlyOpen',
} as const;
const wordsOfFactors = {
  shares: 'panel.finding.factorShares',
  mostlyLow: 'panel.finding.factorMostlyForgets',
  mostlyHigh: 'panel.finding.factorMostlyKeeps',
} as const;

/** `relu`: the values are of a relu unit, which is dead where it is 0 at every step. */
export function findingsOf(
  { left, right, halfLife, isZero }: UnitStatistics,
  quantity: Quantity,
  relu: boolean,
  texts: Texts,
): string[] {
  const { numbers } = texts;
  const findings: string[] = [];
  const total = isZero.length;
  if (left && right) {
    const share = (shares: Float64Array): string =>
      numbers.percent(
        shares.reduce((sum, each) => sum + each, 0),
        total,
      );
    if (isShare(quantity)) {
      const { shares, mostlyLow, mostlyHigh } = isGate(quantity) ? wordsOfGates : wordsOfFactors;
      const flags = (values: Float64Array) => values.map((each) => Number(each >= mostly));
      findings.push(
        texts.get(shares, share(right), share(left)),
        ...listed(mostlyLow, flags(left), texts),
        ...listed(mostlyHigh, flags(right), texts),
      );
    } else {
      const both = left.map((each, u) => each + right[u]);
      findings.push(texts.get('panel.finding.tanhShare', share(both)));
      findings.push(
        ...listed(
          'panel.finding.tanhMostlySaturated',
          both.map((each) => Number(each >= mostly)),
          texts,
        ),
      );
    }
  }
  if (halfLife) {
    const sorted = halfLife.slice().sort();
    const median = sorted[Math.floor(sorted.length / 2)];
    findings.push(texts.get('panel.halfLife.median', numbers.short(median), numbers.short(sorted[sorted.length - 1])));
  }
  if (relu) {
    const dead = listed('panel.finding.deadUnits', isZero.map(Number), texts);
    findings.push(...(dead.length > 0 ? dead : [texts.get('panel.finding.deadNone')]));
  }
  return findings;
}

/** “… 3 of 128 units (2, 7, 9)”; nothing when none is. */
function listed(
  key:
    | (typeof wordsOfGates | typeof wordsOfFactors)['mostlyLow' | 'mostlyHigh']
    | 'panel.finding.tanhMostlySaturated'
    | 'panel.finding.deadUnits',
  flags: ArrayLike<number>,
  texts: Texts,
): string[] {
  const units = Array.from(flags, (flag, unit) => (flag ? unit : -1)).filter((unit) => unit >= 0);
  if (units.length === 0) return [];
  const names = units.slice(0, maxListed).map((unit) => texts.numbers.integer(unit));
  return [
    texts.get(
      key,
      texts.numbers.integer(units.length),
      texts.numbers.integer(flags.length),
      names.join(', ') + (units.length > maxListed ? ' …' : ''),
    ),
  ];
}
