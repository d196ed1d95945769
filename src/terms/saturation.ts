/** Where a unit counts as saturated: what goes through it barely changes with its input, and it passes hardly any gradient on. */

/** A gate is shut below the first and open above the second. */
export const shutBelow = 0.1;
export const openAbove = 0.9;

/** A tanh unit is saturated where |h| is larger: there its slope 1 − h² is under a tenth. */
export const saturatedAbove = 0.95;
