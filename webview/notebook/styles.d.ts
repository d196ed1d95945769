/** A style as text: scripts/lib/cssText.mjs bundles it. */
declare module '*.css?text' {
  const style: string;
  export default style;
}
