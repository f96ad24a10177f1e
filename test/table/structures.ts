/** STRUCTURE_* of assembly/table/layout.ts. */
export const STRUCTURE_SCAN = 0;
export const STRUCTURE_WORD = 1;
export const STRUCTURE_WORDS = 2;
export const STRUCTURE_GROUPS = 3;
export const STRUCTURE_CUTS = 4;
