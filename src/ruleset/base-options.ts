/** What iptables' own options say, those that name extensions left out. */
import { type AddressList, readAddresses } from './address-list.ts';
import type { Counters } from './command.ts';
import { type Argument, argumentOf } from './extension.ts';
import { Fault } from './fault.ts';
import type { Token } from './lexer.ts';
import type { BaseOption } from './option-table.ts';
import { interfaceName, protocol } from './readers.ts';
import type { ProtocolMatch } from './rule.ts';
import { type Edit, replacing } from './rule-text.ts';
import type { Family, InterfaceMatch, Invertible } from './values.ts';
import type { Words } from './words.ts';

/** An interface and the word that names it. */
interface NamedInterface {
  readonly match: InterfaceMatch;
  readonly token: Token;
}

export class BaseOptions {
  kind: 'append' | 'insert' | 'new-chain' | 'policy' | null = null;
  chain: Argument | null = null;
  policy: Argument | null = null;
  position: number | null = null;
  table: Argument | null = null;
  /** `-4` or `-6` of the family that the rules are not. */
  otherFamily = false;
  src: AddressList | null = null;
  dst: AddressList | null = null;
  in: NamedInterface | null = null;
  out: NamedInterface | null = null;
  proto: ProtocolMatch | null = null;
  fragment: Invertible | null = null;
  counters: Counters | null = null;
  /** Changes that the rule's text needs. */
  readonly edits: Edit[] = [];
  readonly #family: Family;
  readonly #words: Words;

  constructor(family: Family, words: Words) {
    this.#family = family;
    this.#words = words;
  }

  apply(
    id: Exclude<BaseOption, 'match' | 'jump' | 'goto'>,
    token: Token,
    values: readonly Token[],
  ): void {
    const value = values[0] ?? token;
    const arg = argumentOf(value);
    const invert = this.#words.isInverted;
    switch (id) {
      case 'append':
      case 'insert':
      case 'new-chain':
      case 'policy':
        if (this.kind !== null) throw new Fault('a second command', token.start + 1);
        this.kind = id;
        this.chain = arg;
        if (id === 'insert') this.#insertAt(token);
        if (id === 'policy') this.policy = argumentOf(values[1] ?? token);
        break;
      case 'other-command':
        throw new Fault(`${token.text} changes a rule set and describes none`, token.start + 1);
      case 'source':
        this.src = readAddresses(value, this.#family, invert);
        break;
      case 'destination':
        this.dst = readAddresses(value, this.#family, invert);
        break;
      case 'in-interface':
        this.in = { match: { ...interfaceName(arg), invert }, token: value };
        break;
      case 'out-interface':
        this.out = { match: { ...interfaceName(arg), invert }, token: value };
        break;
      case 'protocol':
        this.proto = { number: protocol(arg), invert };
        if (invert && this.proto.number === 0) {
          throw new Fault('"all" inverted would never match', arg.column);
        }
        break;
      case 'fragments':
        if (this.#family === 6) {
          throw new Fault('-f is for IPv4; IPv6 has -m frag', token.start + 1);
        }
        this.fragment = { invert };
        break;
      case 'set-counters':
        this.#setCounters(token, value);
        break;
      case 'table':
        this.table = arg;
        break;
      case 'ipv4':
        this.otherFamily ||= this.#family === 6;
        break;
      case 'ipv6':
        this.otherFamily ||= this.#family === 4;
        break;
      case 'ignored':
        break;
    }
  }

  /** The text of an inserted rule is that of an appended one. */
  #insertAt(token: Token): void {
    this.edits.push(replacing(token, '-A'));
    this.position = 1;
    const number = this.#words.peek();
    if (number === undefined || !/^[1-9]\d*$/.test(number.text)) return;
    this.position = Number(this.#words.next().text);
    this.edits.push(replacing(number, ''));
  }

  /** `-c packets bytes` and `-c packets,bytes`. */
  #setCounters(token: Token, value: Token): void {
    const last = value.text.includes(',') ? value : this.#words.next();
    const text = last === value ? value.text : `${value.text},${last.text}`;
    const parts = /^(\d+),(\d+)$/.exec(text);
    if (parts === null) throw new Fault('expected packets and bytes', value.start + 1);
    this.counters = { packets: BigInt(parts[1] ?? 0), bytes: BigInt(parts[2] ?? 0) };
    this.edits.push({ start: token.start, end: last.end, text: '' });
  }
}
