/**
 * Which structure a chain gets.
 *
 *     cuts     trees that lead to the first rule that matches (cut-tree.ts): for chains in which that
 *              rule decides and is found without asking anything else, from 16 rules on
 *     scan     the rules one after the other: nothing to set up, best for a handful
 *     word     one u64 per class: up to 64 rules, a single AND per dimension
 *     words    rows of u64 words under a summary of the words that are not empty: up to 4,096 rules
 *     groups   words in groups of 64 under a second summary: up to 262,144 rules; chains beyond that
 *              are scanned
 */
import { STRUCTURE_GROUPS, STRUCTURE_SCAN, STRUCTURE_WORD, STRUCTURE_WORDS } from './layout';

/** Chains of fewer rules stay with one word or a scan. */
export const CUTS_MIN: u32 = 16;
/**
 * Groups of four boxes that a packet may have to be compared with in trees with few copies: beyond,
 * they get more.
 */
export const FEW_COPIES_LONGEST_LEAF: u32 = 64;
/** … and in any: beyond, bits are faster. */
export const CUTS_LONGEST_LEAF: u32 = 256;
const SCAN_MAX: u32 = 3;
const WORD_MAX: u32 = 64;
const WORDS_MAX: u32 = 64 * 64;
const GROUPS_MAX: u32 = 64 * 64 * 64;

/** STRUCTURE_* but cuts for a chain of `rules` rules whose conditions name `dims` dimensions. */
export function chooseStructure(rules: u32, dims: u32): u32 {
  if (rules <= SCAN_MAX || dims == 0) return STRUCTURE_SCAN;
  if (rules <= WORD_MAX) return STRUCTURE_WORD;
  if (rules <= WORDS_MAX) return STRUCTURE_WORDS;
  return rules <= GROUPS_MAX ? STRUCTURE_GROUPS : STRUCTURE_SCAN;
}
