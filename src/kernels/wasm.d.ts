/** The build compiles `src/kernels/assembly` and puts the bytes into the bundle. */
declare module '*.wasm' {
  const binary: Uint8Array<ArrayBuffer>;
  export default binary;
}

/** What this project uses of WebAssembly; TypeScript has its types only together with the browser's. */
declare namespace WebAssembly {
  class Memory {
    constructor(descriptor: { initial: number; maximum: number; shared: boolean });
    readonly buffer: ArrayBuffer | SharedArrayBuffer;
  }
  class Module {
    constructor(bytes: Uint8Array<ArrayBuffer>);
    private readonly compiled: unknown;
  }
  class Instance {
    constructor(module: Module, imports: { env: { memory: Memory } });
    readonly exports: object;
  }
  function validate(bytes: Uint8Array<ArrayBuffer>): boolean;
}
