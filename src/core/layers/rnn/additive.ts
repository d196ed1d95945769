/** h_t is the activation of a sum, and no sum itself. */
export const additive = null;
