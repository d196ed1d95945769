/** The build bundles `NAME.ts` for an import of './NAME.thread': the text of a worker thread's program. */
declare module '*.thread' {
  const source: string;
  export default source;
}
