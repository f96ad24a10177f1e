/** A classic BPF instruction. */
export interface BpfInstruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

/** -m bpf: a classic program, or a pinned eBPF object that a saved rule set does not contain. */
export interface BpfMatch {
  readonly kind: 'bpf';
  readonly program: readonly BpfInstruction[];
  readonly pinned: string | null;
}
