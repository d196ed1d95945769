/**
 * The browser that all windows of a process share. It keeps what it has compiled of the editor's programs, so that a window opens in half the time;
 * what the editor remembers in it is forgotten before the first of some windows opens, as if it were a person's first.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright-core';
import { removeFolder } from '../../support/removeFolder';
import type { CodeServer } from './codeServer';

interface Shared {
  readonly context: BrowserContext;
  /** A page that stays, since the browser ends with its last one. */
  readonly keeper: Page;
  readonly profile: string;
}

let shared: Shared | null = null;

async function start({ chromium: executablePath, chromiumFlags }: CodeServer): Promise<Shared> {
  const profile = mkdtempSync(join(tmpdir(), 'backflow-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    args: [...chromiumFlags],
    viewport: null,
    // A list that slides in is drawn a dozen times, and can be clicked only when it has come to rest.
    reducedMotion: 'reduce',
  });
  return { context, keeper: context.pages()[0] ?? (await context.newPage()), profile };
}

/** A page for a window of this server, of this size in CSS pixels. */
export async function newPage(
  server: CodeServer,
  size: { readonly width: number; readonly height: number },
): Promise<Page> {
  shared ??= await start(server);
  const { context, keeper } = shared;
  if (context.pages().length === 1) await forget(context, keeper, new URL(server.address).origin);
  const page = await context.newPage();
  await page.setViewportSize(size);
  return page;
}

async function forget(context: BrowserContext, keeper: Page, origin: string): Promise<void> {
  const devtools = await context.newCDPSession(keeper);
  await devtools.send('Storage.clearDataForOrigin', { origin, storageTypes: 'cookies,indexeddb,local_storage' });
  await devtools.detach();
}

/** Ends it, at the end of the process's tests or measurements. */
export async function closeBrowser(): Promise<void> {
  if (shared === null) return;
  const { context, profile } = shared;
  shared = null;
  await context.close();
  await removeFolder(profile);
}
