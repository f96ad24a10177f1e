import picocolors from 'picocolors';

/** How parts of the report look. All functions leave the text alone when colours are off. */
export interface Style {
  readonly heading: (text: string) => string;
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly caution: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly strong: (text: string) => string;
}

export function style(colors: boolean): Style {
  const { bold, green, red, yellow, dim } = picocolors.createColors(colors);
  return {
    heading: bold,
    good: green,
    bad: red,
    caution: yellow,
    faint: dim,
    strong: bold,
  };
}

/** Whether to colour what goes to a stream: https://no-color.org and FORCE_COLOR. */
export function wantsColors(
  isTerminal: boolean,
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false;
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== '';
  return isTerminal && env.TERM !== 'dumb';
}
