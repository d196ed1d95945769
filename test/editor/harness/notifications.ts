/** What a window notifies of: over it, or behind the bell. */
import type { Locator, Page } from 'playwright-core';
import { appears, until } from './locators';

export class Notifications {
  /** @param runCommand runs one of the window's commands by its full title */
  constructor(
    private readonly page: Page,
    private readonly runCommand: (title: string) => Promise<void>,
  ) {}

  /** One that lies over the window, by what it says. */
  shown(sentence: RegExp | string): Locator {
    return this.page.locator('.notifications-toasts .notification-list-item', { hasText: sentence });
  }

  /** Answers one that lies over the window by one of its buttons. */
  async answer(sentence: RegExp | string, button: string): Promise<void> {
    await this.shown(sentence).locator('.monaco-button', { hasText: button }).click();
  }

  /**
   * Waits for one that says this, of an error unless told. In a window under test they wait behind the bell.
   * @param again what asked for it, once more now and then: whatever takes the focus closes a menu in the moment of the choice
   */
  async listed(
    sentence: RegExp,
    { kind = 'error', again }: { readonly kind?: 'error' | 'warning'; readonly again?: () => Promise<void> } = {},
  ): Promise<void> {
    const all = this.page.locator(
      `.notifications-center .notification-list-item:has(.codicon-${kind}) .notification-list-item-message`,
    );
    let said: string[] = [];
    let attempts = 0;
    await until(`a notification (${kind}) ${sentence}`, async () => {
      if (++attempts % 4 === 0) await again?.();
      await this.runCommand('Notifications: Show Notifications');
      // They stay shown, and others join them, unless something else takes the focus.
      if (await appears(all.filter({ hasText: sentence }).first(), 5000)) return true;
      said = await all.allInnerTexts();
      return false;
    }).catch((error: unknown) => {
      throw new Error(`${String(error)} There were: ${said.join(' | ')}`);
    });
    await this.runCommand('Notifications: Hide Notifications');
  }
}
