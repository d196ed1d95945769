/**
 * One window of a real editor, used as a person uses it: with a mouse, a keyboard and eyes. What an editor shows takes
 * its time, so every method waits for what it is about, and says what it was waiting for when that does not come.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { FrameLocator, Locator, Page } from 'playwright-core';
import { codeServer, windowAddress, type CodeServer } from './codeServer';
import { drawSeldom } from './drawSeldom';
import { appears, clickWhileThere, longest, settledBox, succeeds, until } from './locators';
import { Notifications } from './notifications';
import { newPage } from './sharedBrowser';
import { writeSettings } from './workspace';

/** Milliseconds. Only what hangs takes so long, on whatever machine. */
const timeouts = { start: longest, step: 120_000 };
/** For a path: one that was given, but ran out of time, would be given twice. */
const stepOnce = 60_000;
/** For a choice in a menu that may be gone: a few seconds, and more on a machine on which those were not enough. */
const patience = (attemptsBefore: number): number => 5000 * (attemptsBefore + 1);

export interface WindowOptions {
  /** Absolute path of the folder to open. */
  readonly folder: string;
  /** In CSS pixels. */
  readonly width?: number;
  readonly height?: number;
  /** The one with the extension in development unless given. */
  readonly server?: CodeServer;
  /** Of Backflow's pages: as often as the display asks where it is 'display'. Two or three a second unless given. */
  readonly pictures?: 'display' | 'few';
  /** Display language, such as `ko`: of the extensions; the editor's own words stay English where no language pack is installed. */
  readonly language?: string;
}

export class EditorWindow {
  readonly notifications: Notifications;
  /** How often the settings were changed. */
  private changes = 0;

  private constructor(
    readonly page: Page,
    private readonly folder: string,
    private readonly server: CodeServer,
    private readonly size: { readonly width: number; readonly height: number },
    /** Errors that pages in this window have thrown. */
    readonly errors: string[],
  ) {
    this.notifications = new Notifications(page, (title) => this.runCommand(title));
  }

  static async open({
    folder,
    width = 1440,
    height = 900,
    server = codeServer(),
    pictures = 'few',
    language,
  }: WindowOptions): Promise<EditorWindow> {
    const size = { width, height };
    const page = await newPage(server, size);
    try {
      if (pictures === 'few') await page.addInitScript(drawSeldom);
      if (language !== undefined)
        await page.addInitScript(`globalThis._VSCODE_NLS_LANGUAGE = ${JSON.stringify(language)};`);
      const window = new EditorWindow(page, folder, server, size, []);
      await window.show();
      return window;
    } catch (error) {
      await page.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    // Leaving the page tells the server that this window is over; one that vanishes leaves its extension host waiting.
    await this.page.goto('about:blank');
    await this.page.close();
  }

  /** The side bar shows something, the explorer or what was open before a reload. */
  private async ready(): Promise<void> {
    await this.page.locator('.part.sidebar .monaco-list-row').first().waitFor({ timeout: timeouts.start });
    await this.page.locator('.statusbar-item').first().waitFor({ timeout: timeouts.start });
    // The editor reads the setting that closes it too late for a profile's very first window.
    const secondarySideBar = this.page.locator('.part.auxiliarybar');
    if (await secondarySideBar.isVisible()) {
      await this.page.keyboard.press('Control+Alt+b');
      await secondarySideBar.waitFor({ state: 'hidden' });
    }
  }

  /** Trusts the folder, which a window that asks for it does not by itself. */
  async trustFolder(): Promise<void> {
    await this.runCommand('Workspaces: Manage Workspace Trust');
    await this.page.locator('.workspace-trust-editor .monaco-button', { hasText: /^Trust$/ }).click();
    await this.page.locator('.statusbar-item', { hasText: 'Restricted Mode' }).waitFor({ state: 'detached' });
    await this.page.keyboard.press('Control+w');
    await this.page.locator('.workspace-trust-editor').waitFor({ state: 'detached' });
  }

  /** Loads the window anew, as "Developer: Reload Window" does. */
  async reload(): Promise<void> {
    // By the editor's own command, which first saves what is open; a page that is merely loaded again can be faster than that.
    const loaded = this.page.waitForEvent('load', { timeout: timeouts.start });
    await this.runCommand('Developer: Reload Window');
    await loaded;
    await this.ready();
  }

  /** Another window of the same person, with the same profile. */
  async another(folder: string): Promise<EditorWindow> {
    const page = await newPage(this.server, this.size);
    await page.addInitScript(drawSeldom);
    const window = new EditorWindow(page, folder, this.server, this.size, this.errors);
    await window.show();
    return window;
  }

  private async show(): Promise<void> {
    this.page.setDefaultTimeout(timeouts.step);
    this.page.on('pageerror', (error) => this.errors.push(String(error)));
    await this.page.goto(windowAddress(this.server, this.folder));
    await this.ready();
  }

  /** Changes some of the folder's settings and waits until the window has them: they come together with its title. */
  async changeSettings(changed: Readonly<Record<string, unknown>>): Promise<void> {
    const title = `(settings ${++this.changes})`;
    writeSettings(this.folder, { ...changed, 'window.title': title });
    // The editor says before it when it has an extension in development.
    await until(`the title ${title}`, async () => {
      if ((await this.page.title()).includes(title)) return true;
      await this.page.waitForTimeout(100);
      return false;
    });
  }

  /** Opens a file at the top of the folder by a double click in the explorer, to stay. */
  async openFile(name: string): Promise<void> {
    const line = this.page.locator('.editor-group-container.active .view-lines .view-line').first();
    // A window that has only just opened can put something else in front of it.
    await until(`the text of ${name}`, async () => {
      await this.openPage(name);
      return appears(line, 20_000);
    });
  }

  /** Opens a file at the top of the folder that is shown as a page and not as text. */
  async openPage(name: string): Promise<void> {
    await until(`a tab of ${name}`, async () => {
      await this.page.locator(`.explorer-folders-view .monaco-list-row[aria-label^="${name}"]`).dblclick();
      return appears(this.tab(name), 20_000);
    });
  }

  /** Opens a notebook at the top of the folder in the editor of notebooks. */
  async openNotebook(name: string): Promise<void> {
    // Until the extension that reads it is registered, it is a text.
    await until(`the cells of ${name}`, async () => {
      await this.openPage(name);
      if (await appears(this.page.locator('.notebookOverlay .cell-list-container'), 10_000)) return true;
      await this.page.keyboard.press('Control+w');
      return false;
    });
  }

  /** Chooses an entry of the context menu that a file at the top of the folder has in the explorer. */
  async chooseInExplorer(name: string, entry: string): Promise<void> {
    // An extension's entries are there once it is registered, which can be after the first look.
    await this.chooseInMenu(this.page.locator(`.explorer-folders-view .monaco-list-row[aria-label^="${name}"]`), entry);
  }

  /** The entries of the context menu that a file at the top of the folder has in the explorer, once this one is among them. */
  async entriesInExplorer(name: string, awaited: string): Promise<string[]> {
    const entries = this.page.locator('.monaco-menu .action-menu-item');
    await this.page
      .locator(`.explorer-folders-view .monaco-list-row[aria-label^="${name}"]`)
      .click({ button: 'right' });
    await entries.filter({ hasText: awaited }).first().waitFor();
    const texts = await entries.allInnerTexts();
    await this.page.keyboard.press('Escape');
    await entries.first().waitFor({ state: 'hidden' });
    return texts;
  }

  /** Chooses an entry of the context menu of a row in the view that is open. */
  async chooseInTree(row: Locator, entry: string): Promise<void> {
    await this.chooseInMenu(row, entry);
  }

  /** Chooses an entry of a row's context menu. Whatever else takes the focus just then closes the menu, before anything was chosen. */
  private async chooseInMenu(row: Locator, entry: string): Promise<void> {
    const menu = this.page.locator('.monaco-menu').first();
    const chosen = this.page.locator('.monaco-menu .action-menu-item', { hasText: entry });
    await until(`an entry "${entry}" in the context menu of a row`, async (before) => {
      const isOpen =
        (await succeeds(row.first().click({ button: 'right', timeout: 10_000 }))) && (await appears(menu, 5000));
      // The menu takes no click in its first moments, so that the one that opened it does not also choose.
      if (isOpen) await this.page.waitForTimeout(300);
      if (isOpen && (await chosen.isVisible()) && (await clickWhileThere(chosen, patience(before)))) return true;
      // One that came late, or without the entry, lies over the row.
      await this.page.keyboard.press('Escape');
      await this.page.waitForTimeout(500);
      return false;
    });
    await menu.waitFor({ state: 'hidden' });
  }

  /** Opens the view of the runs and returns its rows. */
  async runRows(): Promise<Locator> {
    const rows = this.page.locator('.sidebar .monaco-list-row[aria-label*=" × "]');
    if (!(await this.page.locator('.sidebar', { hasText: 'Backflow: Runs' }).isVisible()))
      await this.page.locator('.activitybar .action-label[aria-label^="Backflow"]').click();
    return rows;
  }

  tab(name: string): Locator {
    return this.page
      .locator(`.tabs-container .tab[data-resource-name="${name}"], .tabs-container .tab[aria-label^="${name}"]`)
      .first();
  }

  /** Brings a tab to the front. */
  async showTab(name: string): Promise<void> {
    await this.tab(name).click();
  }

  /** Runs a command from the palette by its full title, such as `Backflow: Train on This File`. */
  async runCommand(title: string): Promise<void> {
    const row = this.page.locator(`.quick-input-list .monaco-list-row[aria-label^="${title}"]`).first();
    // Here too: once it is registered.
    await until(`a command "${title}" to choose in the palette`, async (before) => {
      await this.page.keyboard.press('F1');
      // Whatever else takes the focus just now closes the palette again.
      const input = this.page.locator('.quick-input-widget .quick-input-box input');
      const filled = await succeeds(input.fill(`>${title}`, { timeout: 3000 }));
      if (filled && (await appears(row, 4000)) && (await clickWhileThere(row, patience(before)))) return true;
      await this.page.keyboard.press('Escape');
      return false;
    });
  }

  /** Picks an entry of the open quick pick by what its label begins with. */
  async pick(label: string): Promise<void> {
    await this.page.locator(`.quick-input-list .monaco-list-row[aria-label^="${label}"]`).first().click();
  }

  /** Gives a dialog that asks for a file this path: to open it, or to save it, and then it must not exist. */
  async giveFile(path: string): Promise<void> {
    const input = this.page.locator('.quick-input-widget:visible .quick-input-box input');
    // The dialog lists the folder it proposes before it takes another path.
    await this.page.locator('.quick-input-widget:visible .quick-input-list .monaco-list-row').first().waitFor();
    let isEntered = false;
    await until(`${path} to be accepted`, async () => {
      // It may have been accepted later than was waited for.
      if (isEntered && !(await input.isVisible())) return true;
      if (!(await succeeds(input.fill(path, { timeout: stepOnce })))) return false;
      // Late, the dialog puts its own proposal back.
      await this.page.waitForTimeout(500);
      if ((await input.inputValue()) !== path) return false;
      isEntered = true;
      await input.press('Enter');
      return succeeds(input.waitFor({ state: 'hidden', timeout: 3000 }));
    });
  }

  /**
   * Drags a file at the top of the folder onto a part of the window, with Shift held, by which a webview and not the editor takes it, until what is
   * to come of it is there: a busy editor loses what is let go before it has seen it come.
   */
  async dragFromExplorer(name: string, target: Locator, result: Locator): Promise<void> {
    const label = this.page.locator(`.explorer-folders-view .monaco-list-row[aria-label^="${name}"] .label-name`);
    const { mouse, keyboard } = this.page;
    await until(`what comes of ${name} being dropped`, async () => {
      const from = await settledBox(label);
      const to = await settledBox(target);
      await mouse.move(from.x + 10, from.y + from.height / 2);
      await mouse.down();
      await keyboard.down('Shift');
      await mouse.move(from.x + 60, from.y + 20, { steps: 5 });
      await mouse.move(to.x + to.width / 2, to.y + to.height / 2, { steps: 10 });
      await mouse.move(to.x + to.width / 2 + 3, to.y + to.height / 2 + 3, { steps: 3 });
      await this.page.waitForTimeout(300);
      await mouse.up();
      await keyboard.up('Shift');
      return appears(result, 20_000);
    });
  }

  /**
   * The document of a webview that holds an element with this selector; Backflow's panel unless told. It is found again by the origin
   * the editor gave it, which it keeps while it is hidden and shown; its place among the webviews changes as others come and go.
   */
  async panelFrame(selector = '[data-figure="flow"]'): Promise<FrameLocator> {
    const deadline = Date.now() + timeouts.step;
    const documentOf = (webview: Locator) => webview.contentFrame().locator('#active-frame').contentFrame();
    for (;;) {
      for (const webview of await this.page.locator('iframe.webview').all()) {
        const address = await webview.getAttribute('src', { timeout: 1000 }).catch(() => null);
        const origin = address === null ? null : new URL(address, this.page.url()).searchParams.get('origin');
        if (origin === null) continue;
        const own = documentOf(this.page.locator(`iframe.webview[src*="origin=${origin}"]`));
        if ((await own.locator(selector).count()) > 0) return own;
      }
      if (Date.now() > deadline) throw new Error(`No webview shows ${selector}.`);
      await this.page.waitForTimeout(100);
    }
  }

  /**
   * Puts the cursor at a place of the active text (both from 1) and returns where that is on the screen, in CSS pixels. Of a line with tabs or
   * wide characters the status bar tells another column: only the line is then waited for.
   */
  async goTo(line: number, column: number, isPlain = true): Promise<{ readonly x: number; readonly y: number }> {
    const cursor = this.page.locator('.editor-group-container.active .cursors-layer .cursor').first();
    await this.page
      .locator('.editor-group-container.active .view-lines')
      .first()
      .click({ position: { x: 2, y: 2 } });
    await this.page.keyboard.press('Control+g');
    const input = this.page.locator('.quick-input-widget .quick-input-box input');
    await input.waitFor();
    await input.fill(`:${line}:${column}`);
    await this.page.keyboard.press('Enter');
    await input.waitFor({ state: 'hidden' });
    await this.page
      .locator('.statusbar-item', { hasText: isPlain ? `Ln ${line}, Col ${column}` : `Ln ${line}, ` })
      .first()
      .waitFor();
    const box = await settledBox(cursor);
    return { x: box.x, y: box.y + box.height / 2 };
  }

  /** Rests the pointer on the character at a place (both from 1) and reads the hover that opens. */
  async hoverAt(line: number, column: number, isPlain = true): Promise<string> {
    const { x, y } = await this.goTo(line, column, isPlain);
    // The cursor makes its token the target; what stands before it has a gradient.
    await this.page.keyboard.press('End');
    const hover = this.page.locator(
      '.monaco-hover:not(.hidden):not(.workbench-hover) .hover-contents, .monaco-resizable-hover:visible .hover-contents',
    );
    const answer = hover.filter({ hasText: /\S/, hasNotText: /^\s*Loading/ }).first();
    // The editor gives up a hover when anything else happens to the text's view just then; the pointer is moved again, as a person does.
    await until('a hover', async () => {
      await this.page.mouse.move(x + 60, y + 200);
      await this.page.mouse.move(x + 4, y, { steps: 4 });
      return appears(answer, 20_000);
    });
    return (await hover.allInnerTexts()).join('\n').trim();
  }

  /** Moves the pointer away, so that no hover is open. */
  async rest(): Promise<void> {
    await this.page.mouse.move(5, 5);
    await this.page.waitForTimeout(400);
  }

  /** The texts of the status bar. */
  async statusBar(): Promise<string> {
    return (await this.page.locator('.statusbar-item').allInnerTexts()).join(' | ');
  }

  /** A picture to be looked at, where such are asked for (`npm test -- --pictures`): no test judges it, and it takes a second or more. */
  async picture(name: string, part?: Locator): Promise<void> {
    if (process.env['BACKFLOW_PICTURES'] === '1') await this.screenshot(name, part);
  }

  /** Writes a picture of the whole window, or of a part, into the screenshots folder. */
  async screenshot(name: string, part?: Locator): Promise<void> {
    mkdirSync(this.server.screenshots, { recursive: true });
    await (part ?? this.page).screenshot({ path: join(this.server.screenshots, `${name}.png`) });
  }
}
