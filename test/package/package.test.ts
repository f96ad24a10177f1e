/** What npm packs, installed into an empty folder, is all that a user needs. */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

let dir: string;
let packed: Packed;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'dockfw-package-'));
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', dir];
  const { stdout } = await run('npm', pack, { cwd: root });
  [packed] = JSON.parse(stdout) as [Packed];
  writeFileSync(join(dir, 'package.json'), '{ "private": true, "type": "module" }\n');
  const install = ['install', '--prefer-offline', '--no-audit', '--no-fund', packed.filename];
  await run('npm', install, { cwd: dir });
  cpSync(join(root, 'examples'), join(dir, 'examples'), { recursive: true });
}, 300_000);

afterAll(() => rmSync(dir, { recursive: true }));

describe('the tarball', () => {
  test('holds what a user needs and nothing else', () => {
    const paths = packed.files.map(({ path }) => path);
    for (const path of paths) {
      expect(path).toMatch(
        /^(dist\/(src|assembly)\/.*\.(js|d\.ts)|dist\/bundle\/(cli|pool)\/([\w-]+\.js|command\.code|package\.json|LICENSES\.txt)|dist\/core\.wasm|docs\/[\w-]+\.md|package\.json|README\.md|LICENSE)$/,
      );
    }
    expect(paths).toEqual(
      expect.arrayContaining([
        'README.md',
        'LICENSE',
        'dist/core.wasm',
        'dist/src/index.js',
        'dist/src/index.d.ts',
        'dist/bundle/cli/dockfw.js',
        'dist/bundle/pool/worker.js',
      ]),
    );
  });

  test('has a release build of the core', () => {
    const core = packed.files.find(({ path }) => path === 'dist/core.wasm');
    expect(core?.size).toBeLessThan(400_000);
  });
});

describe('installed into an empty folder', () => {
  test('the command runs', async () => {
    const { stdout, stderr } = await run('npx', ['dockfw', 'replay', 'examples/shop.pcap'], {
      cwd: dir,
    });
    expect(stdout.split('\n')[0]).toBe('examples/shop.pcap on examples/shop.host');
    expect(stdout).toMatch(/4,138 frames/);
    expect(stderr.replace(/^npm warn .*\n/gm, '')).toBe('');
  });

  test('the library has these exports', async () => {
    const code = "console.log(Object.keys(await import('dockfw')).sort().join(' '))";
    const { stdout } = await run('node', ['--input-type=module', '-e', code], { cwd: dir });
    expect(stdout.trim().split(' ')).toEqual([
      'CaptureError',
      'ChainLoopError',
      'ChainReferenceError',
      'CompileError',
      'CoreError',
      'DockfwError',
      'FileError',
      'HostError',
      'IpsetError',
      'RulesetSyntaxError',
      'Threads',
      'UnknownExtensionError',
      'UsageError',
      'compile',
      'countersText',
      'judge',
      'openCapture',
      'packetFile',
      'readHost',
      'replay',
    ]);
  });

  test('nothing else can be imported', async () => {
    const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      exports: unknown;
    };
    expect(exports).toEqual({
      '.': { types: './dist/src/index.d.ts', default: './dist/src/index.js' },
      './package.json': './package.json',
    });
    const inner = run(
      'node',
      ['--input-type=module', '-e', "await import('dockfw/dist/src/replay.js')"],
      {
        cwd: dir,
      },
    );
    await expect(inner).rejects.toThrow(/ERR_PACKAGE_PATH_NOT_EXPORTED/);
  });

  test('its types are there', async () => {
    writeFileSync(
      join(dir, 'typed.ts'),
      "import { compile, type Judgement, judge, readHost, replay, type ReplayResult } from 'dockfw';\n" +
        'const compiled = compile(await readHost());\n' +
        "const result: ReplayResult = await replay(compiled, '-', { workers: 1 });\n" +
        "const one: Judgement = await judge(compiled, { src: '192.0.2.10', dst: '8.8.8.8' });\n" +
        'const count: number = result.totals.packets;\n' +
        'console.log(count, one.verdict);\n',
    );
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext'];
    const types = ['--typeRoots', join(root, 'node_modules/@types'), '--types', 'node'];
    const target = ['--target', 'es2023'];
    await run('node', [tsc, ...options, ...target, ...types, 'typed.ts'], { cwd: dir });
  });

  const examples = [
    ...readFileSync(join(root, 'docs/library.md'), 'utf8').matchAll(/```js\n([\s\S]*?)```/g),
  ].map(([, code = '']) => code);

  test('docs/library.md has examples', () => {
    expect(examples.length).toBeGreaterThan(3);
  });

  test.each(examples.map((code, i) => [i + 1, code] as const))(
    'example %d of docs/library.md runs',
    async (number, code) => {
      const file = join(dir, `example-${number}.js`);
      writeFileSync(file, code);
      const { stdout } = await run('node', [file], { cwd: dir });
      expect(stdout).not.toBe('');
    },
  );
});
