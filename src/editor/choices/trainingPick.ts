/** Before a run: the few choices that matter in one list. Enter starts at once, with what was chosen last. */
import * as vscode from 'vscode';
import { isCellName, kindOf } from '../../layers/catalog';
import { stackName } from '../../layers/stackName';
import { listExample, readLayers } from '../../protocol/layerList';
import { defaultModelSettings, layersOf } from '../../protocol/settings';
import { UserError } from '../../userError';
import { layerList, modelSettings, type SettingReader } from '../chosenSettings';
import { fields, profiles, valueOf, withChoices, type Choices, type Field, type ProfileName } from './choices';
import { localize, localizeMessage } from '../localize';

const kindField = 'model.cell';
const mixtureField = 'model.mixture';
/** No list any more, wherever it stood. */
const alike: Choices = { [mixtureField]: '', 'model.layers': defaultModelSettings.layers };

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
      choices = { ...choices, ...(await chooseValue(row.does, withChoices(read, choices))) };
    }
  }
}

function rows(read: SettingReader, choices: Choices): Row[] {
  const own = Object.keys(choices).filter(
    (name) => name !== mixtureField && !fields.some((field) => field.name === name),
  );
  return [
    {
      label: localize('training.pick.start'),
      iconPath: new vscode.ThemeIcon('play'),
      description: inWords(read),
      does: 'start',
    },
    { label: localize('training.pick.choices'), kind: vscode.QuickPickItemKind.Separator, does: 'start' },
    ...fields
      .filter((field) => !isListed(field, read))
      .map((field): Row => {
        const value =
          field.name === kindField && layerList(read) !== null ? modelInWords(read) : shown(field, read(field.name));
        return {
          label: labelOf(field),
          description: isChosen(field, choices) ? `${value} · ${localize('training.pick.chosenHere')}` : value,
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
    modelInWords(read),
    localize('training.pick.windows', String(read('training.window'))),
    steps > 0
      ? localize('count.step.many', steps.toLocaleString(vscode.env.language))
      : localize('training.pick.untilStopped'),
  ].join(' · ');
}

/** "LSTM 1 × 128", "LSTM 128 + Attention 128"; of a list that is wrong the list itself: what is wrong is said when it is trained. */
function modelInWords(read: SettingReader): string {
  const list = layerList(read);
  if (list === null)
    return `${labelOfCell(read(kindField))} ${String(read('model.layers'))} × ${String(read('model.hiddenSize'))}`;
  try {
    return stackName(layersOf(modelSettings(read)));
  } catch (thrown) {
    if (thrown instanceof UserError) return list;
    throw thrown;
  }
}

/** What a list of layers says itself. */
function isListed({ name }: Field, read: SettingReader): boolean {
  return layerList(read) !== null && (name === 'model.layers' || name === 'model.hiddenSize');
}

/** Whether the choice was made here, and not in the settings. */
function isChosen({ name }: Field, choices: Choices): boolean {
  return Object.hasOwn(choices, name) || (name === kindField && Object.hasOwn(choices, mixtureField));
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

/** What is chosen for a field; nothing when the user dismissed the question. */
async function chooseValue(field: Field, read: SettingReader): Promise<Choices> {
  type Item = vscode.QuickPickItem & { readonly value?: string | number; readonly isList?: true };
  const isKind = field.name === kindField;
  const isList = layerList(read) !== null;
  const now = isKind && isList ? undefined : read(field.name);
  const current = { description: localize('training.pick.current') };
  const items: Item[] = field.values.map((value) => ({
    label: shown(field, value),
    value,
    ...(value === now && current),
  }));
  if (isKind) items.push({ label: localize('training.pick.mixture'), isList: true, ...(isList && current) });
  if (field.limits) items.push({ label: localize('training.pick.another') });
  const picked = await vscode.window.showQuickPick(items, { title: labelOf(field) });
  if (!picked) return {};
  if (picked.isList) return askForList(read);
  const value = picked.value ?? (await askForNumber(field, now));
  if (value === undefined) return {};
  // A kind is that of all layers, of which there is no list any more.
  return { [field.name]: value, ...(isKind && isList && alike) };
}

async function askForNumber(field: Field, now: unknown): Promise<string | number | undefined> {
  if (!field.limits) return undefined;
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

async function askForList(read: SettingReader): Promise<Choices> {
  const answer = await vscode.window.showInputBox({
    title: localize('training.pick.mixture'),
    prompt: localize('training.pick.mixturePrompt'),
    value: layerList(read) ?? listExample,
    validateInput: (text) => {
      try {
        readLayers(text);
        return undefined;
      } catch (thrown) {
        if (thrown instanceof UserError) return localizeMessage(thrown);
        throw thrown;
      }
    },
  });
  if (answer === undefined) return {};
  const layers = readLayers(answer);
  return typeof layers === 'number' ? { ...alike, 'model.layers': layers } : { [mixtureField]: answer.trim() };
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
