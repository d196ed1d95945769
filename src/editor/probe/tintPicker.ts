/** Tint Tokens By…: asks what the text is to be tinted by. */
import * as vscode from 'vscode';
import { englishPageStrings } from '../../pageContract/pageStrings';
import type { RunSession } from '../runs/runSession';
import { unitKinds, type TintMemory, type UnitKind } from './tintMemory';
import type { TintChoice } from './tintQuantity';

type Item = vscode.QuickPickItem & { readonly choice?: TintChoice; readonly unit?: UnitKind };

export async function pickTint(session: RunSession, memory: TintMemory): Promise<void> {
  const { t } = vscode.l10n;
  const items: Item[] = [
    { label: t('Gradient of the token at the cursor'), detail: t('How much of its loss each earlier token’s state still reaches: blue has vanished, orange has exploded.'), choice: { kind: 'gradient' } },
    { label: t('Loss'), detail: t('−ln p of each token: a level for each bit, from one bit on.'), choice: { kind: 'loss' } },
    { label: t('Surprise'), detail: t('Loss less what the model expected it to be: orange surprised it, blue came likelier than most it had in mind.'), choice: { kind: 'surprise' } },
    { label: t('One unit'), kind: vscode.QuickPickItemKind.Separator },
    ...unitKinds(session.layers).map((unit): Item => ({ label: nameOf(unit), description: placeOf(unit, session), unit })),
  ];
  const placeHolder = t('What to tint the tokens of the probe by');
  const picked = await vscode.window.showQuickPick(items, { placeHolder, matchOnDescription: true });
  const choice = picked?.unit ? await askForUnit(picked.unit) : picked?.choice;
  if (choice) memory.choose(choice);
}

async function askForUnit({ units, ...place }: UnitKind): Promise<TintChoice | undefined> {
  const isUnit = (value: string) => /^\d+$/.test(value.trim()) && Number(value) >= 1 && Number(value) <= units;
  const answer = await vscode.window.showInputBox({
    title: nameOf({ units, ...place }),
    prompt: vscode.l10n.t('Which unit, from 1 to {0}?', units),
    value: '1',
    validateInput: (value) => (isUnit(value) ? undefined : vscode.l10n.t('A whole number from 1 to {0}.', units)),
  });
  return answer === undefined ? undefined : { kind: 'unit', ...place, unit: Number(answer) - 1 };
}

function nameOf({ quantity }: UnitKind): string {
  const name = vscode.l10n.t(englishPageStrings[quantity]);
  return name.charAt(0).toLocaleUpperCase(vscode.env.language) + name.slice(1);
}

function placeOf({ layer, direction, units }: UnitKind, { layers }: RunSession): string {
  const place = direction === 'forward' ? vscode.l10n.t('layer {0}', layer + 1) : vscode.l10n.t('layer {0}, backward', layer + 1);
  const ofUnits = vscode.l10n.t('{0} units', units);
  return layers.length > 1 || layers[0].directions.length > 1 ? `${place} · ${ofUnits}` : ofUnits;
}
