/** What was last chosen before a run in this workspace. A setting that is changed later counts again. */
import * as vscode from 'vscode';
import type { Choices } from './choices';

const memoryKey = 'backflow.trainingChoices';

export class ChoiceMemory implements vscode.Disposable {
  private readonly listener: vscode.Disposable;

  constructor(private readonly memory: vscode.Memento) {
    this.listener = vscode.workspace.onDidChangeConfiguration((change) => {
      const kept = Object.entries(this.read()).filter(([name]) => !change.affectsConfiguration(`backflow.${name}`));
      if (kept.length < Object.keys(this.read()).length) this.write(Object.fromEntries(kept));
    });
  }

  read(): Choices {
    return this.memory.get<Choices>(memoryKey) ?? {};
  }

  write(choices: Choices): void {
    void this.memory.update(memoryKey, choices);
  }

  dispose(): void {
    this.listener.dispose();
  }
}
