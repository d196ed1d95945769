// A folder kept in memory, under memo:/, with a text and a model in it. It can be written to, so that a test sees if somebody does.
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const vscode = require('vscode');

const project = join(__dirname, '../../..');
const files = new Map([
  ['/tale.txt', readFileSync(join(project, 'media/samples/tale.txt'))],
  ['/model.onnx', new Uint8Array([8, 8])],
  ['/.vscode/settings.json', readFileSync(join(project, 'scripts/lib/plainWindow.json'))],
]);
const folders = new Set(['/', '/.vscode']);

const changed = new vscode.EventEmitter();
const parent = (path) => path.slice(0, Math.max(1, path.lastIndexOf('/')));

const provider = {
  onDidChangeFile: changed.event,
  watch: () => new vscode.Disposable(() => {}),
  stat({ path }) {
    const file = files.get(path);
    if (!file && !folders.has(path)) throw vscode.FileSystemError.FileNotFound(path);
    return {
      type: file ? vscode.FileType.File : vscode.FileType.Directory,
      ctime: 0,
      mtime: 0,
      size: file?.length ?? 0,
    };
  },
  readDirectory({ path }) {
    const within = (all, type) =>
      [...all]
        .filter((each) => each !== '/' && parent(each) === path)
        .map((each) => [each.slice(each.lastIndexOf('/') + 1), type]);
    return [...within(folders, vscode.FileType.Directory), ...within(files.keys(), vscode.FileType.File)];
  },
  readFile({ path }) {
    const file = files.get(path);
    if (!file) throw vscode.FileSystemError.FileNotFound(path);
    return file;
  },
  createDirectory: (uri) => add(folders, uri),
  writeFile: (uri, content) => add({ add: (path) => files.set(path, content) }, uri),
  delete({ path }) {
    files.delete(path);
    folders.delete(path);
  },
  rename: () => {
    throw vscode.FileSystemError.NoPermissions();
  },
};

function add(place, uri) {
  place.add(uri.path);
  changed.fire([{ type: vscode.FileChangeType.Created, uri }]);
}

exports.activate = ({ subscriptions }) => {
  subscriptions.push(vscode.workspace.registerFileSystemProvider('memo', provider, { isCaseSensitive: true }));
};
