/** What a model's file does not say and a person was asked for: its vocabulary, its activation, which of its tensors are what. Remembered for the workspace. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { RpcError } from '../../protocol/rpc';
import type { StartingModel } from '../../protocol/engine';
import type { Activation } from '../../layers/activation';
import { localize, localizeMessage } from '../localize';

const memoryKey = 'backflow.modelAnswers';

type Answers = Readonly<Record<string, Omit<StartingModel, 'path'>>>;

export class ModelAnswers {
  constructor(private readonly memory: vscode.Memento) {}

  /** The file with all that is known of it. */
  known(path: string): StartingModel {
    const answers = this.memory.get<Answers>(memoryKey, {});
    const found = Object.hasOwn(answers, path) ? answers[path] : undefined;
    return { path, vocabulary: found?.vocabulary ?? null, architecture: found?.architecture ?? { activation: null } };
  }

  /**
   * Does `work` with a model, asking for what it turns out to lack, as often as something new is answered. Undefined when a person does
   * not answer. @throws RpcError when the engine refuses for another reason
   */
  async with<T>(path: string, work: (model: StartingModel) => Promise<T>): Promise<T | undefined> {
    let model = this.known(path);
    for (;;) {
      try {
        return await work(model);
      } catch (error) {
        const next = error instanceof RpcError ? await this.ask(error, model) : undefined;
        if (next === undefined) throw error;
        if (next === 'none') return undefined;
        model = next;
        await this.remember(model);
      }
    }
  }

  /** Undefined where nothing can be asked for, 'none' where the answer is none. */
  private async ask(
    { need, sentence, choices }: RpcError,
    model: StartingModel,
  ): Promise<StartingModel | 'none' | undefined> {
    if (need === 'activation') {
      const activation = await askActivation(model.path);
      return activation ? { ...model, architecture: { ...model.architecture, activation } } : 'none';
    }
    if (need === 'tensors' && choices.length > 0) {
      const answer = await askTensors(localizeMessage(sentence), model.path, choices);
      if (answer === undefined) return 'none';
      // What was answered before stays said.
      const tensors = [model.architecture.tensors ?? '', answer].filter((said) => said !== '').join(',');
      return { ...model, architecture: { ...model.architecture, tensors } };
    }
    if (need === 'vocabulary') {
      const vocabulary = await askVocabulary(localizeMessage(sentence), model.path);
      return vocabulary === undefined ? 'none' : { ...model, vocabulary };
    }
    // A remembered answer that no longer fits, or is gone, must not stand in the way for good.
    const { vocabulary, architecture } = model;
    if (vocabulary !== null || architecture.activation !== null || (architecture.tensors ?? '') !== '')
      await this.forget(model.path);
    return undefined;
  }

  private async remember({ path, ...answers }: StartingModel): Promise<void> {
    await this.memory.update(memoryKey, { ...this.memory.get<Answers>(memoryKey, {}), [path]: answers });
  }

  private async forget(path: string): Promise<void> {
    const rest = Object.entries(this.memory.get<Answers>(memoryKey, {})).filter(([known]) => known !== path);
    await this.memory.update(memoryKey, Object.fromEntries(rest));
  }
}

async function askActivation(path: string): Promise<Activation | undefined> {
  const title = localize('model.activation.ask', basename(path));
  const picked = await vscode.window.showQuickPick(
    [
      { label: 'tanh', description: localize('model.activation.pytorchDefault'), value: 'tanh' as const },
      { label: 'relu', value: 'relu' as const },
    ],
    { title, ignoreFocusOut: true },
  );
  return picked?.value;
}

async function askTensors(sentence: string, path: string, choices: readonly string[]): Promise<string | undefined> {
  const picked = await vscode.window.showQuickPick(
    choices.map((value) => ({ label: value.replaceAll('=', ': ').replaceAll(',', ', '), value })),
    { title: localize('model.tensors.ask', basename(path)), placeHolder: sentence, ignoreFocusOut: true },
  );
  return picked?.value;
}

async function askVocabulary(sentence: string, path: string): Promise<string | undefined> {
  const choose = localize('model.vocabulary.choose');
  if ((await vscode.window.showWarningMessage(sentence, choose)) !== choose) return undefined;
  const files = await vscode.window.showOpenDialog({
    title: localize('model.vocabulary.title', basename(path)),
    defaultUri: vscode.Uri.joinPath(vscode.Uri.file(path), '..'),
    openLabel: localize('button.open'),
    filters: { JSON: ['json'] },
  });
  return files?.at(0)?.fsPath;
}
