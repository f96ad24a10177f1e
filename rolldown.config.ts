/**
 * What starts often, as one file each, so that it starts fast: loading some 250 modules takes longer
 * than replaying a million packets. The library stays a module per file, but for its worker.
 *
 * CommonJS: node begins such a script some 5 ms earlier than a module, in every thread. Files are
 * two folders below dist/, as src/engine/location.ts expects.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { defineConfig, type Plugin, type RolldownOptions } from 'rolldown';

/** Packages of every run, which the scripts contain. */
const CONTAINED = ['commander', 'picocolors', 'piscina'];
/** What piscina starts threads with: it looks for it beside the script that contains it. */
const PISCINA_WORKER = 'node_modules/piscina/dist/worker.js';

/**
 * Files beside the scripts: node looks for their kind in the nearest package.json, and whoever has
 * them shall have the licences of what they contain.
 */
function companions(dir: string): Plugin {
  const writeBundle = () => {
    rmSync(`${dir}/command.code`, { force: true }); // of another command, see src/cli/start.ts
    writeFileSync(`${dir}/package.json`, '{ "type": "commonjs" }\n');
    const licences = CONTAINED.map((name) => {
      return `${name}\n\n${readFileSync(`node_modules/${name}/LICENSE`, 'utf8')}`;
    });
    writeFileSync(`${dir}/LICENSES.txt`, licences.join('\n\n'));
  };
  return { name: 'companions', writeBundle };
}

/** One byte for each character, so that node need not decode the scripts nor V8 widen them. */
function inAscii(): Plugin {
  const escaped = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return {
    name: 'ascii',
    generateBundle: (_options, bundle) => {
      for (const output of Object.values(bundle)) {
        if (output.type === 'chunk') output.code = output.code.replace(/[\u0080-\uffff]/g, escaped);
      }
    },
  };
}

/** Less to scan at every start, some 5 ms; names stay, as errors and profiles show them. */
const SHORT = { compress: true, mangle: false, codegen: { removeWhitespace: true } };

function script(dir: string, input: Record<string, string>): RolldownOptions {
  return {
    input,
    platform: 'node',
    external: new RegExp(`^(?!${CONTAINED.join('|')}|[./]|\\0)`), // other packages
    output: {
      dir,
      format: 'cjs',
      entryFileNames: '[name].js',
      chunkFileNames: '[name].js',
      minify: SHORT,
    },
    plugins: [inAscii(), companions(dir)],
  };
}

export default defineConfig([
  script('dist/bundle/cli', { dockfw: 'src/cli/start.ts' }),
  script('dist/bundle/cli', { command: 'src/cli/main.ts' }),
  script('dist/bundle/cli', { worker: PISCINA_WORKER }),
  script('dist/bundle/pool', { worker: 'src/pool/worker.ts' }),
]);
