/** The hover over one token, as Markdown, from the engine's report. */
import type { Contribution, Prediction, TokenReport } from '../../protocol/engine';
import { escapeMarkdown, markdownSymbols, visibleSymbol } from '../markdown';
import { symbolAt, tokenCount, type ProbeText } from './probeText';

/** Puts a sentence into the reader's language and fills its places; the editor's `l10n.t` has this form. */
export type Translate = (template: string, ...args: (string | number)[]) => string;

/** Cells of a bar at its longest. */
const barCells = 12;
/** Tokens shown before and behind a contributing one. */
const contextBefore = 6;
const contextBehind = 3;

export function hoverText(report: TokenReport, probe: ProbeText, t: Translate): string {
  const parts = [heading(report, t), predictions(report, t), states(report, t), contributions(report, probe, t)];
  return parts.filter((part) => part !== '').join('\n\n');
}

function heading(report: TokenReport, t: Translate): string {
  const symbol = `**${escapeMarkdown(visibleSymbol(report.symbol))}**`;
  if (report.loss === null) return `${symbol}  ${t('The first token of the probe: nothing predicts it.')}`;
  return `${symbol}  ${t('loss {0} nats ({1} bits)', report.loss.toFixed(2), (report.loss / Math.LN2).toFixed(2))}`;
}

function predictions(report: TokenReport, t: Translate): string {
  if (report.predictions.length === 0) return '';
  const row = ({ symbol, probability }: Prediction) => {
    const shown = escapeMarkdown(visibleSymbol(symbol));
    return `| ${symbol === report.symbol ? `**${shown}**` : shown} | \`${bar(probability)}\` | ${percent(probability)} |`;
  };
  return table([t('predicted'), '', ''], [':-:', ':--', '--:'], report.predictions.map(row));
}

function states(report: TokenReport, t: Translate): string {
  if (report.layers.length === 0) return escapeMarkdown(t('The last token of the probe is only predicted, not read: it has no state.'));
  const row = (layer: TokenReport['layers'][number]) => {
    const name = layer.direction === 'forward' ? String(layer.layer + 1) : t('{0} backward', layer.layer + 1);
    const region = layer.region === null ? '' : layer.region === 'vanishing' ? t('vanishing') : t('exploding');
    const cells = [
      name,
      layer.hiddenNorm.toFixed(2),
      layer.hiddenChange.toFixed(2),
      layer.gradient === null ? '–' : powerOfTen(layer.gradient),
      layer.gain === null ? '–' : significant(layer.gain),
      region,
    ];
    return `| ${cells.join(' | ')} |`;
  };
  const head = [t('layer'), '‖h‖', t('change'), t('gradient'), t('gain'), ''];
  return table(head, ['--:', '--:', '--:', '--:', '--:', ':--'], report.layers.map(row));
}

function contributions(report: TokenReport, probe: ProbeText, t: Translate): string {
  if (!report.contributions || report.contributions.strongest.length === 0) return '';
  const { strongest, whole } = report.contributions;
  const longest = Math.max(...strongest.map(({ score }) => Math.abs(score)));
  const row = ({ token, score }: Contribution) =>
    `| ${inContext(probe, token)} | ${t('{0} back', report.token - token)} | \`${signedBar(score / longest)}\` | ${signed(score)} |`;
  const title = t('What earlier tokens left behind for **{0}** (its logit, {1} in all)', escapeMarkdown(visibleSymbol(report.symbol)), signed(whole));
  const ignored = t('The gates are held fixed: a token gets no credit for having opened or closed one.');
  return `${title}\n\n${table(['', '', '', ''], [':--', '--:', ':-:', '--:'], strongest.map(row))}\n\n*${ignored}*`;
}

/** The token in bold between its neighbours. */
function inContext(probe: ProbeText, token: number): string {
  const symbols = (from: number, to: number) => {
    let text = '';
    for (let other = Math.max(0, from); other < Math.min(tokenCount(probe), to); other++) text += symbolAt(probe, other);
    return markdownSymbols(text);
  };
  return `${symbols(token - contextBefore, token)} **${symbols(token, token + 1)}** ${symbols(token + 1, token + 1 + contextBehind)}`;
}

function table(head: readonly string[], alignment: readonly string[], rows: readonly string[]): string {
  return [`| ${head.join(' | ')} |`, `| ${alignment.join(' | ')} |`, ...rows].join('\n');
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
  return `${value >= 9.95 ? value.toFixed(0) : value.toFixed(1)}%`;
}

/** 10 to this power, in words a table holds: "1" for the target's own size, "0" for nothing. */
function powerOfTen(exponent: number): string {
  if (exponent === -Infinity) return '0';
  return `10^${exponent.toFixed(1).replace('-', '−')}`;
}

function significant(value: number): string {
  return value !== 0 && (value < 0.01 || value >= 1000) ? value.toExponential(1).replace('-', '−') : value.toFixed(2);
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`;
}
