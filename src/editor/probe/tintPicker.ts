/** Tint Tokens By…: asks what the text is to be tinted by. */
import * as vscode from 'vscode';
import { unitMapNamed } from '../../layers/catalog';
import type { SeriesChoice } from '../../protocol/graph';
import type { RunSession } from '../runs/runSession';
import { unitKinds, type UnitKind } from './tintChoices';
import type { TintMemory } from './tintMemory';
import type { TintChoice } from './tintQuantity';
import { localize } from '../localize';

type Item = vscode.QuickPickItem & {
  readonly choice?: TintChoice;
  readonly unit?: UnitKind;
  readonly tensor?: SeriesChoice;
};

export async function pickTint(session: RunSession, memory: TintMemory): Promise<void> {
  const items: Item[] = [
    { label: localize('tint.gradient'), detail: localize('tint.gradientDetail'), choice: { kind: 'gradient' } },
    ...(session.isOfNumbers ? [] : predictionItems()),
    ...(session.graph ? tensorItems(session) : unitItems(session)),
  ];
  const placeHolder = localize('tint.placeholder');
  const picked = await vscode.window.showQuickPick(items, { placeHolder, matchOnDescription: true });
  const choice = picked?.unit
    ? await askForUnit(picked.unit)
    : picked?.tensor
      ? await askForElement(picked.tensor)
      : picked?.choice;
  if (choice) memory.choose(choice);
}

/** By how well each token is predicted. */
function predictionItems(): Item[] {
  return [
    { label: localize('tint.loss'), detail: localize('tint.lossDetail'), choice: { kind: 'loss' } },
    { label: localize('tint.surprise'), detail: localize('tint.surpriseDetail'), choice: { kind: 'surprise' } },
  ];
}

function unitItems(session: RunSession): Item[] {
  return [
    { label: localize('tint.input.heading'), kind: vscode.QuickPickItemKind.Separator },
    ...inputItems(session),
    { label: localize('tint.unit.heading'), kind: vscode.QuickPickItemKind.Separator },
    ...unitKinds(session.layers).map((unit): Item => ({
      label: nameOf(unit),
      description: placeOf(unit, session),
      unit,
    })),
  ];
}

/** The gradient by what each layer reads, and the output layer. */
function inputItems({ layers }: RunSession): Item[] {
  return Array.from({ length: layers.length + 1 }, (_, boundary): Item => ({
    label: boundary < layers.length ? localize('tint.input.layer', boundary + 1) : localize('tint.input.output'),
    choice: { kind: 'input', boundary },
  }));
}

/** The gradient by one of the tensors that are shown, or one unit of it. */
function tensorItems({ shownSeries, graph }: RunSession): Item[] {
  const tensors = graph?.tensors.filter(({ name }) => shownSeries.includes(name)) ?? [];
  return [
    { label: localize('tint.tensor.heading'), kind: vscode.QuickPickItemKind.Separator },
    ...shownSeries.map((series): Item => ({ label: series, choice: { kind: 'gradient', series } })),
    { label: localize('tint.unit.heading'), kind: vscode.QuickPickItemKind.Separator },
    ...tensors.map((tensor): Item => ({
      label: tensor.name,
      description: localize('count.unit.many', tensor.width),
      tensor,
    })),
  ];
}

async function askForUnit({ units, ...place }: UnitKind): Promise<TintChoice | undefined> {
  const unit = await askForNumber(nameOf({ units, ...place }), units);
  return unit === undefined ? undefined : { kind: 'unit', ...place, unit };
}

async function askForElement({ name, width }: SeriesChoice): Promise<TintChoice | undefined> {
  const unit = await askForNumber(name, width);
  return unit === undefined ? undefined : { kind: 'element', series: name, unit };
}

/** Which of so many units, from 0 as the page counts them. */
async function askForNumber(title: string, units: number): Promise<number | undefined> {
  const isUnit = (value: string) => /^\d+$/.test(value.trim()) && Number(value) < units;
  const answer = await vscode.window.showInputBox({
    title,
    prompt: localize('tint.unit.ask', units - 1),
    value: '0',
    validateInput: (value) => (isUnit(value) ? undefined : localize('tint.unit.invalid', units - 1)),
  });
  return answer === undefined ? undefined : Number(answer);
}

function nameOf({ quantity }: UnitKind): string {
  const name = localize(unitMapNamed(quantity).label);
  return name.charAt(0).toLocaleUpperCase(vscode.env.language) + name.slice(1);
}

function placeOf({ layer, direction, units }: UnitKind, { layers }: RunSession): string {
  const place =
    direction === 'forward' ? localize('layer.number', layer + 1) : localize('layer.numberBackward', layer + 1);
  const ofUnits = localize('count.unit.many', units);
  return layers.length > 1 || layers[0].directions.length > 1 ? `${place} · ${ofUnits}` : ofUnits;
}
