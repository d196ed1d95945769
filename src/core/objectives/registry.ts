/** Which loss a model has: there are these two. */
import { crossEntropy } from './crossEntropy';
import type { Objective } from './objective';
import { squaredError } from './squaredError';

export type { Objective };

/** @param isOfNumbers of a model that predicts numbers, else of tokens */
export function objectiveOf(isOfNumbers: boolean): Objective {
  return isOfNumbers ? squaredError : crossEntropy;
}
