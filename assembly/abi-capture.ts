/**
 * The numbers of the capture reader on which the core and its embedder agree. Valid as
 * AssemblyScript and as TypeScript: plain integer constants only, no imports.
 */

// --- Slot.status: why the walk over the records stopped for good --------------------------------
export const CAPTURE_OK = 0;
/** The first four bytes are no known format's magic, or fewer are there: need 4. */
export const CAPTURE_NOT_A_CAPTURE = 1;
/** The capture ends in the middle of a record: need = the record's bytes, have = those there. */
export const CAPTURE_CUT = 2;
/** pcapng: the two copies of a block's length differ: need and have are the two. */
export const CAPTURE_BLOCK_LENGTH = 3;
/** A packet longer than any that libpcap writes: need = its captured bytes, have = the limit. */
export const CAPTURE_RECORD_TOO_LONG = 4;
/** A format version that is not known: have = the major version. */
export const CAPTURE_VERSION = 5;
/** pcapng: a packet of an interface that the section does not describe: need = it, have = count. */
export const CAPTURE_NO_INTERFACE = 6;
/** pcapng: a section header without a known byte order mark. */
export const CAPTURE_BYTE_ORDER = 7;
/** Nothing at all, or less than a file header. */
export const CAPTURE_EMPTY = 8;
/** pcapng: a packet's captured length does not fit its block: need and have are the two. */
export const CAPTURE_PACKET_LENGTH = 9;
/** pcapng: a block that is needed is longer than can be read: need = it, have = the limit. */
export const CAPTURE_BLOCK_TOO_LONG = 10;
/** The core could not get memory. */
export const CAPTURE_NO_MEMORY = 11;
/** pcapng: a block's length is less than need, the least of its kind, or no multiple of four. */
export const CAPTURE_BLOCK_SIZE = 12;
/** pcapng: an option is longer, need, than the have bytes that its block has left. */
export const CAPTURE_OPTION_LENGTH = 13;

/** libpcap's MAXIMUM_SNAPLEN: a longer record is taken for corruption, as tcpdump does. */
export const CAPTURE_MAX_PACKET = 262144;

// --- formats -------------------------------------------------------------------------------------
export const FORMAT_UNKNOWN = 0;
export const FORMAT_PCAP = 1;
export const FORMAT_PCAPNG = 2;

// --- captureFact(state, which) ---------------------------------------------------------------
export const FACT_FORMAT = 0; // FORMAT_*
export const FACT_FRAMES = 1;
export const FACT_FIRST_TIME = 2; // nanoseconds since the epoch; 0 before the first frame
export const FACT_LAST_TIME = 3;
export const FACT_SNAPPED = 4; // frames whose IP packet was captured in part only
export const FACT_INTERFACES = 5; // interface descriptions seen (pcap: 1)
export const FACT_LINK_TYPE = 6; // LINKTYPE_* of the first interface
export const FACT_LINK_TYPES_DIFFER = 7; // 1: interfaces of several link types
export const FACT_NANOSECONDS = 8; // 1: times have more than microseconds
export const FACT_SECTIONS = 9;
export const FACT_HELD = 10; // fragments that wait or waited for others
export const FACT_REASSEMBLED = 11; // datagrams put together
export const FACT_REASSEMBLY_FAILED = 12; // datagrams given up: overlap, timeout, too long, no room
export const FACT_NO_IFACE = 13; // frames whose interface was guessed from addresses
export const FACT_FRAME_BYTES = 14; // original lengths
/** Frames that are not evaluated, by fault: FACT_FAULTS + FAULT_* of abi.ts. */
export const FACT_FAULTS = 15;
/** pcapng: frames of several interfaces that stand behind later ones: dumpcap writes bursts. */
export const FACT_DISORDER = 24;
export const FACT_COUNT = 25;
