/** The page's entry: joins the editor's messages to the page. */
import type { PageView, ToPage } from '../src/pageContract/messages';
import { acceptModels } from './drop';
import { Link } from './shared/link';
import { Page } from './page';
import { loadTexts } from './loadTexts';
import { acquireEditor } from './shared/vscode';

const link = new Link(acquireEditor());
window.addEventListener('error', (event) => link.error(event.error ?? event.message));
window.addEventListener('unhandledrejection', (event) => link.error(event.reason));

const root = document.getElementById('page');
if (root) {
  const page = new Page(root, loadTexts(), link, viewOf(root));
  window.addEventListener('message', (event: MessageEvent<ToPage>) => page.receive(event.data));
  acceptModels(document.body, link);
  link.ready();
}

function viewOf({ dataset }: HTMLElement): PageView {
  const view = dataset['view'];
  return view === 'compare' || view === 'playground' || view === 'sweep' ? view : 'run';
}
