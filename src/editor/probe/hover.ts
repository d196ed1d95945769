/** The hover over a token of the probe. */
import * as vscode from 'vscode';
import { RpcError } from '../../protocol/rpc';
import { thresholds } from '../chosenSettings';
import type { HoverPriority } from '../panel/hoverPriority';
import type { RunRegistry } from '../runs/runRegistry';
import { settingsFor } from '../settings';
import { hoverCommands } from './hoverLinks';
import { characterHeading, hoverText } from './hoverText';
import { rangeOf } from './probeReader';
import { tokenAtOffset, tokensAtPlace } from './probeText';
import type { ProbeTracker } from './probeTracker';
import { localize } from '../localize';

export class TokenHover implements vscode.HoverProvider {
  private readonly hovered = new vscode.EventEmitter<number>();
  /** A token is being hovered over. */
  readonly onDidHover = this.hovered.event;

  constructor(
    private readonly registry: RunRegistry,
    private readonly tracker: ProbeTracker,
    private readonly hoverPriority: HoverPriority,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  async provideHover(document: vscode.TextDocument, position: vscode.Position, token: vscode.CancellationToken): Promise<vscode.Hover | undefined> {
    const session = this.registry.current;
    const probe = this.tracker.current;
    if (!session?.isAlive || probe?.document.toString() !== document.uri.toString()) return undefined;
    const index = tokenAtOffset(probe, document.offsetAt(position));
    if (index === undefined) return undefined;

    const controller = new AbortController();
    const listener = token.onCancellationRequested(() => controller.abort());
    try {
      const request = { text: probe.text, target: session.target, thresholds: thresholds(settingsFor(probe.document)) };
      const { first, end } = tokensAtPlace(probe, index);
      const tokens = Array.from({ length: end - first }, (_, byte) => first + byte);
      const reports = await this.hoverPriority.during(() => {
        this.hovered.fire(index);
        return Promise.all(tokens.map((each) => session.describe({ ...request, token: each }, controller.signal)));
      });
      const parts = reports.map((report) => hoverText(report, probe, localize));
      if (parts.length > 1) parts.unshift(characterHeading(reports, probe, localize));
      return new vscode.Hover(parts.map(trusted), rangeOf(probe, index, index + 1));
    } catch (error) {
      // A hover has no place for errors; one that nobody caused belongs in the log.
      if (error instanceof RpcError && error.code === 'internal') this.log.error(error);
      return undefined;
    } finally {
      listener.dispose();
    }
  }
}

function trusted(markdown: string): vscode.MarkdownString {
  const text = new vscode.MarkdownString(markdown, true);
  text.isTrusted = { enabledCommands: hoverCommands };
  return text;
}
