/**
 * The entry of the notebook renderer: an ES module that the editor loads into a notebook's page. The editor calls `activate` once, and the renderer for each
 * output. It sends nothing and asks for nothing: an output shows what is stored in it, with or without a kernel.
 */
import { element } from '../shared/dom';
import type { Texts } from '../shared/texts';
import { OutputProblem, readFlowOutput } from './flowOutput';
import { isolated } from './isolated';
import { NotebookFlow } from './notebookFlow';
import { notebookTexts } from './notebookTexts';

/** What the editor gives of an output: its own interface has more. */
interface OutputItem {
  readonly id: string;
  json(): unknown;
}

interface Renderer {
  renderOutputItem(item: OutputItem, root: HTMLElement): void;
  /** Without an id, all of them. */
  disposeOutputItem(id?: string): void;
}

export function activate(): Renderer {
  const texts = notebookTexts(navigator.languages);
  const shown = new Map<string, { dispose(): void }>();
  const end = (id: string): void => {
    shown.get(id)?.dispose();
    shown.delete(id);
  };
  return {
    renderOutputItem(item, root) {
      end(item.id);
      shown.set(item.id, mounted(item, root, texts));
    },
    disposeOutputItem(id) {
      for (const each of id === undefined ? Array.from(shown.keys()) : [id]) end(each);
    },
  };
}

function mounted(item: OutputItem, root: HTMLElement, texts: Texts): { dispose(): void } {
  try {
    const output = readFlowOutput(jsonOf(item));
    if (output.series.length === 0) throw new OutputProblem('panel.notebook.empty');
    return new NotebookFlow(root, output, texts);
  } catch (thrown) {
    if (!(thrown instanceof OutputProblem)) throw thrown;
    const place = isolated(root, texts.language);
    place.root.append(element('p', { class: 'problem', text: texts.get(thrown.key, ...thrown.args) }));
    return { dispose: () => place.end() };
  }
}

function jsonOf(item: OutputItem): unknown {
  try {
    return item.json();
  } catch {
    throw new OutputProblem('panel.notebook.broken', 'JSON');
  }
}
