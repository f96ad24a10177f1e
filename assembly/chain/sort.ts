/** In-place heap sorts: no allocation, no recursion, n log n on any input. */

/** Sorts `n` pairs {u64 high, u64 low} ascending as 128-bit numbers and drops repeats; new length. */
export function sortKeys(at: usize, n: u32): u32 {
  for (let i = n >> 1; i > 0; i--) siftKey(at, i - 1, n);
  for (let end = n; end > 1; ) {
    end--;
    swapKeys(at, at + (<usize>end << 4));
    siftKey(at, 0, end);
  }
  let kept: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const from = at + (<usize>i << 4);
    if (kept > 0) {
      const last = at + (<usize>(kept - 1) << 4);
      if (load<u64>(last) == load<u64>(from) && load<u64>(last, 8) == load<u64>(from, 8)) continue;
    }
    const to = at + (<usize>(kept++) << 4);
    store<u64>(to, load<u64>(from));
    store<u64>(to, load<u64>(from, 8), 8);
  }
  return kept;
}

@inline
function lessKey(a: usize, b: usize): bool {
  const x = load<u64>(a);
  const y = load<u64>(b);
  return x < y || (x == y && load<u64>(a, 8) < load<u64>(b, 8));
}

function swapKeys(a: usize, b: usize): void {
  const v = v128.load(a);
  v128.store(a, v128.load(b));
  v128.store(b, v);
}

function siftKey(at: usize, root: u32, n: u32): void {
  let i = root;
  for (;;) {
    let child = i * 2 + 1;
    if (child >= n) return;
    if (child + 1 < n && lessKey(at + (<usize>child << 4), at + (<usize>(child + 1) << 4))) child++;
    if (!lessKey(at + (<usize>i << 4), at + (<usize>child << 4))) return;
    swapKeys(at + (<usize>i << 4), at + (<usize>child << 4));
    i = child;
  }
}
