export { buildTables } from './build';
export {
  addressesChanged,
  attachTables,
  chainStructure,
  evaluateChain,
  packetBegin,
  volatileKey,
} from './evaluate';
