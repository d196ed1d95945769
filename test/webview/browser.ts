/** The built page in a real Chromium, served from 127.0.0.1 in the very document and under the policy the editor gives it. */
import { build } from 'esbuild';
import { mkdirSync, readFileSync } from 'node:fs';
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
  /** In a process of its own, whose memory is then this page's alone; closing the page ends that. */
  readonly alone?: boolean;
}

export class PageBrowser {
  private readonly contexts = new Map<string, BrowserContext>();

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
      const path = request.url ?? '/';
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
    const context = options.alone ? await this.browser.newContext(screen) : await this.contextOf(screen);
    const page = await context.newPage();
    if (options.alone) page.once('close', () => void context.close());
    await page.setViewportSize({ width: options.width ?? 900, height: options.height ?? 900 });
    // Only what hangs takes so long.
    page.setDefaultTimeout(120_000);
    const theme = JSON.stringify(themes[options.theme ?? 'dark']);
    await page.addInitScript(`${this.probeScript}
      new MutationObserver((_, observer) => { if (document.body) { observer.disconnect(); probe.applyTheme(${theme}); } }).observe(document, { childList: true, subtree: true });`);
    await page.goto(origin + path);
    return page;
  }

  /**
   * Pages of one kind of screen share a process, and what it has compiled. An empty page keeps that from ending with the last of them: to begin
   * anew takes as much as most tests.
   */
  private async contextOf(screen: {
    readonly deviceScaleFactor: number;
    readonly hasTouch: boolean;
  }): Promise<BrowserContext> {
    const kind = JSON.stringify(screen);
    const known = this.contexts.get(kind);
    if (known) return known;
    const context = await this.browser.newContext(screen);
    this.contexts.set(kind, context);
    await (await context.newPage()).goto(this.origin + keeperPath);
    return context;
  }

  private get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** A page with nothing on it, and none of our rules. */
  blank(options?: { readonly locale: string }): Promise<Page> {
    return this.browser.newPage(options);
  }

  async stop(): Promise<void> {
    await this.browser.close();
    await new Promise((closed) => this.server.close(closed));
  }
}

function given(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '')
    throw new Error(`${name} is not set: run these tests with "npm test webview".`);
  return value;
}

/** Where pictures of the page go, to be looked at. */
export function screenshotPath(name: string): string {
  const folder = join(root, '.vscode-test/screenshots');
  mkdirSync(folder, { recursive: true });
  return join(folder, `page-${name}.png`);
}
