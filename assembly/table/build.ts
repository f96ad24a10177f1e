/** buildTables: from the rules of an image to classifiers and chain tables. Runs once. */
import { CHAIN_SIZE, FAMILY_V4, FAMILY_V6, RULE_SIZE, SECTION_CHAIN, SECTION_RULE } from '../abi';
import { sectionCount, sectionPtr } from '../host';
import { Chain, Rule } from '../image';
import { reserve } from '../lookup/arena';
import { buildChain } from './build-chain';
import { buildClassifiers } from './build-classifiers';
import { blobAt } from './image-rules';
import { ChainTable, Family, Tables } from './layout';
import { dimsWrittenBy, dimsWrittenByMatch } from './plan';
import { matchKind, nextMatch, targetKind } from './record';

const TABLES_PER_FAMILY: u32 = 8;

/** Builds everything for the attached image; 0 when memory runs out. */
export function buildAll(): usize {
  const tables = changetype<Tables>(reserve(offsetof<Tables>()));
  if (changetype<usize>(tables) == 0) return 0;
  tables.chainCount = sectionCount(SECTION_CHAIN);
  tables.chains = <u32>reserve(<usize>tables.chainCount * offsetof<ChainTable>() + 8);
  tables.v4 = <u32>buildClassifiers(FAMILY_V4);
  tables.v6 = <u32>buildClassifiers(FAMILY_V6);
  tables.stateBytes = load<u32>(blobAt(0));
  const written = reserve(TABLES_PER_FAMILY * 2 * 4);
  if (tables.chains == 0 || tables.v4 == 0 || tables.v6 == 0 || written == 0) return 0;
  noteWrites(written);
  for (let i: u32 = 0; i < tables.chainCount; i++) {
    const chain = chainAt(i);
    const family = changetype<Family>(<usize>(chain.family == FAMILY_V4 ? tables.v4 : tables.v6));
    const out = changetype<ChainTable>(<usize>tables.chains + <usize>i * offsetof<ChainTable>());
    const dims = load<u32>(written + writtenSlot(chain));
    if (!buildChain(out, chain, family, dims, tables.chains)) return 0;
  }
  return changetype<usize>(tables);
}

function chainAt(index: u32): Chain {
  return changetype<Chain>(sectionPtr(SECTION_CHAIN) + <usize>index * CHAIN_SIZE);
}

@inline
function writtenSlot(chain: Chain): usize {
  const family: u32 = chain.family == FAMILY_V4 ? 0 : TABLES_PER_FAMILY;
  return <usize>(family + (chain.table & (TABLES_PER_FAMILY - 1))) << 2;
}

/** For each netfilter table, the dimensions that its rules write. */
function noteWrites(written: usize): void {
  const rules = sectionPtr(SECTION_RULE);
  for (let i: u32 = 0; i < sectionCount(SECTION_RULE); i++) {
    const rule = changetype<Rule>(rules + <usize>i * RULE_SIZE);
    const slot = written + writtenSlot(chainAt(rule.chain));
    let dims = dimsWrittenBy(targetKind(blobAt(rule.target)));
    let match = blobAt(rule.matches);
    for (let m: u32 = 0; m < <u32>rule.matchCount; m++) {
      dims |= dimsWrittenByMatch(matchKind(match));
      match = nextMatch(match);
    }
    store<u32>(slot, load<u32>(slot) | dims);
  }
}
