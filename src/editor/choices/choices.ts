/** The few settings that matter most before a run, and profiles: known sets of them. */
import { cellNames, defaultCell, plainCell } from '../../layers/catalog';
import { maxLayers } from '../../terms/choices';
import type { SettingReader } from '../chosenSettings';

/** Values by the names of settings, behind "backflow.". */
export type Choices = Readonly<Record<string, string | number>>;

/** One row of the quick pick, and the values it offers; of the numbers any other within the limits can be typed. */
export interface Field {
  readonly name: string;
  readonly values: readonly (string | number)[];
  /** Least and most; null for names. */
  readonly limits: readonly [number, number] | null;
  readonly isWhole: boolean;
}

const name = (setting: string, ...values: string[]): Field => ({ name: setting, values, limits: null, isWhole: false });
const whole = (setting: string, limits: [number, number], ...values: number[]): Field => ({
  name: setting,
  values,
  limits,
  isWhole: true,
});

/** The limits are those of the manifest; a test compares them. */
export const fields: readonly Field[] = [
  name('model.cell', ...cellNames),
  whole('model.hiddenSize', [1, 2048], 16, 32, 64, 128, 256, 512),
  whole('model.layers', [1, maxLayers], 1, 2, 3),
  whole('training.window', [2, 4096], 16, 32, 64, 128, 256),
  whole('training.steps', [0, 1_000_000_000], 0, 300, 1000, 3000, 10_000),
  { name: 'training.learningRate', values: [0.0005, 0.001, 0.002, 0.005, 0.01], limits: [1e-9, 100], isWhole: false },
];

export type ProfileName = 'hello' | 'classroom' | 'pytorch';

export const profiles: Readonly<Record<ProfileName, Choices>> = {
  /** A word that is memorized while you watch. */
  hello: {
    'model.cell': defaultCell,
    'model.hiddenSize': 32,
    'model.layers': 1,
    'model.mixture': '',
    'training.window': 16,
    'training.batch': 8,
    'training.steps': 300,
    'training.learningRate': 0.01,
  },
  /** A vanilla RNN, on windows long enough to see how far back its gradient reaches. */
  classroom: {
    'model.cell': plainCell,
    'model.hiddenSize': 64,
    'model.layers': 1,
    'model.mixture': '',
    'training.window': 128,
    'training.batch': 16,
    'training.steps': 3000,
    'training.learningRate': 0.002,
    'training.initialization': 'xavier',
    'training.clipNorm': 1,
  },
  /** What a script with `nn.Embedding`, `nn.LSTM` and `torch.optim.Adam` at its defaults trains. */
  pytorch: {
    'model.cell': defaultCell,
    'model.hiddenSize': 256,
    'model.layers': 2,
    'model.mixture': '',
    'model.embeddingSize': 64,
    'training.window': 100,
    'training.batch': 32,
    'training.steps': 0,
    'training.optimizer': 'adam',
    'training.learningRate': 0.001,
    'training.dropout': 0.2,
    'training.clipNorm': 5,
    'training.initialization': 'pytorch',
  },
};

export function isProfileName(value: unknown): value is ProfileName {
  return typeof value === 'string' && Object.hasOwn(profiles, value);
}

/** Settings, with choices put before them. */
export function withChoices(read: SettingReader, choices: Choices): SettingReader {
  return (setting) => (Object.hasOwn(choices, setting) ? choices[setting] : read(setting));
}

/** A typed value of a field; undefined if it is none. */
export function valueOf({ limits, isWhole, values }: Field, text: string): string | number | undefined {
  if (!limits) return values.find((value) => value === text);
  const value = Number(text.trim().replace(',', '.'));
  const isOne = text.trim() !== '' && value >= limits[0] && value <= limits[1] && (!isWhole || Number.isInteger(value));
  return isOne ? value : undefined;
}
