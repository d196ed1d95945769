/** A model's file dropped on the page: its address goes to the editor, which opens it. The page itself reads no file. */
import type { Link } from './shared/link';

/** Where the editor's explorer, and the system's, put addresses of what is dragged. */
const listTypes = ['application/vnd.code.uri-list', 'text/uri-list'];
const model = /\.(onnx|safetensors|pt|pth|ckpt)$/i;

export function acceptModels(target: HTMLElement, link: Link): void {
  target.addEventListener('dragover', (event) => {
    if (!event.dataTransfer || !listTypes.some((type) => event.dataTransfer?.types.includes(type))) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'copy';
  });
  target.addEventListener('drop', (event) => {
    const lists = listTypes.map((type) => event.dataTransfer?.getData(type) ?? '');
    // One address a line; lines with # are comments (RFC 2483).
    const addresses = lists
      .flatMap((list) => list.split(/\r?\n/))
      .filter((line) => line !== '' && !line.startsWith('#'));
    if (addresses.length === 0) return;
    event.preventDefault();
    link.drop(addresses.find((address) => model.test(address)) ?? addresses[0]);
  });
}
