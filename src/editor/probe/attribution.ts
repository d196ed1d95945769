/** Which Tokens Made It Expect This…: what each token has of one token's logit, strongest first, in a list that leads to the tokens. */
import * as vscode from 'vscode';
import type { AttributionMethod, AttributionReport } from '../../protocol/engine';
import type { RunSession } from '../runs/runSession';
import { visibleSymbol } from '../markdown';
import { bar, ordinal, signed } from './hoverText';
import { textBetween, textOf, tokenAtOffset, tokenCount, tokensAtPlace } from './probeText';
import type { Probe } from './probeTracker';
import { localize } from '../localize';

/** In graph mode only the slope at the text is known. */
const methodsOfGraph: readonly AttributionMethod[] = ['gradientTimesInput'];
const methods: readonly AttributionMethod[] = ['additive', 'integratedGradients', 'gradientTimesInput'];
/** Tokens shown before and behind a contributing one. */
const [contextBefore, contextBehind] = [16, 8];

/** @param given a token of the probe, and a method; what is missing is asked for or taken from the cursor */
export async function attributeToken(
  session: RunSession,
  probe: Probe,
  reveal: (token: number) => unknown,
  given: { token: unknown; method: unknown },
): Promise<void> {
  const token = typeof given.token === 'number' && Number.isInteger(given.token) ? given.token : tokenAtCursor(probe);
  if (token === undefined || token < 1 || token >= tokenCount(probe)) {
    void vscode.window.showInformationMessage(localize('attribution.needsToken'));
    return;
  }
  const possible = session.graph ? methodsOfGraph : methods;
  const method =
    possible.find((each) => each === given.method) ?? (possible.length === 1 ? possible[0] : await pickMethod());
  if (!method) return;
  const title = localize('attribution.progress', nameOf(method), nameOfToken(probe, token));
  const report = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title, cancellable: true },
    (_, cancellation) => {
      const controller = new AbortController();
      cancellation.onCancellationRequested(() => controller.abort());
      return session.attribute({ text: probe.text, token, method }, controller.signal);
    },
  );
  show(report, probe, token, reveal);
}

function tokenAtCursor(probe: Probe): number | undefined {
  const editor = vscode.window.activeTextEditor;
  if (editor?.document.uri.toString() !== probe.document.toString()) return undefined;
  return tokenAtOffset(probe, editor.document.offsetAt(editor.selection.active));
}

async function pickMethod(): Promise<AttributionMethod | undefined> {
  const details: Readonly<Record<AttributionMethod, string>> = {
    additive: localize('attribution.method.additiveDetail'),
    integratedGradients: localize('attribution.method.integratedGradientsDetail'),
    gradientTimesInput: localize('attribution.method.gradientTimesInputDetail'),
  };
  const items = methods.map((method) => ({ label: nameOf(method), detail: details[method], method }));
  return (await vscode.window.showQuickPick(items, { placeHolder: localize('attribution.method.placeholder') }))
    ?.method;
}

function nameOf(method: AttributionMethod): string {
  switch (method) {
    case 'additive':
      return localize('attribution.method.additive');
    case 'integratedGradients':
      return localize('attribution.method.integratedGradients');
    case 'gradientTimesInput':
      return localize('attribution.method.gradientTimesInput');
  }
}

function show(
  { method, parts, rest, whole }: AttributionReport,
  probe: Probe,
  token: number,
  reveal: (token: number) => unknown,
): void {
  const order = Array.from(parts.keys())
    .filter((k) => parts[k] !== 0)
    .sort((a, b) => Math.abs(parts[b]) - Math.abs(parts[a]));
  const longest = order.length > 0 ? Math.abs(parts[order[0]]) : 1;
  type Item = vscode.QuickPickItem & { readonly token: number };
  const items = order.map((k): Item => ({
    label: `${signed(parts[k])} ${bar(Math.abs(parts[k]) / longest)}`,
    description: `${inContext(probe, k)}    ${localize('attribution.tokensBack', token - k)}`,
    token: k,
  }));
  const pick = vscode.window.createQuickPick<Item>();
  const name = localize('attribution.result.title', nameOf(method), nameOfToken(probe, token));
  pick.title = `${name} · ${sumOf(method, parts, rest, whole)}`;
  pick.placeholder = localize('attribution.result.placeholder');
  pick.items = items;
  pick.matchOnDescription = true;
  pick.onDidChangeActive(([item]) => void reveal(item.token));
  pick.onDidAccept(() => pick.hide());
  pick.onDidHide(() => pick.dispose());
  pick.show();
}

/** What the parts come to. */
function sumOf(method: AttributionMethod, parts: Float64Array, rest: number | null, whole: number): string {
  const sum = parts.reduce((total, part) => total + part, 0);
  if (rest === null) return localize('attribution.result.firstOrder', signed(sum), signed(whole));
  if (method === 'gradientTimesInput')
    return localize('attribution.result.incompleteSum', signed(sum), signed(whole - rest));
  const ofNone =
    method === 'additive'
      ? localize('attribution.result.carriedState', signed(rest))
      : localize('attribution.result.zeroInput', signed(rest));
  return localize('attribution.result.sum', signed(sum), ofNone, signed(whole));
}

function nameOfToken(probe: Probe, token: number): string {
  return visibleSymbol(textOf(probe, token)) + ordinal(probe, token);
}

function inContext(probe: Probe, token: number): string {
  const { first, end } = tokensAtPlace(probe, token);
  const symbols = (from: number, to: number) => visibleSymbol(textBetween(probe, from, to));
  return `${symbols(first - contextBefore, first)}⟦${nameOfToken(probe, token)}⟧${symbols(end, end + contextBehind)}`;
}
