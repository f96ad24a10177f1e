/** The rules and the blob of the attached image. */
import { RULE_SIZE, SECTION_BLOB, SECTION_RULE } from '../abi';
import { sectionPtr } from '../host';
import { Rule } from '../image';

/** The rule with this counter id. */
@inline
export function ruleAt(counter: u32): Rule {
  return changetype<Rule>(sectionPtr(SECTION_RULE) + <usize>counter * RULE_SIZE);
}

/** Address of a byte offset into the blob. */
@inline
export function blobAt(offset: u32): usize {
  return sectionPtr(SECTION_BLOB) + offset;
}
