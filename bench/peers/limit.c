/*
 * limit FILE BITS read|mmap PASSES: the physical limit of judging a capture by its connections,
 * one thread: walk the records (pcap, or pcapng's enhanced packet blocks), decode Ethernet, IPv4,
 * TCP and UDP, and look every packet's 5-tuple up in a hash table of 2^BITS places, where it is
 * counted. Both directions of a connection have one entry. No rules, no states, no checksums.
 *
 * read: read() into a buffer of 256 KiB; mmap: the file as memory. A first pass fills the table and
 * is not counted. Prints for every further pass: packets, connections, seconds.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PCAP_HEAD 24
#define PCAP_RECORD 16
#define PCAPNG_MAGIC 0x0a0d0d0a
#define PCAPNG_PACKET 6
#define PCAPNG_PACKET_HEAD 28
#define ETHERNET 14
#define READ_BYTES (256 << 10)
#define MAX_RECORD (1 << 17)

struct key {
	uint64_t addresses; /* the smaller end first, so that both directions are alike */
	uint64_t ports;     /* and the protocol, which is never 0 */
};

struct entry {
	struct key key;
	uint64_t packets, bytes;
};

static struct entry *table;
static uint64_t mask, connections;

static uint16_t u16(const uint8_t *p) { uint16_t v; memcpy(&v, p, 2); return v; }
static uint32_t u32(const uint8_t *p) { uint32_t v; memcpy(&v, p, 4); return v; }

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

/* Whether the frame is an unfragmented TCP or UDP packet with a whole header. */
static inline int decode(const uint8_t *p, uint32_t captured, struct key *key)
{
	if (captured < ETHERNET + 20 || p[12] != 8 || p[13] != 0 || p[14] >> 4 != 4)
		return 0;
	uint32_t l4 = ETHERNET + (p[14] & 15) * 4;
	uint8_t proto = p[ETHERNET + 9];
	if (proto != 6 && proto != 17)
		return 0;
	if (l4 < ETHERNET + 20 || captured < l4 + (proto == 6 ? 20 : 8) || u16(p + 20) & 0xff1f)
		return 0;
	uint32_t ports = u32(p + l4);
	uint64_t a = (uint64_t)u32(p + 26) << 16 | (ports & 0xffff);
	uint64_t b = (uint64_t)u32(p + 30) << 16 | ports >> 16;
	uint64_t low = a < b ? a : b, high = a < b ? b : a;
	key->addresses = (low >> 16) << 32 | high >> 16;
	key->ports = (low & 0xffff) << 32 | (high & 0xffff) << 16 | proto;
	return 1;
}

static inline uint64_t hash(const struct key *key)
{
	uint64_t h = key->addresses * 0x9e3779b97f4a7c15ull;

	h ^= (key->ports + 0x632be59bd9b4e019ull) * 0xc2b2ae3d27d4eb4full;
	h = (h ^ h >> 32) * 0xd6e8feb86659fd93ull;
	return h ^ h >> 32;
}

static inline void count(const struct key *key, uint32_t length)
{
	for (uint64_t i = hash(key) & mask;; i = (i + 1) & mask) {
		struct entry *e = table + i;

		if (e->key.addresses == key->addresses && e->key.ports == key->ports) {
			e->packets++;
			e->bytes += length;
			return;
		}
		if (e->key.ports == 0) {
			e->key = *key;
			e->packets = 1;
			e->bytes = length;
			if (++connections > mask) {
				fprintf(stderr, "more connections than places\n");
				exit(1);
			}
			return;
		}
	}
}

static inline void frame(const uint8_t *p, uint32_t captured, uint32_t length)
{
	struct key key;

	if (decode(p, captured, &key))
		count(&key, length);
}

/* Whole records from `p` on; where the rest begins. */
static const uint8_t *walk_pcap(const uint8_t *p, const uint8_t *end, uint64_t *packets)
{
	while (end - p >= PCAP_RECORD) {
		uint32_t captured = u32(p + 8);

		if (end - p - PCAP_RECORD < captured)
			break;
		frame(p + PCAP_RECORD, captured, u32(p + 12));
		p += PCAP_RECORD + captured;
		++*packets;
	}
	return p;
}

static const uint8_t *walk_pcapng(const uint8_t *p, const uint8_t *end, uint64_t *packets)
{
	while (end - p >= 12) {
		uint32_t length = u32(p + 4);

		if (end - p < length || length < 12)
			break;
		if (u32(p) == PCAPNG_PACKET) {
			frame(p + PCAPNG_PACKET_HEAD, u32(p + 20), u32(p + 24));
			++*packets;
		}
		p += length;
	}
	return p;
}

typedef const uint8_t *(*walk_fn)(const uint8_t *, const uint8_t *, uint64_t *);

static uint64_t pass_read(int fd, off_t start, walk_fn walk)
{
	static uint8_t buffer[READ_BYTES + MAX_RECORD];
	size_t have = 0;
	ssize_t got;
	uint64_t packets = 0;

	lseek(fd, start, SEEK_SET);
	while ((got = read(fd, buffer + have, READ_BYTES)) > 0) {
		have += got;
		const uint8_t *rest = walk(buffer, buffer + have, &packets);
		have = buffer + have - rest;
		memmove(buffer, rest, have);
	}
	return packets;
}

int main(int argc, char **argv)
{
	struct stat st;
	uint8_t magic[4];

	if (argc != 5)
		return fprintf(stderr, "usage: limit FILE BITS read|mmap PASSES\n"), 2;
	int fd = open(argv[1], O_RDONLY);
	if (fd < 0 || fstat(fd, &st) || pread(fd, magic, 4, 0) != 4)
		return perror(argv[1]), 1;
	int is_pcapng = u32(magic) == PCAPNG_MAGIC, is_read = !strcmp(argv[3], "read");
	walk_fn walk = is_pcapng ? walk_pcapng : walk_pcap;
	off_t start = is_pcapng ? 0 : PCAP_HEAD;
	mask = (1ull << atoi(argv[2])) - 1;
	table = mmap(0, (mask + 1) * sizeof *table, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const uint8_t *file = is_read ? 0 : mmap(0, st.st_size, PROT_READ,
						 MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (table == MAP_FAILED || file == MAP_FAILED)
		return perror("mmap"), 1;
	for (int pass = 0; pass <= atoi(argv[4]); pass++) {
		uint64_t packets = 0;
		double begin = now();

		if (is_read)
			packets = pass_read(fd, start, walk);
		else
			walk(file + start, file + st.st_size, &packets);
		if (pass > 0)
			printf("%lu packets, %lu connections, %.9f s\n", packets, connections,
			       now() - begin);
	}
	return 0;
}
