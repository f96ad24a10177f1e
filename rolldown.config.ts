/**
 * The command as one file, so that it starts fast: loading some 250 modules takes longer than
 * replaying a million packets. The library stays a module per file. Two folders below dist/, as
 * src/engine/location.ts expects.
 */
import { defineConfig } from 'rolldown';

export default defineConfig({
  input: { dockfw: 'src/cli/main.ts' },
  platform: 'node',
  external: /^(?![./]|\0)/, // packages
  output: { dir: 'dist/bundle/cli', chunkFileNames: '[name].js' },
});
