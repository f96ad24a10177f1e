export { openCapture } from './open.ts';
export type { CaptureSource } from './source.ts';
