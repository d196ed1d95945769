/** Before a run: the few choices that matter in one list. Enter starts at once, with what was chosen last. */
import * as vscode from 'vscode';
import { isCellName, kindOf } from '../../layers/catalog';
import type { SettingReader } from '../chosenSettings';
import { fields, profiles, valueOf, withChoices, type Choices, type Field, type ProfileName } from './choices';
import { localize } from '../localize';

type Row = vscode.QuickPickItem & { readonly does: 'start' | 'profile' | 'reset' | 'settings' | Field };

/** @returns what was chosen, to be put before the settings; undefined when the user dismissed the question */
export async function askBeforeTraining(
  read: SettingReader,
  remembered: Choices,
  corpus: string,
): Promise<Choices | undefined> {
  let choices = remembered;
  let active: Row['does'] = 'start';
  for (;;) {
    const row = await choose(
      rows(withChoices(read, choices), choices),
      active,
      localize('training.pick.title', corpus),
    );
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
  const own = Object.keys(choices).filter((name) => !fields.some((field) => field.name === name));
  return [
    {
      label: localize('training.pick.start'),
      iconPath: new vscode.ThemeIcon('play'),
      description: inWords(read),
      does: 'start',
    },
    { label: localize('training.pick.choices'), kind: vscode.QuickPickItemKind.Separator, does: 'start' },
    ...fields.map((field): Row => {
      const value = shown(field, read(field.name));
      return {
        label: labelOf(field),
        description: Object.hasOwn(choices, field.name) ? `${value} · ${localize('training.pick.chosenHere')}` : value,
        does: field,
      };
    }),
    {
      label: localize('training.pick.profile'),
      iconPath: new vscode.ThemeIcon('list-unordered'),
      description:
        own.length > 0 ? localize('training.pick.profileSettings', own.length) : localize('training.pick.profileNone'),
      does: 'profile',
    },
    ...(Object.keys(choices).length > 0
      ? [{ label: localize('training.pick.reset'), iconPath: new vscode.ThemeIcon('discard'), does: 'reset' } as const]
      : []),
    { label: localize('training.pick.allSettings'), iconPath: new vscode.ThemeIcon('gear'), does: 'settings' },
  ];
}

/** "LSTM 1 × 128 · windows of 64 · until stopped". */
function inWords(read: SettingReader): string {
  const steps = Number(read('training.steps'));
  return [
    `${labelOfCell(read('model.cell'))} ${String(read('model.layers'))} × ${String(read('model.hiddenSize'))}`,
    localize('training.pick.windows', String(read('training.window'))),
    steps > 0
      ? localize('count.step.many', steps.toLocaleString(vscode.env.language))
      : localize('training.pick.untilStopped'),
  ].join(' · ');
}

function labelOf({ name }: Field): string {
  switch (name) {
    case 'model.cell':
      return localize('training.field.cell');
    case 'model.hiddenSize':
      return localize('training.field.hiddenSize');
    case 'model.layers':
      return localize('training.field.layers');
    case 'training.window':
      return localize('training.field.window');
    case 'training.steps':
      return localize('training.field.steps');
    default:
      return localize('training.field.learningRate');
  }
}

function shown({ name }: Field, value: unknown): string {
  if (name === 'model.cell') return cellInWords(String(value));
  if (name === 'training.steps' && Number(value) === 0) return localize('training.pick.untilStopped');
  return typeof value === 'number'
    ? value.toLocaleString(vscode.env.language, { maximumSignificantDigits: 6 })
    : String(value);
}

function labelOfCell(cell: unknown): string {
  return isCellName(cell) ? kindOf(cell).label : String(cell);
}

function cellInWords(cell: string): string {
  return isCellName(cell) ? localize(kindOf(cell).title) : cell;
}

async function chooseValue(field: Field, now: unknown): Promise<string | number | undefined> {
  type Item = vscode.QuickPickItem & { readonly value?: string | number };
  const items: Item[] = field.values.map((value) => ({
    label: shown(field, value),
    value,
    ...(value === now && { description: localize('training.pick.current') }),
  }));
  if (field.limits) items.push({ label: localize('training.pick.another') });
  const picked = await vscode.window.showQuickPick(items, { title: labelOf(field) });
  if (!picked || picked.value !== undefined || !field.limits) return picked?.value;
  const [min, max] = field.limits;
  const answer = await vscode.window.showInputBox({
    title: labelOf(field),
    value: String(now),
    validateInput: (text) => {
      if (valueOf(field, text) !== undefined) return undefined;
      return field.isWhole ? localize('input.wholeNumberInRange', min, max) : localize('input.numberInRange', min, max);
    },
  });
  return answer === undefined ? undefined : valueOf(field, answer);
}

async function chooseProfile(): Promise<Choices | undefined> {
  const told: Readonly<Record<ProfileName, { label: string; detail: string }>> = {
    hello: { label: localize('training.profile.hello'), detail: localize('training.profile.helloDetail') },
    classroom: { label: localize('training.profile.classroom'), detail: localize('training.profile.classroomDetail') },
    pytorch: { label: localize('training.profile.pytorch'), detail: localize('training.profile.pytorchDetail') },
  };
  const items = (Object.keys(profiles) as ProfileName[]).map((profile) => ({ ...told[profile], profile }));
  const picked = await vscode.window.showQuickPick(items, {
    title: localize('training.profile.title'),
    placeHolder: localize('training.profile.placeholder'),
  });
  return picked && profiles[picked.profile];
}

/** A quick pick with one row in focus. */
function choose(items: readonly Row[], active: Row['does'], title: string): Promise<Row | undefined> {
  return new Promise((resolve) => {
    const pick = vscode.window.createQuickPick<Row>();
    pick.title = title;
    pick.placeholder = localize('training.pick.placeholder');
    pick.items = items;
    pick.activeItems = items
      .filter((item) => item.kind !== vscode.QuickPickItemKind.Separator && item.does === active)
      .slice(0, 1);
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
