/**
 * Weight gradients of more steps than this are summed block by block, the blocks' sums in float64: in one float32 sum over a long text
 * digits would be lost. Segments of this length (`SegmentedBackward`) give the same bits.
 */
export const stepsOfBlock = 1024;
