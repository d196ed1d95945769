/** In which order a layer reads a text: from its beginning, or from its end. */
export type Direction = 'forward' | 'backward';
