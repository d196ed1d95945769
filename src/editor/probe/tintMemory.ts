/** What the text of this window is tinted by: what was chosen last, or else what the settings say. */
import * as vscode from 'vscode';
import { isChoiceOf, type Tinted } from './tintChoices';
import type { TintChoice } from './tintQuantity';

const memoryKey = 'backflow.tintedBy';

export class TintMemory implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly listener: vscode.Disposable;

  readonly onDidChange = this.changed.event;

  constructor(private readonly memory: vscode.Memento) {
    this.listener = vscode.workspace.onDidChangeConfiguration((change) => {
      // A change of the setting takes effect at once.
      if (change.affectsConfiguration('backflow.tint.quantity')) this.choose(undefined);
    });
  }

  /** Null where tokens are not to be tinted. @param shown the model that is looked at */
  choiceFor(document: vscode.Uri, shown: Tinted): TintChoice | null {
    const settings = vscode.workspace.getConfiguration('backflow.tint', document);
    if (!settings.get<boolean>('enabled', true)) return null;
    const chosen = this.memory.get<TintChoice>(memoryKey);
    if (chosen && isChoiceOf(chosen, shown)) return chosen;
    const kind = settings.get<string>('quantity');
    const set: TintChoice = { kind: kind === 'loss' || kind === 'surprise' ? kind : 'gradient' };
    return isChoiceOf(set, shown) ? set : { kind: 'gradient' };
  }

  choose(choice: TintChoice | undefined): void {
    void this.memory.update(memoryKey, choice).then(() => this.changed.fire());
  }

  dispose(): void {
    this.listener.dispose();
    this.changed.dispose();
  }
}
