/** The built page in a real Chromium, served from 127.0.0.1 in the very document and under the policy the editor gives it. */
import { build } from 'esbuild';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { pageHtml } from '../../src/pageContract/pageHtml';
import type { PageView } from '../../src/pageContract/messages';
import english from '../../l10n/bundle.l10n.json';
import { pageStringsOf, type PageStrings } from '../../src/messages';
import { themes, type ThemeName } from './themes';

/** Bundles stand in out/test/webview or out/bench/page. */
const root = resolve(__dirname, '../../..');
const built = join(root, 'dist/webview');

/** Of the pages that keep a process. */
const keeperPath = '/keeper';

export const englishPageStrings = pageStringsOf(english);

export interface OpenOptions {
  readonly theme?: ThemeName;
  readonly width?: number;
  readonly height?: number;
  readonly scale?: number;
  readonly strings?: PageStrings;
  readonly language?: string;
  readonly view?: PageView;
  readonly touch?: boolean;
  /** In a process of its own, whose memory is then this page's alone, and never used again: for a test that changes what every document begins with, too. */
  readonly alone?: boolean;
}

interface Screen {
  readonly deviceScaleFactor: number;
  readonly hasTouch: boolean;
}

export class PageBrowser {
  private readonly contexts = new Map<string, BrowserContext>();
  /** Pages that were left, by the kind of screen or language they are of. */
  private readonly left = new Map<string, Page[]>();
  private readonly kinds = new WeakMap<Page, string>();

  private constructor(
    private readonly browser: Browser,
    private readonly server: Server,
    private readonly probeScript: string,
    private readonly documents: Map<string, string>,
  ) {}

  static async start(): Promise<PageBrowser> {
    const probe = await build({
      entryPoints: [join(root, 'test/webview/page/probe.ts')],
      bundle: true,
      format: 'iife',
      write: false,
    });
    const documents = new Map<string, string>();
    const server = createServer((request, response) => {
      const path = (request.url ?? '/').replace(/\?.*$/, '');
      const page = path === keeperPath ? '' : documents.get(path);
      if (page !== undefined) response.setHeader('content-type', 'text/html; charset=utf-8').end(page);
      else if (path === '/page.js')
        response.setHeader('content-type', 'text/javascript').end(readFileSync(join(built, 'page.js')));
      else if (path === '/page.css')
        response.setHeader('content-type', 'text/css').end(readFileSync(join(built, 'page.css')));
      else response.writeHead(404).end();
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const browser = await chromium.launch({
      executablePath: given('BACKFLOW_CHROMIUM'),
      args: [...given('BACKFLOW_CHROMIUM_FLAGS').split(' '), '--process-per-site'],
    });
    return new PageBrowser(browser, server, probe.outputFiles[0].text, documents);
  }

  /** A page that shows nothing but what is opened; one that was left is taken, since its process is there. */
  async open(options: OpenOptions = {}): Promise<Page> {
    const { origin } = this;
    const path = `/document-${this.documents.size}`;
    this.documents.set(
      path,
      pageHtml({
        scriptUri: `${origin}/page.js`,
        styleUri: `${origin}/page.css`,
        cspSource: origin,
        nonce: 'aQ3xYz7Kp2Rw',
        strings: options.strings ?? englishPageStrings,
        language: options.language ?? 'en',
        view: options.view ?? 'run',
      }),
    );
    const screen = { deviceScaleFactor: options.scale ?? 1, hasTouch: options.touch ?? false };
    const page = options.alone ? await this.pageAlone(screen) : await this.pageOf(screen);
    await page.setViewportSize({ width: options.width ?? 900, height: options.height ?? 900 });
    await page.goto(`${origin}${path}?theme=${options.theme ?? 'dark'}`);
    return page;
  }

  /** A page with nothing on it, and none of our rules. */
  async blank({ locale = 'en-US' }: { readonly locale?: string } = {}): Promise<Page> {
    const kind = `blank ${locale}`;
    const known = this.left.get(kind)?.pop();
    const page = known ?? (await this.browser.newPage({ locale }));
    this.kinds.set(page, kind);
    if (known) {
      page.removeAllListeners('pageerror');
      await page.goto('about:blank');
    }
    return page;
  }

  /** To be used by another test: to make a page anew takes longer than most of what is done with it. */
  async leave(page: Page): Promise<void> {
    const kind = this.kinds.get(page);
    if (kind === undefined) return page.close();
    const others = this.left.get(kind) ?? [];
    if (!others.includes(page)) others.push(page);
    this.left.set(kind, others);
  }

  /** Closes the pages that were left: after a test that failed, of which keys and buttons may still be held down. */
  async forget(): Promise<void> {
    const pages = [...this.left.values()].flat();
    this.left.clear();
    await Promise.all(pages.map((page) => page.close()));
  }

  async stop(): Promise<void> {
    await this.browser.close();
    await new Promise((closed) => this.server.close(closed));
  }

  private async pageOf(screen: Screen): Promise<Page> {
    const kind = JSON.stringify(screen);
    const known = this.left.get(kind)?.pop();
    if (known) {
      // Where a new page has its pointer: nowhere on what is drawn.
      await known.mouse.move(0, 0);
      return known;
    }
    const page = await (await this.contextOf(kind, screen)).newPage();
    // Only what hangs takes so long.
    page.setDefaultTimeout(120_000);
    this.kinds.set(page, kind);
    return page;
  }

  private async pageAlone(screen: Screen): Promise<Page> {
    const context = await this.newContext(screen);
    const page = await context.newPage();
    page.setDefaultTimeout(120_000);
    // The browser may be about to end, and the context with it.
    page.once('close', () => void context.close().catch(() => undefined));
    return page;
  }

  /**
   * Pages of one kind of screen share a process, and what it has compiled. An empty page keeps that from ending with the last of them: to begin
   * anew takes as much as most tests.
   */
  private async contextOf(kind: string, screen: Screen): Promise<BrowserContext> {
    const known = this.contexts.get(kind);
    if (known) return known;
    const context = await this.newContext(screen);
    this.contexts.set(kind, context);
    await (await context.newPage()).goto(this.origin + keeperPath);
    return context;
  }

  /** With the editor's end of the link in every page, and the theme that its address names. */
  private async newContext(screen: Screen): Promise<BrowserContext> {
    const context = await this.browser.newContext(screen);
    await context.addInitScript(`${this.probeScript}
      new MutationObserver((_, observer) => {
        if (!document.body) return;
        observer.disconnect();
        const theme = ${JSON.stringify(themes)}[new URLSearchParams(location.search).get('theme')];
        if (theme) probe.applyTheme(theme);
      }).observe(document, { childList: true, subtree: true });`);
    return context;
  }

  private get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }
}

function given(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '')
    throw new Error(`${name} is not set: run these tests with "npm test webview".`);
  return value;
}

/** Shows an open page in another theme, as the editor does when a person chooses one. */
export async function changeTheme(page: Page, theme: ThemeName): Promise<void> {
  await page.evaluate(`probe.applyTheme(${JSON.stringify(themes[theme])})`);
  await page.evaluate('probe.settled()');
}
