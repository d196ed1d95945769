/** Before a run: the few choices that matter in one list. Enter starts at once, with what was chosen last. */
import * as vscode from 'vscode';
import { isCellName, kindOf } from '../../layers/catalog';
import type { SettingReader } from '../chosenSettings';
import { fields, profiles, valueOf, withChoices, type Choices, type Field, type ProfileName } from './choices';

type Row = vscode.QuickPickItem & { readonly does: 'start' | 'profile' | 'reset' | 'settings' | Field };

/** @returns what was chosen, to be put before the settings; undefined when the user dismissed the question */
export async function askBeforeTraining(read: SettingReader, remembered: Choices, corpus: string): Promise<Choices | undefined> {
  let choices = remembered;
  let active: Row['does'] = 'start';
  for (;;) {
    const row = await choose(rows(withChoices(read, choices), choices), active, vscode.l10n.t('Train on {0}', corpus));
    if (!row || row.does === 'settings') {
      if (row) void vscode.commands.executeCommand('workbench.action.openSettings', '@ext:backflow.backflow training');
      return undefined;
    }
    active = row.does;
    if (row.does === 'start') return choices;
    if (row.does === 'reset') choices = {};
    else if (row.does === 'profile') choices = (await chooseProfile()) ?? choices;
    else {
      const value = await chooseValue(row.does, withChoices(read, choices)(row.does.name));
      if (value !== undefined) choices = { ...choices, [row.does.name]: value };
    }
  }
}

function rows(read: SettingReader, choices: Choices): Row[] {
  const { t } = vscode.l10n;
  const own = Object.keys(choices).filter((name) => !fields.some((field) => field.name === name));
  return [
    { label: t('Start Training'), iconPath: new vscode.ThemeIcon('play'), description: inWords(read), does: 'start' },
    { label: t('Choices'), kind: vscode.QuickPickItemKind.Separator, does: 'start' },
    ...fields.map((field): Row => {
      const value = shown(field, read(field.name));
      return { label: labelOf(field), description: Object.hasOwn(choices, field.name) ? `${value} · ${t('chosen here')}` : value, does: field };
    }),
    { label: t('Profile…'), iconPath: new vscode.ThemeIcon('list-unordered'), description: own.length > 0 ? t('with {0} more settings of a profile', own.length) : t('settings to start from'), does: 'profile' },
    ...(Object.keys(choices).length > 0 ? [{ label: t('Reset to the Settings'), iconPath: new vscode.ThemeIcon('discard'), does: 'reset' } as const] : []),
    { label: t('All Settings…'), iconPath: new vscode.ThemeIcon('gear'), does: 'settings' },
  ];
}

/** "LSTM 1 × 128 · windows of 64 · until stopped". */
function inWords(read: SettingReader): string {
  const steps = Number(read('training.steps'));
  return [
    `${labelOfCell(read('model.cell'))} ${String(read('model.layers'))} × ${String(read('model.hiddenSize'))}`,
    vscode.l10n.t('windows of {0}', String(read('training.window'))),
    steps > 0 ? vscode.l10n.t('{0} steps', steps.toLocaleString(vscode.env.language)) : vscode.l10n.t('until stopped'),
  ].join(' · ');
}

function labelOf({ name }: Field): string {
  const { t } = vscode.l10n;
  switch (name) {
    case 'model.cell':
      return t('Cell');
    case 'model.hiddenSize':
      return t('Hidden size');
    case 'model.layers':
      return t('Layers');
    case 'training.window':
      return t('Window (steps of text for one gradient)');
    case 'training.steps':
      return t('Training steps');
    default:
      return t('Learning rate');
  }
}

function shown({ name }: Field, value: unknown): string {
  if (name === 'model.cell') return cellInWords(String(value));
  if (name === 'training.steps' && Number(value) === 0) return vscode.l10n.t('until stopped');
  return typeof value === 'number' ? value.toLocaleString(vscode.env.language, { maximumSignificantDigits: 6 }) : String(value);
}

function labelOfCell(cell: unknown): string {
  return isCellName(cell) ? kindOf(cell).label : String(cell);
}

function cellInWords(cell: string): string {
  return isCellName(cell) ? vscode.l10n.t(kindOf(cell).title) : cell;
}

async function chooseValue(field: Field, now: unknown): Promise<string | number | undefined> {
  type Item = vscode.QuickPickItem & { readonly value?: string | number };
  const items: Item[] = field.values.map((value) => ({ label: shown(field, value), value, ...(value === now && { description: vscode.l10n.t('now') }) }));
  if (field.limits) items.push({ label: vscode.l10n.t('Another…') });
  const picked = await vscode.window.showQuickPick(items, { title: labelOf(field) });
  if (!picked || picked.value !== undefined || !field.limits) return picked?.value;
  const [min, max] = field.limits;
  const answer = await vscode.window.showInputBox({
    title: labelOf(field),
    value: String(now),
    validateInput: (text) => {
      if (valueOf(field, text) !== undefined) return undefined;
      return field.isWhole ? vscode.l10n.t('A whole number from {0} to {1}.', min, max) : vscode.l10n.t('A number from {0} to {1}.', min, max);
    },
  });
  return answer === undefined ? undefined : valueOf(field, answer);
}

async function chooseProfile(): Promise<Choices | undefined> {
  const { t } = vscode.l10n;
  const told: Readonly<Record<ProfileName, { label: string; detail: string }>> = {
    hello: { label: t('hello in ten seconds'), detail: t('A small LSTM that memorizes a short text: use the sample text hello.txt.') },
    classroom: { label: t('Classroom'), detail: t('A vanilla RNN with windows of 128: watch how far back its gradient reaches as it learns, then do the same with an LSTM and a GRU.') },
    pytorch: { label: t('Like a PyTorch script'), detail: t('Embedding 64, two LSTM layers of 256, dropout 0.2, Adam at 0.001, clipping at 5.') },
  };
  const items = (Object.keys(profiles) as ProfileName[]).map((profile) => ({ ...told[profile], profile }));
  const picked = await vscode.window.showQuickPick(items, { title: t('Profile'), placeHolder: t('Settings to start from') });
  return picked && profiles[picked.profile];
}

/** A quick pick with one row in focus. */
function choose(items: readonly Row[], active: Row['does'], title: string): Promise<Row | undefined> {
  return new Promise((resolve) => {
    const pick = vscode.window.createQuickPick<Row>();
    pick.title = title;
    pick.placeholder = vscode.l10n.t('Enter starts; choose a row to change it');
    pick.items = items;
    pick.activeItems = items.filter((item) => item.kind !== vscode.QuickPickItemKind.Separator && item.does === active).slice(0, 1);
    pick.onDidAccept(() => {
      resolve(pick.selectedItems.at(0));
      pick.hide();
    });
    pick.onDidHide(() => {
      resolve(undefined);
      pick.dispose();
    });
    pick.show();
  });
}
