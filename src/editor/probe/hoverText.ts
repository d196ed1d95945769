/** The hover over one token, as Markdown, from the engine's report. */
import type { Argument, MessageKey } from '../../messages';
import type { TokenReport } from '../../protocol/engine';
import type { GraphTokenReport } from '../../protocol/graph';
import type { Contribution, HeadContribution, Prediction } from '../../protocol/flowReport';
import { fixed, powerOfTen as tenToThe, scientific, significant } from '../../terms/numberFormat';
import { squaredError } from '../squaredError';
import { attributeCommand, commandLink, openPanelAtCommand, pinCommand, revealCommand } from './hoverLinks';
import { escapeMarkdown, markdownSymbols } from '../markdown';
import { textBetween, textOf, tokensAtPlace, type ProbeText } from './probeText';

/** Of a stack of layers, or in graph mode. */
export type AnyTokenReport = TokenReport | GraphTokenReport;

/** Formats a sentence in the reader's language. */
export type Localize = (key: MessageKey, ...args: Argument[]) => string;

/** Cells of a bar at its longest. */
const barCells = 8;
/** Contributions in the table, as many as predictions; the engine may send more. */
const shownContributions = 5;
/** Lines of tensors in graph mode. */
const shownTensors = 6;
/** Tokens shown before and behind a contributing one: letters, or words and what stands between them. */
const contextOfLetters = { before: 5, behind: 2 };
const contextOfWords = { before: 2, behind: 1 };

/** Of all tokens that stand at one place: of a character's bytes one after another, under the character. */
export function hoverTexts(reports: readonly AnyTokenReport[], probe: ProbeText, localize: Localize): string[] {
  const texts = reports.map((report) => hoverText(report, probe, localize));
  return texts.length > 1 ? [characterHeading(reports, probe, localize), ...texts] : texts;
}

export function hoverText(report: AnyTokenReport, probe: ProbeText, localize: Localize): string {
  const parts = [
    heading(report, probe, localize),
    ...('series' in report ? ofGraph(report, probe, localize) : ofStack(report, probe, localize)),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function ofStack(report: TokenReport, probe: ProbeText, localize: Localize): string[] {
  const { contributions } = report;
  return [
    ...states(report, localize),
    evidence(
      report,
      localize('hover.leftBehindBy'),
      contributions ? contributionRows(report, contributions, probe, localize) : [],
      localize,
    ),
    ignored(report, localize),
    methods(report, localize),
  ];
}

/** In graph mode there is one way to divide the logit up, which says itself that it is not complete. */
function ofGraph(report: GraphTokenReport, probe: ProbeText, localize: Localize): string[] {
  const contributions = report.contributions && { strongest: report.contributions, whole: null };
  return [
    ...tensors(report, localize),
    evidence(
      report,
      localize('attribution.method.gradientTimesInput'),
      contributions ? contributionRows(report, contributions, probe, localize) : [],
      localize,
    ),
    contributions ? `*${localize('hover.toFirstOrder')}*` : '',
    contributions
      ? commandLink(
          localize('hover.allContributions'),
          localize('attribution.method.gradientTimesInputDetail'),
          attributeCommand,
          report.token,
          'gradientTimesInput',
        )
      : '',
  ];
}

/** Shown above the reports of a character's bytes, one or more of which it is. */
export function characterHeading(reports: readonly AnyTokenReport[], probe: ProbeText, localize: Localize): string {
  const losses = reports.map(({ loss }) => loss);
  const facts = [
    `**${markdownSymbols(textOf(probe, reports[0].token))}**`,
    localize('count.token.many', reports.length),
  ];
  // By the chain rule the losses of its bytes sum to the character's own; not where its first is the probe's.
  if (losses.every((loss) => loss !== null))
    facts.push(
      lossText(
        losses.reduce((sum, loss) => sum + loss, 0),
        localize,
      ),
    );
  return facts.join(' · ');
}

function heading(report: AnyTokenReport, probe: ProbeText, localize: Localize): string {
  const isOfNumbers = probe.unit === 'numbers';
  const symbol = isOfNumbers ? `**${escapeMarkdown(report.symbol)}**` : symbolText(report, probe, localize);
  const panel = commandLink('$(graph)', localize('hover.openPanel'), openPanelAtCommand, report.token);
  if (isOfNumbers) return `${[symbol, ...ofNumbers(report, localize)].join(' · ')} \u00a0 ${panel}`;
  if (report.loss === null) return `${symbol} · ${localize('hover.firstToken')}`;
  const loss = lossText(report.loss, localize);
  // Up here, because a hover shows little and is seldom scrolled.
  const pin = commandLink('$(pin)', localize('hover.traceBack'), pinCommand, report.token);
  return `${symbol} · ${loss} \u00a0 ${pin} \u00a0 ${panel}`;
}

/** Of a step its number; of what is to be predicted how well it is. */
function ofNumbers(report: AnyTokenReport, localize: Localize): string[] {
  if (report.loss === null || !('numbers' in report)) return [localize('step.number', report.token + 1)];
  const predicted = Array.from(report.numbers.predicted, (value) => significant(value, 4));
  return [localize('hover.numbers', predicted.join(', ')), localize('hover.squaredError', squaredError(report.loss))];
}

/** The token; one that the model reads as another symbol, its unknown one, with that. */
function symbolText({ token, symbol }: AnyTokenReport, probe: ProbeText, localize: Localize): string {
  const shown = `**${markdownSymbols(symbol)}**`;
  const text = textOf(probe, token);
  // A token that stands around the text has no text.
  if (text === symbol || text === '' || probe.unit === 'byte') return shown;
  return `**${markdownSymbols(text)}** · ${localize('hover.readAs', shown)}`;
}

function lossText(nats: number, localize: Localize): string {
  return localize('hover.loss', fixed(nats, 2), fixed(nats / Math.LN2, 2));
}

/** One line for every layer: ‖h‖ and how it changed, gradient relative to the target's own step, its factor, region. */
function states(report: TokenReport, localize: Localize): string[] {
  if (report.layers.length + report.inputs.length === 0) return report.numbers ? [] : [localize('hover.lastToken')];
  return [...recurrentStates(report, localize), ...readInputs(report, localize)];
}

/** One line for every layer that is no recurrent one: gradient by what it reads relative to the target's own step, region. */
function readInputs({ inputs }: TokenReport, localize: Localize): string[] {
  return inputs.map(({ layer, gradient, region }) => {
    const facts = [
      gradient === null ? localize('hover.unreachable') : localize('hover.inputGradient', powerOfTen(gradient)),
    ];
    if (region !== null) facts.push(regionName(region, localize));
    return `${localize('layer.number', layer + 1)}: ${facts.join(' · ')}`;
  });
}

function regionName(region: 'vanishing' | 'exploding', localize: Localize): string {
  return `**${region === 'vanishing' ? localize('hover.vanishing') : localize('hover.exploding')}**`;
}

function recurrentStates(report: TokenReport, localize: Localize): string[] {
  return report.layers.map((layer) => {
    const facts = [`‖h‖ ${fixed(layer.hiddenNorm, 2)}`, localize('hover.change', fixed(layer.hiddenChange, 2))];
    if (layer.gradient !== null) facts.push(localize('hover.gradient', powerOfTen(layer.gradient)));
    if (layer.gain !== null) facts.push(localize('hover.gradientFactor', sizeInWords(layer.gain)));
    if (layer.region !== null) facts.push(regionName(layer.region, localize));
    if (layer.inputGradient !== null) facts.push(localize('hover.inputGradient', powerOfTen(layer.inputGradient)));
    const name =
      layer.direction === 'forward'
        ? localize('layer.number', layer.layer + 1)
        : localize('layer.numberBackward', layer.layer + 1);
    return report.layers.length + report.inputs.length === 1 ? facts.join(' · ') : `${name}: ${facts.join(' · ')}`;
  });
}

/** One line for every tensor that is shown: its name, ‖s‖, gradient relative to the target's own step, region. */
function tensors(report: GraphTokenReport, localize: Localize): string[] {
  if (report.series.length === 0) return [localize('hover.lastToken')];
  const lines = report.series.map(({ name, norm, gradient, region }) => {
    const facts = [`‖s‖ ${sizeInWords(norm)}`];
    if (gradient !== null) facts.push(localize('hover.gradient', powerOfTen(gradient)));
    if (region !== null) facts.push(regionName(region, localize));
    return `${markdownSymbols(name)}: ${facts.join(' · ')}`;
  });
  // As many as a hover has room for; the panel has all.
  const others = lines.length - shownTensors;
  return others > 1 ? [...lines.slice(0, shownTensors), localize('hover.otherTensors', others)] : lines;
}

/** What was predicted here, and beside it what earlier tokens left behind for this one: one table, to keep the hover low. */
function evidence(
  report: AnyTokenReport,
  contributionsTitle: string,
  contributed: readonly string[][],
  localize: Localize,
): string {
  const predicted = report.predictions.map((prediction) => predictionCells(prediction, report.symbol));
  if (predicted.length === 0 && contributed.length === 0) return '';
  const rows = Array.from({ length: Math.max(predicted.length, contributed.length) }, (_, row) => [
    ...(predicted.at(row) ?? ['', '', '']),
    ...(contributed.length > 0 ? (contributed.at(row) ?? ['', '', '', '']) : []),
  ]);
  const head = [
    '',
    localize('hover.predicted'),
    '',
    ...(contributed.length > 0 ? [contributionsTitle, '', localize('hover.forTheLogit'), ''] : []),
  ];
  const alignment = [':-:', ':--', '--:', ...(contributed.length > 0 ? ['--:', '--:', ':--', '--:'] : [])];
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [head, alignment, ...rows].map(line).join('\n');
}

function predictionCells({ symbol, probability }: Prediction, actual: string): string[] {
  const shown = markdownSymbols(symbol);
  return [symbol === actual ? `**${shown}**` : shown, `\`${bar(probability)}\``, percent(probability)];
}

/** The strongest contributions, and where they are parts of a whole the sum over all tokens. */
function contributionRows(
  report: AnyTokenReport,
  { strongest: all, whole }: { readonly strongest: readonly Contribution[]; readonly whole: number | null },
  probe: ProbeText,
  localize: Localize,
): string[][] {
  const strongest = all.slice(0, shownContributions);
  const longest = Math.max(...strongest.map(({ score }) => Math.abs(score)));
  const cells = ({ token, score, head }: Contribution) => [
    commandLink(inContext(probe, token), localize('hover.showInText'), revealCommand, token),
    [
      localize('attribution.tokensBack', report.token - token),
      ...(head ? [throughHead(report, head, localize)] : []),
    ].join(' · '),
    `\`${signedBar(longest > 0 ? score / longest : 0)}\``,
    signed(score),
  ];
  const sum = whole === null ? [] : [[localize('hover.allTokens'), '', '', `**${signed(whole)}**`]];
  return [...strongest.map(cells), ...sum];
}

/** The head, with its layer where there are several. */
function throughHead(report: AnyTokenReport, { layer, head, score }: HeadContribution, localize: Localize): string {
  const layers = 'series' in report ? 1 : report.layers.length + report.inputs.length;
  return layers > 1
    ? localize('hover.throughHeadOfLayer', layer + 1, head + 1, signed(score))
    : localize('hover.throughHead', head + 1, signed(score));
}

/** What the scores do not say. */
function ignored({ contributions }: TokenReport, localize: Localize): string {
  if (!contributions) return '';
  return contributions.method === 'additive'
    ? contributions.heldFixed.map((sentence) => `*${localize(sentence)}*`).join(' ')
    : `*${localize('hover.fromZeroInput')}*`;
}

/** Other ways to divide the logit up. What nothing predicts has none, and what is no symbol. */
function methods({ token, loss, numbers }: TokenReport, localize: Localize): string {
  if (loss === null || numbers) return '';
  return [
    commandLink(
      localize('attribution.method.integratedGradients'),
      localize('attribution.method.integratedGradientsDetail'),
      attributeCommand,
      token,
      'integratedGradients',
    ),
    commandLink(
      localize('attribution.method.gradientTimesInput'),
      localize('attribution.method.gradientTimesInputDetail'),
      attributeCommand,
      token,
      'gradientTimesInput',
    ),
  ].join(' · ');
}

/** The token in bold between its neighbors; a byte as its character, and which of it. */
export function inContext(probe: ProbeText, token: number): string {
  const { first, end } = tokensAtPlace(probe, token);
  const { before, behind } = isOfLetters(probe) ? contextOfLetters : contextOfWords;
  const symbols = (from: number, to: number) => markdownSymbols(textBetween(probe, from, to));
  return `${symbols(first - before, first)} **${symbols(token, token + 1)}**${ordinal(probe, token)} ${symbols(end, end + behind)}`;
}

function isOfLetters({ unit }: ProbeText): boolean {
  return unit === 'codePoint' || unit === 'grapheme' || unit === 'byte';
}

/** Of a byte, which of its character, " 2/3"; nothing for a token by itself. */
export function ordinal(probe: ProbeText, token: number): string {
  const { first, end } = tokensAtPlace(probe, token);
  return end - first === 1 ? '' : ` ${token - first + 1}/${end - first}`;
}

/** A bar of 0 … 1, filled up with no-break spaces, which HTML does not collapse. */
export function bar(share: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * barCells * 8);
  const rest = eighths % 8;
  const filled = '█'.repeat(eighths >> 3) + (rest > 0 ? String.fromCodePoint(0x2590 - rest) : '');
  return filled.padEnd(barCells, '\u00a0');
}

/** A bar of −1 … 1 from a middle line: to the left what speaks against, to the right what speaks for. */
export function signedBar(share: number): string {
  const half = barCells / 2;
  const cells = Math.round(Math.min(1, Math.abs(share)) * half);
  const filled = '█'.repeat(cells);
  const empty = '\u00a0'.repeat(half);
  return share < 0 ? `${filled.padStart(half, '\u00a0')}│${empty}` : `${empty}│${filled.padEnd(half, '\u00a0')}`;
}

function percent(probability: number): string {
  const value = probability * 100;
  // One of the likeliest is never impossible.
  if (value > 0 && value < 0.05) return '<0.1%';
  return `${value >= 9.95 ? value.toFixed(0) : value.toFixed(1)}%`;
}

/** 10 to this power, as "4.6·10⁻¹⁷"; an exact zero is "0". */
export function powerOfTen(exponent: number): string {
  if (exponent === -Infinity) return '0';
  // Rounded to a tenth of the mantissa first, so that 9.97 does not become 10.0.
  const rounded = Math.log10(Math.round(10 ** (exponent - Math.floor(exponent)) * 10) / 10) + Math.floor(exponent);
  const whole = Math.floor(rounded + 1e-9);
  const mantissa = (10 ** (rounded - whole)).toFixed(1);
  return whole === 0 ? mantissa : `${mantissa}·${tenToThe(whole)}`;
}

function sizeInWords(value: number): string {
  return value !== 0 && (value < 0.01 || value >= 1000) ? scientific(value, 1) : value.toFixed(2);
}

export function signed(value: number): string {
  return `${value < 0 ? '' : '+'}${fixed(value, 2)}`;
}
