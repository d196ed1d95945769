/** The spectrum of the carried state, which the panel asks for of the text it shows. */
import * as vscode from 'vscode';
import type { FromPage } from '../../pageContract/messages';
import type { SpectrumReport, StateSpectrum } from '../../protocol/spectrum';
import { localizeMessage } from '../localize';
import type { Notices } from '../notices';
import type { ProbeTracker } from '../probe/probeTracker';
import type { RunRegistry } from '../runs/runRegistry';
import { Computation } from './computation';
import type { Panel } from './panel';
import { wholeFloats, wholeIntegers } from './wholeBuffers';

type Asked = Extract<FromPage, { type: 'spectrum'; action: 'compute' }>;

/** Exponents: all of a state whose Jacobians are formed. */
const exponents = 512;
/** Singular values of each step: as many as rows of a picture can be told from each other. */
const singularValues = 64;

export class SpectrumLink implements vscode.Disposable {
  private readonly listeners: vscode.Disposable;
  private readonly computation: Computation;

  constructor(
    private readonly panel: Panel,
    private readonly registry: RunRegistry,
    private readonly tracker: ProbeTracker,
    notices: Notices,
  ) {
    this.computation = new Computation(panel, registry, notices);
    this.listeners = vscode.Disposable.from(
      this.computation,
      panel.onDidReceive((message) => {
        if (message.type !== 'spectrum') return;
        if (message.action === 'compute') this.compute(message);
        else this.computation.cancel();
      }),
    );
  }

  dispose(): void {
    this.listeners.dispose();
  }

  private compute({ target, vanishing }: Asked): void {
    const session = this.registry.current;
    const text = this.tracker.current?.text;
    if (!session || text === undefined) {
      this.answer(null, null);
      return;
    }
    const request = { text, target, vanishing, count: exponents, values: singularValues, byLag: true };
    void this.computation.run(session, {
      ask: (signal) => session.ask('carriedSpectrum', request, signal),
      onDidAdvance: session.onDidAdvanceSpectrum,
      advanced: (done) => this.panel.post({ type: 'spectrumProgress', done }),
      answered: (spectrum, message) => this.answer(spectrum, message),
    });
  }

  private answer(spectrum: SpectrumReport | null, message: string | null): void {
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
