export type { ConnectionTuple, KnownConnection } from './conntrack.ts';
export { DEFAULT_HOST_SOURCE } from './default-host.ts';
export type * from './host.ts';
export { type HostNames, hostNames } from './names.ts';
export { readHost } from './read-host.ts';
export { type HostOptions, SNAPSHOT_FILES, type SnapshotFile } from './snapshot.ts';
