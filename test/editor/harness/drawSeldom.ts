/**
 * Runs in every document of a window, before its own scripts: has webviews draw two or three pictures a second. While a run continues the panel draws as often as the
 * display shows something new, which without a graphics processor takes a core from everything else.
 */
export function drawSeldom(): void {
  const page = globalThis as unknown as {
    location: { href: string };
    parent: { location: { href: string } };
    requestAnimationFrame: (draw: (time: number) => void) => number;
  };
  // The innermost document has an address of its own, or none; the one around it is the editor's.
  if (!`${page.location.href} ${page.parent.location.href}`.includes('/webview/')) return;
  const atNextPicture = page.requestAnimationFrame.bind(page);
  page.requestAnimationFrame = (draw) => {
    setTimeout(() => atNextPicture(draw), 400);
    return 0;
  };
}
