/** The editor's end of the link, as it gives itself to a page. */
import type { FromPage, PanelState } from '../../src/pageContract/messages';

export interface Editor {
  postMessage(message: FromPage): void;
  getState(): PanelState | undefined;
  setState(state: PanelState): void;
}

declare function acquireVsCodeApi(): Editor;

/** May be called once in the life of a page. */
export function acquireEditor(): Editor {
  return acquireVsCodeApi();
}
