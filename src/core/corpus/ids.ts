/** A text as token numbers, in the smallest type that holds its vocabulary. */
export type Ids = Uint8Array | Uint16Array | Int32Array;
