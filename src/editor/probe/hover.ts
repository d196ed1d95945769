/** The hover over a token of the probe. */
import * as vscode from 'vscode';
import type { DescribeRequest } from '../../protocol/engine';
import { RpcError } from '../../protocol/rpc';
import { thresholds } from '../chosenSettings';
import type { HoverPriority } from '../panel/hoverPriority';
import type { RunRegistry } from '../runs/runRegistry';
import type { RunSession } from '../runs/runSession';
import { settingsFor } from '../settings';
import { hoverCommands } from './hoverLinks';
import { hoverTexts, type AnyTokenReport } from './hoverText';
import { rangeOf } from './probeReader';
import { tokenAtOffset, tokensAtPlace } from './probeText';
import { localize } from '../localize';
import type { Probe, ProbeTracker } from './probeTracker';

/** What is hovered over: the tokens at one place of the probe, and the model that reads it. */
interface Hovered {
  readonly session: RunSession;
  readonly probe: Probe;
  /** The first of the tokens. */
  readonly place: number;
  readonly request: DescribeRequest;
}

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

  async provideHover(
    document: vscode.TextDocument,
    position: vscode.Position,
    token: vscode.CancellationToken,
  ): Promise<vscode.Hover | undefined> {
    const hovered = this.hoveredAt(document, position);
    if (!hovered) return undefined;
    const { session, probe, place, request } = hovered;
    const controller = new AbortController();
    const listener = token.onCancellationRequested(() => controller.abort());
    try {
      const reports = await this.hoverPriority.during<readonly AnyTokenReport[]>(() => {
        this.hovered.fire(place);
        return session.graph
          ? session.describeGraph(request, controller.signal)
          : session.describe(request, controller.signal);
      });
      return new vscode.Hover(hoverTexts(reports, probe, localize).map(trusted), rangeOf(probe, place, place + 1));
    } catch (error) {
      // A hover has no place for errors; one that nobody caused belongs in the log.
      if (error instanceof RpcError && error.code === 'internal') this.log.error(error);
      return undefined;
    } finally {
      listener.dispose();
    }
  }

  /** Undefined where no token of the probe stands, and without a model. */
  private hoveredAt(document: vscode.TextDocument, position: vscode.Position): Hovered | undefined {
    const session = this.registry.current;
    const probe = this.tracker.current;
    if (!session?.isAlive || probe?.document.toString() !== document.uri.toString()) return undefined;
    const place = tokenAtOffset(probe, document.offsetAt(position));
    if (place === undefined) return undefined;
    const { first, end } = tokensAtPlace(probe, place);
    const tokens = Array.from({ length: end - first }, (_, byte) => first + byte);
    const request = {
      text: probe.text,
      target: session.target,
      thresholds: thresholds(settingsFor(probe.document)),
      tokens,
    };
    return { session, probe, place, request };
  }
}

function trusted(markdown: string): vscode.MarkdownString {
  const text = new vscode.MarkdownString(markdown, true);
  text.isTrusted = { enabledCommands: hoverCommands };
  return text;
}
