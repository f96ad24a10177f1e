/** The value of -s or -d: a list of addresses makes several rules. */
import { parseAddressMask } from './address.ts';
import { argumentOf } from './extension.ts';
import { Fault } from './fault.ts';
import type { Token } from './lexer.ts';
import { split } from './readers.ts';
import { type Edit, replacing } from './rule-text.ts';
import type { AddressMask, AddressMatch, Family } from './values.ts';

export interface AddressList {
  readonly token: Token;
  readonly items: ReadonlyArray<{ readonly text: string; readonly mask: AddressMask }>;
  readonly invert: boolean;
}

export function readAddresses(token: Token, family: Family, invert: boolean): AddressList {
  const items = split(argumentOf(token), ',').map(({ text, column }) => {
    const mask = parseAddressMask(text.trim(), family);
    if (mask !== null) return { text: text.trim(), mask };
    const what = `an IPv${family} address or network (names are not looked up)`;
    throw new Fault(`expected ${what}, found "${text}"`, column);
  });
  if (items.length > 1 && invert) {
    throw new Fault('a list of addresses cannot be inverted', token.start + 1);
  }
  return { token, items, invert };
}

export interface AddressChoice {
  readonly match: AddressMatch | null;
  readonly edits: readonly Edit[];
}

/** The addresses of a list one by one, each with what it changes in the rule's text. */
export function choices(list: AddressList | null): AddressChoice[] {
  if (list === null) return [{ match: null, edits: [] }];
  const { token, items, invert } = list;
  return items.map(({ text, mask }) => ({
    match: { ...mask, invert },
    edits: items.length > 1 ? [replacing(token, text)] : [],
  }));
}
