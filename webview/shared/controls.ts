/**
 * The page's controls. The toolkit behind them is archived, so this is the only file that knows it: to replace it, replace
 * what is here. Its components take their colors from the editor's theme; their styles need the document's nonce.
 */
import { Button, provideVSCodeDesignSystem, vsCodeButton } from '@vscode/webview-ui-toolkit';

provideVSCodeDesignSystem().register(vsCodeButton());

export interface ButtonOptions {
  readonly text: string;
  readonly primary?: boolean;
  /** Said when the pointer rests on it. */
  readonly help?: string;
  /** Its data-action. */
  readonly action: string;
  pressed(): void;
}

export interface PageButton {
  readonly root: HTMLElement;
  show(shown: boolean, enabled: boolean): void;
}

export function button(options: ButtonOptions): PageButton {
  const made = new Button();
  made.textContent = options.text;
  made.appearance = options.primary === true ? 'primary' : 'secondary';
  made.dataset['action'] = options.action;
  if (options.help !== undefined) made.title = options.help;
  made.addEventListener('click', () => {
    if (!made.disabled) options.pressed();
  });
  return {
    root: made,
    show(shown, enabled) {
      made.hidden = !shown;
      // A hidden button stays able to take the focus at once when it is shown: the toolkit enables it only later.
      made.disabled = shown && !enabled;
      // What else says so, which the toolkit changes with the next picture but one: until then the browser would give the button no press.
      made.toggleAttribute('disabled', made.disabled);
      if (made.isConnected) made.control.disabled = made.disabled;
    },
  };
}
