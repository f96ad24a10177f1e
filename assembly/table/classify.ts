/**
 * The packet's classes: for every dimension, the number of the set of rules that its value can
 * satisfy. Asked for lazily and kept while the packet's field cannot change: addresses and ports
 * until NAT, the rest until the next base chain.
 */
import { FAMILY_V4 } from '../abi';
import { DIM_COUNT, DIM_SRC } from '../abi-rules';
import { IntervalTrie, intervalOf } from '../lookup/interval-trie';
import { stepOf } from '../lookup/step-map';
import { allocate } from '../memory';
import { Packet } from '../packet';
import { ADDRESS_DIMS, dimensionValue, isAddressDim, keyHigh, keyLow } from './dimension';
import { CLASSIFIER_IDENTITY, Classifier, Family, Tables } from './layout';

let v4: usize = 0; // Family
let v6: usize = 0;
let classes: usize = 0; // u32 per dimension
let known: u32 = 0; // bit d: classes[d] is the packet's

export function attachClasses(tables: Tables): bool {
  v4 = tables.v4;
  v6 = tables.v6;
  if (classes == 0) classes = allocate(DIM_COUNT * 4);
  known = 0;
  return classes != 0;
}

@inline
export function familyOf(p: Packet): Family {
  return changetype<Family>(p.family == FAMILY_V4 ? v4 : v6);
}

/** A new packet: nothing is known of it. */
@inline
export function forgetClasses(): void {
  known = 0;
}

/** Addresses or ports were rewritten. */
@inline
export function forgetAddresses(): void {
  known &= ~ADDRESS_DIMS;
}

/** The packet came to another hook, or a table may have written to it. */
@inline
export function forgetFields(): void {
  known &= ADDRESS_DIMS;
}

/** Class of the packet in dimension `dim`. */
@inline
export function classOf(p: Packet, dim: u32): u32 {
  const at = classes + (<usize>dim << 2);
  if (known & (1 << dim)) return load<u32>(at);
  const value = classify(p, dim);
  known |= 1 << dim;
  store<u32>(at, value);
  return value;
}

@inline
function classifierV4(dim: u32): Classifier {
  const classifiers = <usize>changetype<Family>(v4).classifiers;
  return changetype<Classifier>(classifiers + <usize>dim * offsetof<Classifier>());
}

/** Class of an IPv4 address in dimension `dim`. */
export function addressClassV4(dim: u32, address: u32): u32 {
  const trie = changetype<IntervalTrie>(<usize>classifierV4(dim).map);
  return intervalOf(trie, <u64>address << 32, 0);
}

/** Class of a port in dimension `dim`, to the rules for IPv4. */
@inline
export function portClassV4(dim: u32, port: u32): u32 {
  return classIn(classifierV4(dim), port);
}

@inline
function classIn(classifier: Classifier, value: u32): u32 {
  return classifier.kind == CLASSIFIER_IDENTITY ? value : stepOf(classifier.map, value);
}

function classify(p: Packet, dim: u32): u32 {
  const family = familyOf(p);
  const at = <usize>family.classifiers + <usize>dim * offsetof<Classifier>();
  const classifier = changetype<Classifier>(at);
  if (isAddressDim(dim)) {
    const handle = dim == DIM_SRC ? p.src : p.dst;
    const trie = changetype<IntervalTrie>(<usize>classifier.map);
    return intervalOf(trie, keyHigh(p.family, handle), keyLow(p.family, handle));
  }
  return classIn(classifier, dimensionValue(p, dim));
}
