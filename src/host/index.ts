export type { ConnectionTuple, KnownConnection } from './conntrack.ts';
export { DEFAULT_HOST_SOURCE } from './default-host.ts';
export type * from './host.ts';
export { type HostNames, hostNames } from './names.ts';
export { hostOf, readHost } from './read-host.ts';
export {
  type HostOptions,
  readSnapshot,
  SNAPSHOT_FILES,
  type Snapshot,
  type SnapshotFile,
} from './snapshot.ts';
