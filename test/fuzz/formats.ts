/** Every format that is fuzzed. Another one is another entry. */
import type { FuzzedFormat } from './format';
import { onnx } from './onnx';
import { vocabularies } from './vocabularies';
import { weights } from './weights';

export const formats: readonly FuzzedFormat[] = [onnx, weights, vocabularies];
