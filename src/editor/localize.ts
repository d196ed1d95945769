/** Sentences in the reader's language. VS Code has loaded that language's table; for English it loads none, and the extension reads its own. */
import * as vscode from 'vscode';
import {
  englishTemplates,
  formatTemplate,
  type Argument,
  type Message,
  type MessageKey,
  type Templates,
} from '../messages';

export function localize(key: MessageKey, ...args: Argument[]): string {
  return localizeMessage({ key, args });
}

export function localizeMessage({ key, args }: Message): string {
  return formatTemplate(localizedTemplates()[key] ?? englishTemplates()[key] ?? key, args, localizeMessage);
}

/** The table of the reader's language; empty for English. */
export function localizedTemplates(): Templates {
  return vscode.l10n.bundle ?? {};
}
