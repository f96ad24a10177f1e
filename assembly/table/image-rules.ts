/** The rules and the blob of the attached image. */
import { CHAIN_SIZE, RULE_SIZE, SECTION_BLOB, SECTION_CHAIN, SECTION_RULE } from '../abi';
import { sectionPtr } from '../host';
import { Chain, Rule } from '../image';

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

/** Whether the rule is in a chain of this family. */
@inline
export function isRuleOf(rule: Rule, familyCode: u32): bool {
  const chain = sectionPtr(SECTION_CHAIN) + <usize>rule.chain * CHAIN_SIZE;
  return changetype<Chain>(chain).family == <u8>familyCode;
}
