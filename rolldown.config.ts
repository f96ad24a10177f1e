/**
 * What starts often, as one file each, so that it starts fast: loading some 250 modules takes longer
 * than replaying a million packets. The library stays a module per file, but for its worker.
 *
 * CommonJS: node begins such a script some 5 ms earlier than a module, in every thread. Files are
 * two folders below dist/, as src/engine/location.ts expects.
 */
import { writeFileSync } from 'node:fs';
import { defineConfig, type Plugin, type RolldownOptions } from 'rolldown';

/** node looks for the kind of a script in the nearest package.json. */
function commonJs(dir: string): Plugin {
  const writeBundle = () => writeFileSync(`${dir}/package.json`, '{ "type": "commonjs" }\n');
  return { name: 'kind-of-script', writeBundle };
}

function script(dir: string, input: Record<string, string>): RolldownOptions {
  return {
    input,
    platform: 'node',
    external: /^(?!commander|picocolors|[./]|\0)/, // packages, but for those of every run
    output: { dir, format: 'cjs', entryFileNames: '[name].js', chunkFileNames: '[name].js' },
    plugins: [commonJs(dir)],
  };
}

export default defineConfig([
  script('dist/bundle/cli', { dockfw: 'src/cli/main.ts' }),
  script('dist/bundle/pool', { worker: 'src/pool/worker.ts' }),
]);
