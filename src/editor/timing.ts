/** Doing things less often. */

export interface Deferred {
  (): void;
  /** Forgets what was still to be done. */
  dispose(): void;
}

/** Runs `action` once, when it has not been asked for during `milliseconds`. */
export function debounced(action: () => void, milliseconds: number): Deferred {
  let timer: NodeJS.Timeout | undefined;
  const ask = () => {
    clearTimeout(timer);
    timer = setTimeout(action, milliseconds);
  };
  return Object.assign(ask, { dispose: () => clearTimeout(timer) });
}

/** Runs `action` at once, and at most once in `milliseconds`; what is asked meanwhile is done at the end of that time. */
export function throttled(action: () => void, milliseconds: number): Deferred {
  let timer: NodeJS.Timeout | undefined;
  let isAsked = false;
  const ask = () => {
    if (timer !== undefined) {
      isAsked = true;
      return;
    }
    timer = setTimeout(() => {
      timer = undefined;
      if (isAsked) {
        isAsked = false;
        ask();
      }
    }, milliseconds);
    action();
  };
  const dispose = () => {
    clearTimeout(timer);
    timer = undefined;
    isAsked = false;
  };
  return Object.assign(ask, { dispose });
}
