/** What a model writes while it learns: samples with the same beginning and the same random numbers, so that what changes is the model. */
import type { Message } from '../messages';

/** A text to be generated. */
export interface SampleRequest {
  readonly prompt: string;
  readonly length: number;
  /** 0 is greedy. */
  readonly temperature: number;
  /** Only the K likeliest tokens can be drawn; null for all. */
  readonly topK: number | null;
  /** Only the likeliest tokens that together have this probability can be drawn; null for all. */
  readonly topP: number | null;
  readonly seed: number;
  /** With a number, `sampled` sends the text while it grows; with none, only the answer does. */
  readonly stream?: number;
}

export interface SampleResult {
  /** Without the prompt. */
  readonly text: string;
  /** What is to be said of it, as that it was drawn without the whole text before. */
  readonly notices: readonly Message[];
}

/** What samples to draw. */
export interface SampleWatch {
  /** 0 always takes the likeliest token. */
  readonly temperature: number;
  readonly seed: number;
}

export interface ModelSample {
  /** Training steps that its weights had taken. */
  readonly step: number;
  /** Training loss of that step, nats per token; null where the model is not trained here. */
  readonly loss: number | null;
  readonly temperature: number;
  /** A few lines. Of a model of sequences several of them, one a line. */
  readonly text: string;
}

/** Samples that are kept of a run, and shown. */
export const maxSamples = 5;

/**
 * Adds the newest to those that are kept, in order of their steps. When there are too many, the one whose neighbors are nearest
 * to each other goes, by the logarithm of their steps: a model learns the most at first. The first and the newest stay. A sample of an
 * earlier step means that the run went back, and another of the same step takes its place.
 */
export function withSample(
  kept: readonly ModelSample[],
  newest: ModelSample,
  max = maxSamples,
): readonly ModelSample[] {
  const samples = [...kept.filter(({ step }) => step < newest.step), newest];
  if (samples.length <= max) return samples;
  let closest = 1;
  for (let i = 2; i < samples.length - 1; i++) if (span(samples, i) < span(samples, closest)) closest = i;
  return samples.toSpliced(closest, 1);
}

/** From the sample before this one to the one after it. */
function span(samples: readonly ModelSample[], i: number): number {
  return Math.log((samples[i + 1].step + 1) / (samples[i - 1].step + 1));
}
