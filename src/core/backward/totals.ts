/** ‖∂L/∂s_t‖₂ over units and streams, of one layer's direction: for each of its states a value per step of the window. */
export type TotalNorms = readonly Float64Array[];
