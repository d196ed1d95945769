/** The spectrum of the carried state, which the panel asks for of the text it shows. */
import * as vscode from 'vscode';
import type { FromPage } from '../../pageContract/messages';
import { RpcError } from '../../protocol/rpc';
import type { SpectrumReport, StateSpectrum } from '../../protocol/spectrum';
import { localizeMessage } from '../localize';
import type { Notices } from '../notices';
import type { ProbeTracker } from '../probe/probeTracker';
import type { RunRegistry } from '../runs/runRegistry';
import type { RunSession } from '../runs/runSession';
import type { Panel } from './panel';
import { wholeFloats, wholeIntegers } from './wholeBuffers';

type Asked = Extract<FromPage, { type: 'spectrum'; action: 'compute' }>;

/** Exponents: all of a state whose Jacobians are formed. */
const exponents = 512;
/** Singular values of each step: as many as rows of a picture can be told from each other. */
const singularValues = 64;

export class SpectrumLink implements vscode.Disposable {
  private readonly listeners: vscode.Disposable;
  private computing: AbortController | null = null;

  constructor(
    private readonly panel: Panel,
    private readonly registry: RunRegistry,
    private readonly tracker: ProbeTracker,
    private readonly notices: Notices,
  ) {
    this.listeners = vscode.Disposable.from(
      panel.onDidReceive((message) => {
        if (message.type !== 'spectrum') return;
        this.computing?.abort();
        const session = this.registry.current;
        if (message.action === 'compute' && session?.isAlive === true) void this.compute(session, message);
      }),
      // Nobody waits for it any more.
      panel.onDidChangeVisibility(() => this.computing?.abort()),
      registry.onDidChangeCurrent(() => this.computing?.abort()),
    );
  }

  dispose(): void {
    this.computing?.abort();
    this.listeners.dispose();
  }

  private async compute(session: RunSession, { target, vanishing }: Asked): Promise<void> {
    const text = this.tracker.current?.text;
    if (text === undefined) {
      this.answer(session, null, null);
      return;
    }
    const computing = new AbortController();
    this.computing = computing;
    const listener = session.onDidAdvanceSpectrum((done) => this.panel.post({ type: 'spectrumProgress', done }));
    try {
      const request = { text, target, vanishing, count: exponents, values: singularValues, byLag: true };
      this.answer(session, await session.ask('carriedSpectrum', request, computing.signal), null);
    } catch (error) {
      // Another has been asked for meanwhile, and will answer.
      if (this.computing !== computing) return;
      const said = error instanceof RpcError && error.code === 'user' ? localizeMessage(error.sentence) : null;
      if (said === null) this.notices.report(error);
      this.answer(session, null, said);
    } finally {
      listener.dispose();
      if (this.computing === computing) this.computing = null;
    }
  }

  private answer(session: RunSession, spectrum: SpectrumReport | null, message: string | null): void {
    if (session !== this.registry.current) return;
    this.panel.post({
      type: 'spectrum',
      spectrum: spectrum && { ...spectrum, states: spectrum.states.map(wholeState) },
      notices: spectrum?.notices.map(localizeMessage) ?? [],
      message,
    });
  }
}

/** With arrays that are fit to be posted. */
function wholeState({ lyapunov, finiteTime, jacobian, byLag, ...others }: StateSpectrum): StateSpectrum {
  return {
    ...others,
    lyapunov: wholeFloats(lyapunov),
    finiteTime: { from: wholeIntegers(finiteTime.from), exponents: wholeFloats(finiteTime.exponents) },
    jacobian: jacobian && {
      steps: wholeIntegers(jacobian.steps),
      largest: wholeFloats(jacobian.largest),
      median: wholeFloats(jacobian.median),
      smallest: wholeFloats(jacobian.smallest),
    },
    byLag: byLag && {
      lags: wholeIntegers(byLag.lags),
      largest: wholeFloats(byLag.largest),
      effectiveRank: wholeFloats(byLag.effectiveRank),
      carried: wholeFloats(byLag.carried),
    },
  };
}
