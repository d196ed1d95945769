/** What the tests put into the browser: the editor's end of the link, themes, and a look at pixels. Bundled by browser.ts. */
import type { FrameHeader } from '../../../src/protocol/frame';
import type { PlaygroundResult } from '../../../src/protocol/playground';
import type { FromPage, PanelState, ShownSamples, ToPage } from '../../../src/pageContract/messages';
import type { DrawnCounts } from '../drawn';
import {
  comparedFrame,
  comparedMessage,
  learningHistory,
  spectrumMessage,
  syntheticHistory,
  syntheticMatrix,
  truncationsMessage,
  type HistoryOptions,
} from '../syntheticMessages';
import { runMessage, syntheticFrame, syntheticRows, type FrameOptions } from '../synthetic';
import type { ShownSweep } from '../../../src/pageContract/sweep';
import { variedSweep } from '../syntheticSweep';
import { countDrawing, takeCounts } from './drawnCounts';
import { layoutFaults, watchTexts } from './layoutFaults';

interface ThemeSetting {
  readonly className: string;
  readonly variables: Readonly<Record<string, string>>;
}

const posted: FromPage[] = [];
const violations: string[] = [];
let state: PanelState | undefined;
let waiting: ((sequence: number) => void) | null = null;
/** The browser's own, so that what waits here is not counted as the page's. */
const nextPicture = window.requestAnimationFrame.bind(window);

document.addEventListener('securitypolicyviolation', (event) =>
  violations.push(`${event.violatedDirective}: ${event.blockedURI || event.sample}`),
);

/** As the editor does it: variables on the document element, the kind as a class of the body. */
function applyTheme(setting: ThemeSetting): void {
  const root = document.documentElement;
  for (const name of Array.from(root.style)) root.style.removeProperty(name);
  for (const [name, value] of Object.entries(setting.variables))
    root.style.setProperty(`--vscode-${name.replaceAll('.', '-')}`, value);
  document.body.className = setting.className;
  document.body.dataset['vscodeThemeKind'] = setting.className;
}

function floatsOf(base64: string): Float32Array {
  return new Float32Array(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)).buffer);
}

const probe = {
  posted,
  violations,
  applyTheme,
  state: (): PanelState | undefined => state,
  setState(next: PanelState): void {
    state = next;
  },
  send(message: ToPage): void {
    window.postMessage(message, '*');
  },
  /** Sends a frame and waits until the page says it is drawn. */
  frame(options: FrameOptions): Promise<void> {
    const frame = syntheticFrame(options);
    return new Promise((resolve) => {
      waiting = (sequence) => {
        if (sequence === frame.header.sequence) resolve();
      };
      probe.send({ type: 'frame', frame });
    });
  },
  /** A frame made elsewhere: its header, and its data as base64 of the floats' bytes. */
  async given(header: FrameHeader, base64: string): Promise<void> {
    const drawn = new Promise<void>((resolve) => {
      waiting = () => resolve();
    });
    probe.send({ type: 'frame', frame: { header, data: floatsOf(base64) } });
    await drawn;
  },
  /** A run and its history. */
  async run(...args: Parameters<typeof runMessage>): Promise<void> {
    probe.send(runMessage(...args));
    await probe.settled();
  },
  async progress(from: number, to: number): Promise<void> {
    probe.send({ type: 'progress', rows: syntheticRows(from, to) });
    await probe.settled();
  },
  /** The answer to what the page asked of the flow over training; a run that learns, unless told. */
  async overTraining(options?: HistoryOptions): Promise<void> {
    probe.send({ type: 'overTraining', history: options ? syntheticHistory(options) : learningHistory() });
    await probe.settled();
  },
  /** The frame of an earlier training step. */
  async traveled(trainingStep: number, options: FrameOptions): Promise<void> {
    const { header, data } = syntheticFrame(options);
    probe.send({
      type: 'traveled',
      frame: {
        header: { ...header, trainingStep, unitMap: { ...header.unitMap, units: 0 } },
        data: data.slice(0, header.unitMap.offset),
      },
    });
    await probe.settled();
  },
  async samples(samples: ShownSamples['samples'], others: Partial<ShownSamples> = {}): Promise<void> {
    probe.send({ type: 'samples', samples, onRequest: false, refusal: null, ...others });
    await probe.settled();
  },
  async matrix(...args: Parameters<typeof syntheticMatrix>): Promise<void> {
    probe.send({ type: 'matrix', matrix: syntheticMatrix(...args), message: null });
    await probe.settled();
  },
  /** A spectrum with known exponents. */
  async spectrum(...args: Parameters<typeof spectrumMessage>): Promise<void> {
    probe.send(spectrumMessage(...args));
    await probe.settled();
  },
  async compared(): Promise<void> {
    probe.send(comparedMessage());
    await probe.settled();
  },
  async comparedSpectra(
    run: number,
    ...samples: readonly (readonly [step: number, exponent: number])[]
  ): Promise<void> {
    const spectra = samples.map(([step, exponent]) => ({ step, exponent, radius: null, norm: null, saturated: null }));
    probe.send({ type: 'comparedSpectra', run, spectra });
    await probe.settled();
  },

  async comparedFrame(...args: Parameters<typeof comparedFrame>): Promise<void> {
    probe.send(comparedFrame(...args));
    await probe.settled();
  },
  async truncations(): Promise<void> {
    probe.send(truncationsMessage());
    await probe.settled();
  },
  /** A sweep with trials in every state, unless another is given. */
  async sweep(sweep: ShownSweep = variedSweep()): Promise<void> {
    probe.send({ type: 'sweep', sweep });
    await probe.settled();
  },
  /** The symbols of a frame of this many tokens. */
  tokens: (count: number): readonly string[] => syntheticFrame({ tokens: count }).header.tokens,
  /** A frame in answer to the playground's sliders. */
  async playground(options: FrameOptions, spectralNorm = 1): Promise<void> {
    await probe.answered({ frame: syntheticFrame(options), spectralNorm, largestWeight: null });
  },
  /** The engine's own answer to what was asked last: its header, and its data as base64 of the floats' bytes. */
  async playgroundGiven(header: FrameHeader, base64: string, found: Omit<PlaygroundResult, 'frame'>): Promise<void> {
    await probe.answered({ ...found, frame: { header, data: floatsOf(base64) } });
  },
  /** The answer to an earlier request. */
  playgroundAnswered(id: number, options: FrameOptions): Promise<void> {
    return probe.answered({ frame: syntheticFrame(options), spectralNorm: 1, largestWeight: null }, id);
  },
  async answered(result: PlaygroundResult | null, id?: number): Promise<void> {
    const last = posted.findLast((message) => message.type === 'playground')?.id ?? 1;
    probe.send({ type: 'playground', id: id ?? last, result });
    await probe.settled();
  },
  /** Messages are delivered and the next picture is drawn. */
  settled(): Promise<void> {
    return new Promise((resolve) => setTimeout(() => nextPicture(() => nextPicture(() => resolve())), 0));
  },
  /** Red, green, blue, alpha at a place of a figure, CSS pixels. */
  pixel(figure: string, x: number, y: number): number[] {
    const canvas = document.querySelector<HTMLCanvasElement>(`canvas[data-figure="${figure}"]`);
    const ratio = window.devicePixelRatio;
    const data = canvas?.getContext('2d')?.getImageData(Math.floor(x * ratio), Math.floor(y * ratio), 1, 1).data;
    return Array.from(data ?? []);
  },
  /** Draws so many frames, each sent as soon as the one before is drawn. Returns how many messages the page posted meanwhile. */
  async stream(options: FrameOptions, count: number): Promise<number> {
    const frames = Array.from({ length: 8 }, (_, i) => syntheticFrame({ ...options, wobble: 0.1 + i / 50 }));
    let messages = 0;
    for (let i = 0; i < count; i++) {
      const { header, data } = frames[i % frames.length];
      await new Promise<void>((resolve) => {
        waiting = () => resolve();
        probe.send({ type: 'frame', frame: { header: { ...header, sequence: 1001 + i }, data } });
      });
      messages += posted.length;
      // What the page has said is kept for other tests; here it would be mistaken for its memory.
      posted.length = 0;
    }
    return messages;
  },
  countDrawing,
  watchTexts,
  layoutFaults,
  /** What is drawn while something is done and until it can be seen. */
  async drawnBy(act: () => unknown): Promise<DrawnCounts> {
    takeCounts();
    await act();
    await probe.settled();
    return takeCounts();
  },
};

Object.assign(window, {
  probe,
  acquireVsCodeApi: () => ({
    postMessage(message: FromPage): void {
      posted.push(structuredClone(message));
      if (message.type === 'frameDrawn') waiting?.(message.sequence);
    },
    getState: () => state,
    setState: (next: PanelState) => {
      state = structuredClone(next);
    },
  }),
});

export type Probe = typeof probe;
