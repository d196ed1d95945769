/**
 * A window that files of tests use one after the other: to open one takes about as long as what most of them do in it. Each finds it as if it were new: in the
 * folder its own files and settings and no run, no file open, nothing said.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { codeServer, type CodeServer } from './codeServer';
import { EditorWindow } from './editorWindow';
import { appears } from './locators';
import { runsIn } from './panel';
import { fillWorkspace, makeWorkspace, type Files, type Workspace, type WorkspaceOptions } from './workspace';

export interface SharedWindow {
  readonly window: EditorWindow;
  readonly workspace: Workspace;
  /** Trusts the folder, unless it is trusted. */
  readonly trust: () => Promise<void>;
}

interface Options extends WorkspaceOptions {
  /** The one with the extension in development unless given. */
  readonly server?: CodeServer;
  /** In CSS pixels. */
  readonly width?: number;
  readonly height?: number;
  /** Of a server that asks: whether the folder is trusted. Whoever wants one that is not comes first, or has a window opened anew. */
  readonly isTrusted?: boolean;
}

/** By the server's address. */
const shared = new Map<string, SharedWindow & { isTrusted: boolean }>();

/** The window of a server, with these files. It is nobody else's until the next call. */
export async function borrowWindow(
  files: Files,
  { server = codeServer(), width = 1440, height = 900, isTrusted = false, ...options }: Options = {},
): Promise<SharedWindow> {
  const known = shared.get(server.address);
  if (known?.isTrusted && !isTrusted) {
    await close(server.address);
  } else if (known) {
    try {
      await known.window.page.setViewportSize({ width, height });
      await clear(known);
      fillWorkspace(known.workspace, files, options);
      await known.window.changeSettings({});
      await listed(known.window, files);
      if (isTrusted) await known.trust();
      return known;
    } catch (error) {
      // What a test has left there that failed is no reason for the next to fail.
      process.stdout.write(`      a new window, since the one before could not be cleared: ${String(error)}\n`);
      await close(server.address);
    }
  }
  const workspace = makeWorkspace(files, options);
  const window = await EditorWindow.open({ folder: workspace.folder, server, width, height });
  const made = {
    window,
    workspace,
    isTrusted: false,
    trust: async () => {
      if (!made.isTrusted) await window.trustFolder();
      made.isTrusted = true;
    },
  };
  shared.set(server.address, made);
  if (isTrusted) await made.trust();
  return made;
}

/** Closes them all, after the last file of tests. */
export async function closeSharedWindows(): Promise<void> {
  for (const address of [...shared.keys()]) await close(address);
}

async function close(address: string): Promise<void> {
  const known = shared.get(address);
  shared.delete(address);
  await known?.window.close();
  await known?.workspace.remove();
}

async function clear({ window, workspace: { folder } }: SharedWindow): Promise<void> {
  await endRuns(window);
  const isHeld = () => runsIn(folder).some((run) => existsSync(join(folder, '.backflow/runs', run, 'lock')));
  for (let i = 0; isHeld(); i++) {
    if (i === 600) throw new Error('The run before did not end.');
    await window.page.waitForTimeout(100);
  }
  await closeEditors(window);
  for (const name of readdirSync(folder).filter((each) => each !== '.vscode'))
    rmSync(join(folder, name), { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  // The list of runs forgets those that are gone.
  await window.page.locator('.sidebar .monaco-list-row').first().waitFor({ state: 'detached' });
  await window.runCommand('Notifications: Clear All Notifications');
  await showExplorer(window);
  window.errors.length = 0;
}

/** The explorer lists files as it learns of them: rows would still move under the pointer of who opens one. */
async function listed({ page }: EditorWindow, files: Files): Promise<void> {
  for (const name of Object.keys(files).filter((each) => /^[^./\\][^/\\]*$/.test(each)))
    await page
      .locator(`.explorer-folders-view .monaco-list-row[aria-label^="${name}"]`)
      .first()
      .waitFor({ timeout: 30_000 });
}

/** Closes all editors, and saves nothing of a text that has no file. */
async function closeEditors(window: EditorWindow): Promise<void> {
  const { page } = window;
  const discard = page.locator('.monaco-dialog-box .monaco-button', { hasText: "Don't Save" });
  const tabs = page.locator('.tabs-container .tab');
  for (let i = 0; (await tabs.count()) > 0; i++) {
    if (i === 600) throw new Error('The editors before cannot be closed.');
    if (await discard.isVisible()) await discard.click();
    // By its keys, and not from the palette, whose list takes more than the closing. A busy window can lose one.
    else if (i % 50 === 0) for (const key of ['Control+k', 'Control+w']) await page.keyboard.press(key);
    await page.waitForTimeout(100);
  }
}

async function showExplorer({ page }: EditorWindow): Promise<void> {
  for (let i = 0; i < 24; i++) {
    await page.keyboard.press('Control+Shift+e');
    if (await appears(page.locator('.explorer-folders-view'), 5000)) return;
  }
  throw new Error('The explorer does not show.');
}

/** Ends every run and model of the window by its row, live ones first: by the palette only the one that is shown is stopped. */
async function endRuns(window: EditorWindow): Promise<void> {
  await window.runRows();
  const { page } = window;
  const first = page.locator('.sidebar .monaco-list-row[aria-level="1"]').first();
  const entries = page.locator('.monaco-menu .action-menu-item');
  const end = entries.filter({ hasText: /^End$/ });
  const confirm = page.locator('.monaco-dialog-box .monaco-button', { hasText: 'Save and End' });
  // The rows come a moment after the view.
  await first.waitFor({ timeout: 3000 }).catch(() => undefined);
  for (let i = 0; await first.isVisible(); i++) {
    if (i === 100) throw new Error('The runs before do not end.');
    // The question comes when it comes, and nothing beside it can be clicked.
    if (await confirm.isVisible()) await confirm.click();
    const hasMenu = await first
      .click({ button: 'right', timeout: 5000 })
      .then(() => entries.first().waitFor({ timeout: 5000 }))
      .then(
        () => true,
        () => false,
      );
    if (!hasMenu) continue;
    // The menu takes no click in its first moments.
    await page.waitForTimeout(300);
    if (!(await end.isVisible())) {
      await page.keyboard.press('Escape');
      return;
    }
    await end.click();
    await page.waitForTimeout(500);
  }
}
