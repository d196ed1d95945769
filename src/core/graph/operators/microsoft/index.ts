/** Operators of ONNX Runtime's own domain, which its optimizer puts in place of several of ONNX's. */
import type { OperatorTable } from '../../call';
import { attentionOfRuntime } from './attention';
import { quantization } from '../quantization';
import { fused } from './fused';
import { normalizationOfSums } from './normalization';
import { weightOnly } from './weightOnly';

export const ofRuntime: OperatorTable = {
  ...fused,
  ...normalizationOfSums,
  ...attentionOfRuntime,
  ...quantization,
  ...weightOnly,
};
