/** From the text of the rules to tables that can be asked: time and memory. */
import { performance } from 'node:perf_hooks';
import { loadImage } from '../src/engine/image.ts';
import { coreModule, createMemory, instantiate } from '../src/engine/instance.ts';
import { interfaceNames } from '../src/engine/names.ts';
import { compileHost } from './core-pass.ts';
import { accessHostOf, hostOf } from './inputs.ts';
import { rteAclBuilder } from './peers/rte-acl.ts';
import type { Contender, Row } from './row.ts';
import type { Settings } from './settings.ts';

export function compileRows({ rules, ports }: Settings): Row[] {
  const lists = rules.map((count) => ({
    name: `compile, access list, ${count} rules`,
    contenders: [compiler(() => accessHostOf('unique', count)), rteAclBuilder(count)],
  }));
  const hosts = ports.map((count) => ({
    name: `compile, Docker, ${count} ports`,
    contenders: [compiler(() => hostOf('docker', count))],
  }));
  return [...lists, ...hosts];
}

function compiler(host: () => string): Contender {
  return {
    who: 'dockfw',
    prepare: async () => {
      const directory = host();
      const module = await coreModule();
      return async () => {
        const start = performance.now();
        const compiled = await compileHost(directory);
        const instance = instantiate(module, createMemory(), interfaceNames(compiled.host));
        const before = instance.heap.memory.buffer.byteLength;
        loadImage(instance, compiled);
        return {
          compileMillis: performance.now() - start,
          bytes: instance.heap.memory.buffer.byteLength - before,
        };
      };
    },
  };
}
