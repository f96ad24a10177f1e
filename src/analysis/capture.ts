import {
  FACT_COUNT,
  FACT_FIRST_TIME,
  FACT_FORMAT,
  FACT_FRAME_BYTES,
  FACT_FRAMES,
  FACT_INTERFACES,
  FACT_LAST_TIME,
  FACT_LINK_TYPE,
  FACT_LINK_TYPES_DIFFER,
  FACT_NANOSECONDS,
  FACT_NO_IFACE,
  FACT_REASSEMBLED,
  FACT_REASSEMBLY_FAILED,
  FACT_SNAPPED,
  FORMAT_PCAP,
  FORMAT_PCAPNG,
} from '../../assembly/abi-capture.ts';
import type { CaptureSummary } from './result.ts';
import { isoClock } from './time.ts';

/** What the front knows of a capture: `facts` by FACT_*. */
export interface CaptureFacts {
  readonly name: string;
  readonly facts: readonly bigint[];
  readonly bytes: number;
  readonly fault: { readonly message: string; readonly offset: number } | null;
}

export function summarizeCapture({ name, facts, bytes, fault }: CaptureFacts): CaptureSummary {
  if (facts.length !== FACT_COUNT) throw new RangeError(`${facts.length} facts of ${FACT_COUNT}`);
  const big = (fact: number) => facts[fact] ?? 0n;
  const count = (fact: number) => Number(big(fact));
  const clock = isoClock(big(FACT_NANOSECONDS) !== 0n);
  const frames = count(FACT_FRAMES);
  const spanNanos = big(FACT_LAST_TIME) - big(FACT_FIRST_TIME);
  return {
    name,
    format: formatName(count(FACT_FORMAT)),
    linkType: count(FACT_LINK_TYPE),
    mixedLinkTypes: big(FACT_LINK_TYPES_DIFFER) !== 0n,
    interfaces: count(FACT_INTERFACES),
    frames,
    bytes,
    frameBytes: count(FACT_FRAME_BYTES),
    firstTime: frames === 0 ? null : clock(big(FACT_FIRST_TIME)),
    lastTime: frames === 0 ? null : clock(big(FACT_LAST_TIME)),
    durationSec: Math.max(0, Number(spanNanos) / 1e9),
    snapped: count(FACT_SNAPPED),
    reassembled: count(FACT_REASSEMBLED),
    reassemblyFailed: count(FACT_REASSEMBLY_FAILED),
    placedByAddress: count(FACT_NO_IFACE),
    fault: fault === null ? null : { message: fault.message, offset: fault.offset },
  };
}

function formatName(format: number): CaptureSummary['format'] {
  if (format === FORMAT_PCAP) return 'pcap';
  return format === FORMAT_PCAPNG ? 'pcapng' : 'unknown';
}
