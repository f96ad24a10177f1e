/** A JSON file of the snapshot: typed access to its values; what has another type is reported. */
import { type JsonArray, type JsonObject, type JsonValue, parseJson } from './json.ts';
import type { SourceText } from './notes.ts';

const KIND_NAMES: Readonly<Record<JsonValue['kind'], string>> = {
  object: 'an object',
  array: 'an array',
  string: 'a string',
  number: 'a number',
  boolean: 'true or false',
  null: 'null',
};

export class JsonSource {
  readonly source: SourceText;
  readonly root: JsonValue | null;
  /** The text is JSON from beginning to end. */
  readonly whole: boolean;

  constructor(source: SourceText) {
    this.source = source;
    const { value, fault } = parseJson(source.text);
    this.root = value;
    this.whole = fault === null;
    if (fault === null) return;
    const early = fault.offset >= source.text.trimEnd().length;
    source.problem(fault.offset, early ? `the file ends early: ${fault.message}` : fault.message);
  }

  /** Reports a value that is not what it should be. */
  problem(value: { readonly offset: number }, message: string): void {
    this.source.problem(value.offset, message);
  }

  warn(value: { readonly offset: number }, message: string): void {
    this.source.problem(value.offset, message, 'warning');
  }

  private mistyped(value: JsonValue, name: string, expected: JsonValue['kind']): null {
    const expectation = `${name} should be ${KIND_NAMES[expected]}`;
    this.problem(value, `${expectation}, not ${KIND_NAMES[value.kind]}`);
    return null;
  }

  /** The objects of an array; other items are reported. Nothing for null. */
  *objects(value: JsonValue | null, name: string): Generator<JsonObject> {
    if (value === null) return;
    if (value.kind !== 'array') {
      this.mistyped(value, name, 'array');
      return;
    }
    for (const item of value.items) {
      if (item.kind === 'object') yield item;
      else this.mistyped(item, `each item of ${name}`, 'object');
    }
  }

  /** A member, or null where it is missing, JSON's null, or (reported) of another kind. */
  private member(object: JsonObject, name: string, kind: JsonValue['kind']): JsonValue | null {
    const value = object.members.get(name);
    if (value === undefined || value.kind === 'null') return null;
    return value.kind === kind ? value : this.mistyped(value, name, kind);
  }

  string(object: JsonObject, name: string): string | null {
    const value = this.member(object, name, 'string');
    return value?.kind === 'string' ? value.value : null;
  }

  boolean(object: JsonObject, name: string): boolean | null {
    const value = this.member(object, name, 'boolean');
    return value?.kind === 'boolean' ? value.value : null;
  }

  object(object: JsonObject, name: string): JsonObject | null {
    const value = this.member(object, name, 'object');
    return value?.kind === 'object' ? value : null;
  }

  array(object: JsonObject, name: string): JsonArray | null {
    const value = this.member(object, name, 'array');
    return value?.kind === 'array' ? value : null;
  }

  /** An integer from 0 to `max`. */
  integer(object: JsonObject, name: string, max = 0xffffffff): number | null {
    const value = this.member(object, name, 'number');
    if (value?.kind !== 'number') return null;
    if (Number.isInteger(value.value) && value.value >= 0 && value.value <= max) return value.value;
    this.problem(value, `${name} should be a whole number from 0 to ${max}`);
    return null;
  }

  /** The strings of an array of strings. */
  strings(object: JsonObject, name: string): string[] {
    const found: string[] = [];
    for (const item of this.array(object, name)?.items ?? []) {
      if (item.kind === 'string') found.push(item.value);
      else this.mistyped(item, `each item of ${name}`, 'string');
    }
    return found;
  }

  has(object: JsonObject, name: string): boolean {
    return object.members.has(name);
  }

  /** A string member read by `parse`; what it returns null for is reported as not `expected`. */
  parsed<T>(
    object: JsonObject,
    name: string,
    expected: string,
    parse: (text: string) => T | null,
  ): T | null {
    const value = this.member(object, name, 'string');
    if (value?.kind !== 'string') return null;
    const result = parse(value.value);
    if (result === null) this.problem(value, `${name} should be ${expected}: ${value.value}`);
    return result;
  }
}
